"""Everything that is wrong with one document, gathered so that its author reads all of it at once."""

from awed.model.errors import Invalid
from awed.workflow.places import Place, in_order, shown

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
