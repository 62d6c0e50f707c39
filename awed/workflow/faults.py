"""Everything that is wrong with one document, gathered so that its author reads all of it at once."""

import re
from collections.abc import Collection
from itertools import islice

from awed.model.errors import Invalid

Place = tuple[str | int, ...]
"""Where in a document: keys and list positions from the top, as ``("tasks", 1, "cmd", "name")``."""

MOST = 100
"""How many faults are told; with more something general is wrong."""

FEW = 10
"""How many names are listed."""

LONGEST = 100
"""How many characters of a text of the document are shown."""

_PLAIN = re.compile(r"[\w-]{1,100}")


class Faults:
    """The faults found so far, one sentence each."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._misfits: set[Place] = set()
        self._around_misfits: set[Place] = set()

    def misfit(self, place: Place, expected: str, found: str) -> None:
        """Note a value of the wrong type."""
        self._append(f"{shown(place)}: expected {expected}, found {found}")
        self._misfits.add(place)
        self._around_misfits.update(place[:length] for length in range(len(place) + 1))

    def at(self, place: Place, text: str) -> None:
        """Note a fault of what stands at *place*, unless it only follows from a value of the wrong type."""
        self.add(f"{shown(place)}: {text}", place)

    def add(self, text: str, place: Place) -> None:
        """The same for a text that need not name the place."""
        if not self.follows_from_misfit(place):
            self._append(text)

    def follows_from_misfit(self, place: Place) -> bool:
        """Whether a value of the wrong type stood at *place*, within it or around it."""
        if not self._misfits:
            return False
        around = (place[:length] for length in range(len(place) + 1))
        return place in self._around_misfits or not self._misfits.isdisjoint(around)

    def refuse_any(self) -> None:
        """Raise :class:`~awed.model.errors.Invalid` with all faults, if there is one."""
        if self._texts:
            raise Invalid(*self._texts)

    def _append(self, text: str) -> None:
        if len(self._texts) == MOST:
            raise Invalid(*self._texts, "and more")
        self._texts.append(text)


def shown(place: Place) -> str:
    """``tasks[1].cmd.name`` or ``tasks[1].inputs["in.txt"]``; the document itself is ``document``."""
    return "".join(map(_step, place)).removeprefix(".") or "document"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{quoted(step)}]"


def quoted(text: str) -> str:
    """*text* as a name in a sentence."""
    return f'"{cut(text)}"'


def listed(names: Collection[str]) -> str:
    """The first few of *names*, for a reader who looks for the right one."""
    few = ", ".join(cut(name) for name in islice(names, FEW))
    return f"{few}, ..." if len(names) > FEW else few or "none"


def cut(text: str) -> str:
    """*text* on one line and not too long."""
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:LONGEST])
    return line if len(text) <= LONGEST else f"{line}..."
