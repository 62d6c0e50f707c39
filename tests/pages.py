"""The examples in the documentation: its blocks of code.

In the tutorial, in the how-to pages and in the README every block is of one of these sorts:

- ``console``: commands after ``$`` (their further lines after ``>``) and what they print, in which ``...`` stands for
  anything. With ``:class: stays`` a program that goes on, and what it prints at first. They are run;
- with a ``:caption:``, which names it: a file that the commands use;
- with ``:class: not-run``: what no test can run. ``tests/unit/test_docs.py`` counts these.

In all pages ``json`` is a whole job document, which the reader takes unless ``:class: wrong`` says otherwise.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from msgspec import Struct

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NOT_RUN, STAYS = "not-run", "stays"

_BLOCK = re.compile(
    r"^(?P<margin> *)\.\. code-block:: *(?P<language>\S*)\n"
    r"(?P<options>(?: +:\S+:.*\n)*)\n"
    r"(?P<text>(?:(?P=margin)   .*\n|\n)+)",
    re.MULTILINE,
)
_OTHERS = re.compile(
    r"^(?!\s*\.\. ).*::$|^ *\.\. (?:code|sourcecode|parsed-literal|literalinclude|highlight)::.*", re.MULTILINE
)
_OPTION = re.compile(r":(\S+): *(.*)")


class Block(Struct, frozen=True):
    """A block of code: where it is, and what it says of itself."""

    page: str
    line: int
    language: str
    caption: str
    classes: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_command(self) -> bool:
        return self.language == "console" and NOT_RUN not in self.classes


def blocks(page: Path) -> list[Block]:
    """All blocks of a page. An AssertionError if there is one in another form than ``.. code-block:: language``."""
    text = page.read_text() + "\n"
    assert not _OTHERS.search(text), f"{page}: {_OTHERS.findall(text)}"
    found = list(_found(page, text))
    assert len(found) == text.count(".. code-block::")
    return found


def _found(page: Path, text: str) -> Iterator[Block]:
    for match in _BLOCK.finditer(text):
        options = dict(_OPTION.findall(match["options"]))
        yield Block(
            page=str(page.relative_to(ROOT)),
            line=text.count("\n", 0, match.start()) + 1,
            language=match["language"],
            caption=options.get("caption", ""),
            classes=tuple(options.get("class", "").split()),
            text=dedent(match["text"]).strip("\n") + "\n",
        )


def practical_pages() -> list[Path]:
    """The pages whose examples are run."""
    return [ROOT / "README.rst", *sorted(DOCS.glob("tutorial/*.rst")), *sorted(DOCS.glob("howto/*.rst"))]
