"""Pieces of a document as they may stand in a sentence: on one line, and not too long."""

from collections.abc import Collection
from itertools import islice

FEW = 10
"""How many names are listed."""

_LONGEST = 100
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def cut(text: str) -> str:
    """*text*, shortened if need be."""
    line = "".join(letter if letter.isprintable() else _UNPRINTABLE for letter in text[:_LONGEST])
    return line if len(text) <= _LONGEST else f"{line}..."


def quoted(text: str) -> str:
    """*text* as a name."""
    return f'"{cut(text)}"'


def listed(names: Collection[str]) -> str:
    """The first few of *names*, for a reader who looks for the right one."""
    few = ", ".join(map(cut, islice(names, FEW)))
    return f"{few}, ..." if len(names) > FEW else few or "none"
