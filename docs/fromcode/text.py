"""What all directives share: they write reStructuredText, and Sphinx reads it."""

import re
from collections.abc import Iterable, Sequence
from textwrap import indent

from docutils.nodes import Node
from sphinx.util.docutils import SphinxDirective


class FromCode(SphinxDirective):
    """A directive that stands for text. Its page is read at each build, for the code may have changed."""

    def text(self) -> Iterable[str]:
        """The paragraphs, sections, tables for which the directive stands."""
        raise NotImplementedError

    def run(self) -> list[Node]:
        self.env.note_reread()
        return self.parse_text_to_nodes("\n\n".join(self.text()), allow_section_headings=True)


def heading(title: str, underline: str = "-") -> str:
    return f"{title}\n{underline * len(title)}"


def literal(text: str) -> str:
    """A block that is shown as it is."""
    return f".. code-block:: none\n\n{indent(text.rstrip(), '   ')}"


def code(text: object) -> str:
    """Literal text within a sentence; nothing for nothing."""
    return f"``{text}``" if str(text) else ""


def escaped(text: str) -> str:
    """Plain text, whatever characters are in it."""
    return re.sub(r"([\\*`|_:])", r"\\\1", text)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> str:
    """A table of cells of text. *widths*: of the columns, relative to one another."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for first, *others in (header, *rows):
        lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
    return "\n".join(lines)
