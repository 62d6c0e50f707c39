"""How many workunits a worker has in hand, so that no slot waits for the server."""

LONG = 1.0
"""Seconds from which on a command is long: a slot may wait for the server after it, which costs little, while
a workunit in hand might wait for a slot, and others could run it."""

AHEAD = 0.5
"""Seconds of work for each slot to have in hand while commands are short."""

MOST = 64
"""Workunits in hand for each slot, however short they are."""

PATIENCE = 2.0
"""Seconds between two looks whether anything was begun. If not, what is in hand goes back: runs last too long now."""


class Prefetch:
    """Keeps in hand what is begun soon, by how long runs last here; or just *fixed* workunits for each slot."""

    def __init__(self, fixed: int | None = None) -> None:
        self.fixed = fixed
        self._typical = LONG

    def lasted(self, seconds: float) -> None:
        """A run is over."""
        self._typical += (min(seconds, 2 * LONG) - self._typical) / 4

    def stuck(self) -> None:
        """Runs last so long that what is in hand was handed back."""
        self._typical = 2 * LONG

    @property
    def ahead(self) -> int:
        """How many workunits to have in hand for each slot."""
        if self.fixed is not None:
            return self.fixed
        if self._typical >= LONG:
            return 0
        return max(1, min(MOST, int(AHEAD / max(self._typical, AHEAD / MOST))))
