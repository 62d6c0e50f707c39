"""Everything that is wrong with one document, gathered with its places so that its author reads all of it at once."""

import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from awed.model.errors import Invalid

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


Place = tuple[str | int, ...]
"""Where in a document: keys and list positions from the top, as ``("tasks", 1, "cmd", "name")``."""


_PLAIN = re.compile(r"[\w-]+")


def shown(place: Place) -> str:
    """``tasks[1].cmd.name`` or ``tasks[1].inputs["in.txt"]``; the document itself is ``document``."""
    return "".join(map(_step, place)).removeprefix(".") or "document"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{quoted(step)}]"


def in_order(place: Place) -> list[tuple[bool, str | int]]:
    """A sort key: names by alphabet, list items by number."""
    return [(isinstance(step, int), step) for step in place]


def walk(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """*value*, which stands at *place*, and all that is in it, however deep."""
    rest = [(place, value)]
    while rest:
        place, value = rest.pop()
        yield place, value
        if isinstance(value, dict):
            rest.extend(((*place, name), item) for name, item in value.items())
        elif isinstance(value, list):
            rest.extend(((*place, number), item) for number, item in enumerate(value))


MOST = 100
"""How many faults are told; with more something general is wrong."""


class Faults:
    """The faults found so far, one sentence each."""

    def __init__(self) -> None:
        self._found: list[tuple[Place, str]] = []
        self._misfits: set[Place] = set()
        self._around_misfits: set[Place] = set()

    def misfit(self, place: Place, expected: str, found: str) -> None:
        """Note a value of the wrong type."""
        self._note(place, f"{shown(place)}: expected {expected}, found {found}")
        self._misfits.add(place)
        self._around_misfits.update(_around(place))

    def at(self, place: Place, text: str) -> None:
        """Note a fault of what stands at *place*, unless it only follows from a value of the wrong type."""
        self.add(place, f"{shown(place)}: {text}")

    def add(self, place: Place, text: str) -> None:
        """The same for a text that need not begin with the place."""
        if not self.follows_from_misfit(place):
            self._note(place, text)

    def follows_from_misfit(self, place: Place) -> bool:
        """Whether a value of the wrong type stood at *place*, within it or around it."""
        return place in self._around_misfits or not self._misfits.isdisjoint(_around(place))

    def refuse_any(self) -> None:
        """Raise :class:`~awed.model.errors.Invalid` with all faults by their places, if there is one."""
        if self._found:
            raise Invalid(*self._texts())

    def _note(self, place: Place, text: str) -> None:
        if len(self._found) == MOST:
            raise Invalid(*self._texts(), "and more")
        self._found.append((place, text))

    def _texts(self) -> list[str]:
        return [text for _, text in sorted(self._found, key=lambda found: in_order(found[0]))]


def _around(place: Place) -> list[Place]:
    return [place[:length] for length in range(len(place) + 1)]
