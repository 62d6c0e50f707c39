"""How long the reactor takes to get to what is due."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

INTERVAL = 0.25
"""Seconds between two timers."""


class ReactorDelay:
    """Sets one timer after the other and tells *late* by how many seconds each was late."""

    def __init__(self, late: Callable[[float], object], reactor: IReactorTime) -> None:
        self._late = late
        self._reactor = reactor
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Measure from now on."""
        due = self._reactor.seconds() + INTERVAL
        self._timer = self._reactor.callLater(INTERVAL, self._came, due)

    def _came(self, due: float) -> None:
        self._late(max(0.0, self._reactor.seconds() - due))  # the clock may have been set back
        self.start()

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
