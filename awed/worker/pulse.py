"""The rhythm of heartbeats."""

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger


class Pulse:
    """Calls *beat* again and again, each time *period* seconds after the last call has ended.

    Unlike a LoopingCall it can be given another period while it waits or calls.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, beat: Callable[[], Awaitable[None]], period: float) -> None:
        self._clock = clock
        self._beat = beat
        self._period = period
        self._next: IDelayedCall | None = None
        self._running = False

    def start(self) -> None:
        self._running = True
        self._schedule()

    def stop(self) -> None:
        self._running = False
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def quicken(self, period: float) -> None:
        """Beat at least every *period* seconds from now on."""
        if period < self._period:
            self._period = period
            if self._next is not None:
                self._next.reset(period)

    def _schedule(self) -> None:
        self._next = self._clock.callLater(self._period, self._call)

    def _call(self) -> None:
        self._next = None
        Deferred.fromCoroutine(self._once())

    async def _once(self) -> None:
        try:
            await self._beat()
        except Exception:
            self._log.failure("a heartbeat failed")
        if self._running:
            self._schedule()
