"""Waiting for something that may not come, with one timer for all who wait."""

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Patience:
    """Makes Deferreds that fail with *give_up*'s error if nobody has fired them for *seconds*."""

    def __init__(self, seconds: float, give_up: Callable[[], Exception], reactor: IReactorTime) -> None:
        self._seconds = seconds
        self._give_up = give_up
        self._reactor = reactor
        self._waiting: deque[tuple[float, Deferred[None]]] = deque()
        """With the times at which they give up, the first ones first."""
        self._timer: IDelayedCall | None = None

    def wait(self) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        while self._waiting and self._waiting[0][1].called:
            self._waiting.popleft()
        self._waiting.append((self._reactor.seconds() + self._seconds, waiting))
        if self._timer is None:
            self._timer = self._reactor.callLater(self._seconds, self._look)
        return waiting

    def _look(self) -> None:
        self._timer = None
        now = self._reactor.seconds()
        while self._waiting and (self._waiting[0][1].called or self._waiting[0][0] <= now):
            _, waiting = self._waiting.popleft()
            if not waiting.called:
                waiting.errback(self._give_up())
        if self._waiting:
            self._timer = self._reactor.callLater(self._waiting[0][0] - now, self._look)

    def stop(self) -> None:
        """Nobody gives up any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
