"""Collects all that is wrong with a document, with the places, so that its author is told everything at once."""

import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, NamedTuple

from awed.model.errors import Invalid
from awed.model.remarks import Remark

FEW = 10
"""How many names :func:`listed` shows."""

_LONGEST = 100
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def cut(text: str) -> str:
    """*text* as a message shows it: at most 100 characters, with unprintable ones replaced."""
    line = "".join(letter if letter.isprintable() else _UNPRINTABLE for letter in text[:_LONGEST])
    return line if len(text) <= _LONGEST else f"{line}..."


def quoted(text: str) -> str:
    """*text* in quotes, as by :func:`cut`."""
    return f'"{cut(text)}"'


def listed(names: Collection[str]) -> str:
    """The first FEW of *names*, joined by commas; ``none`` if there are none."""
    few = ", ".join(map(cut, islice(names, FEW)))
    return f"{few}, ..." if len(names) > FEW else few or "none"


Place = tuple[str | int, ...]
"""Where something stands in a document: keys and list indexes from the top, as ``("tasks", 1, "cmd", "name")``."""

_PLAIN = re.compile(r"[\w-]+")


def shown(place: Place) -> str:
    """*place* as text: ``tasks[1].cmd.name``, ``tasks[1].inputs["in.txt"]``, ``document`` for the whole."""
    return "".join(map(_step, place)).removeprefix(".") or "document"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{quoted(step)}]"


def in_order(place: Place) -> list[tuple[bool, str | int]]:
    """The sort key of a place: keys in alphabetical order, list items by index."""
    return [(isinstance(step, int), step) for step in place]


def walk(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """*value*, which stands at *place*, and all values within it, each with its place."""
    rest = [(place, value)]
    while rest:
        place, value = rest.pop()
        yield place, value
        if isinstance(value, dict):
            rest.extend(((*place, name), item) for name, item in value.items())
        elif isinstance(value, list):
            rest.extend(((*place, number), item) for number, item in enumerate(value))


MOST = 100
"""How many faults are reported. A document with more has something generally wrong."""


class Fault(NamedTuple):
    """A fault at a *place*: *text* says what is wrong, *told* is the sentence for people, which names the place."""

    place: Place
    text: str
    told: str


class Faulty(Invalid):
    """A document that cannot become a job. *remarks*: its faults, each with its place."""

    def __init__(self, faults: Collection[Fault], more: bool) -> None:
        super().__init__(*(fault.told for fault in faults), *(["and more"] if more else []))
        self.remarks = [Remark(shown(fault.place), fault.text) for fault in faults]


class Faults:
    """The faults found so far, each a place and a sentence. Noting more than MOST raises :class:`Faulty`."""

    def __init__(self) -> None:
        self._found: list[Fault] = []
        self._misfits: set[Place] = set()
        self._around_misfits: set[Place] = set()

    def misfit(self, place: Place, expected: str, found: str) -> None:
        """Note a value of a wrong type. *expected*, *found*: names of types."""
        text = f"expected {expected}, found {found}"
        self._note(Fault(place, text, f"{shown(place)}: {text}"))
        self._misfits.add(place)
        self._around_misfits.update(_around(place))

    def at(self, place: Place, text: str) -> None:
        """Note a fault at *place*, which the sentence begins with.

        Ignored if it may only follow from a value of a wrong type (:meth:`follows_from_misfit`).
        """
        if not self.follows_from_misfit(place):
            self._note(Fault(place, text, f"{shown(place)}: {text}"))

    def add(self, place: Place, text: str) -> None:
        """As :meth:`at`, with a sentence that does not begin with the place."""
        if not self.follows_from_misfit(place):
            self._note(Fault(place, text, text))

    def follows_from_misfit(self, place: Place) -> bool:
        """Whether a value of a wrong type, which was left out, stood at *place*, within it or around it."""
        return place in self._around_misfits or not self._misfits.isdisjoint(_around(place))

    def __bool__(self) -> bool:
        return bool(self._found)

    def refuse_any(self) -> None:
        """Raises :class:`Faulty` if there are faults, with all of them in order of place."""
        if self._found:
            raise Faulty(self._ordered(), more=False)

    def _note(self, fault: Fault) -> None:
        if len(self._found) == MOST:
            raise Faulty(self._ordered(), more=True)
        self._found.append(fault)

    def _ordered(self) -> list[Fault]:
        return sorted(self._found, key=lambda fault: in_order(fault.place))


def _around(place: Place) -> list[Place]:
    return [place[:length] for length in range(len(place) + 1)]
