"""What the documentation shows is what happens: every example in it is run."""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import filterfalse
from pathlib import Path

import pytest

from tests.integration.terminal import Terminal
from tests.integration.test_tes import no_sandbox
from tests.pages import DOCS, ROOT, blocks

pytestmark = pytest.mark.slow

TUTORIAL = [DOCS / "tutorial" / f"{name}.rst" for name in ("first-job", "workflow", "split")]
CWL = [TUTORIAL[0], DOCS / "tutorial" / "cwl.rst"]
"""What needs a sandbox of bubblewrap."""

AT_ONCE = 3
"""How-to pages, which have nothing to do with one another."""

HOWTO = [path for path in sorted(DOCS.glob("howto/*.rst")) if path.stem != "index"]


def play(terminal: Terminal, pages: Iterable[Path]) -> None:
    for page in pages:
        for block in blocks(page):
            terminal.play(block)


@pytest.mark.parametrize("pages", [[ROOT / "README.rst"], TUTORIAL], ids=["README", "tutorial"])
def test_pages_that_begin_with_nothing(pages: list[Path], tmp_path: Path) -> None:
    with closing(Terminal(tmp_path, {})) as terminal:
        play(terminal, pages)


@no_sandbox
def test_the_page_on_cwl(tmp_path: Path) -> None:
    with closing(Terminal(tmp_path, {})) as terminal:
        terminal.give(ROOT / "examples" / "lambda_virus.fa")
        play(terminal, CWL)


def test_how_to_pages(tmp_path: Path) -> None:
    """They suppose what ``howto/index.rst`` starts. Each has a folder and a shell of its own."""
    with closing(Terminal(tmp_path / "index", {})) as index:
        play(index, [DOCS / "howto" / "index.rst"])

        def follow(page: Path) -> None:
            with closing(Terminal(tmp_path / page.stem, index.ports)) as terminal:
                play(terminal, [page])

        with ThreadPoolExecutor(AT_ONCE) as readers:
            list(readers.map(follow, filterfalse(speaks_of_the_last, HOWTO)))
        for page in filter(speaks_of_the_last, HOWTO):
            follow(page)


def speaks_of_the_last(page: Path) -> bool:
    """Whether a page calls a job the last one, which no other page may submit meanwhile."""
    return re.search(r"^ *\$ awe .* last$", page.read_text(), re.MULTILINE) is not None
