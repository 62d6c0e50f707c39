"""The time by which everything lasts, what is done again and again, and how long something is waited for."""

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

LOOK = 0.25
"""Seconds between two looks at the time."""

LONGEST_GAP = 0.5
"""Seconds between two looks beyond which the process, or its machine, was stopped."""


def use_monotonic_time(reactor: Any, seconds: Callable[[], float] = time.monotonic) -> None:
    """Let *reactor* measure by a clock that nobody can set; Twisted's is the wall clock.

    Timers, rounds and timeouts all follow. To be called before anything is scheduled, which would be due by the old
    clock.
    """
    assert not reactor.getDelayedCalls()
    reactor.seconds = seconds


def use_waking_time(reactor: Any) -> None:
    """The same for one who judges others by their silence: while the process is stopped its time stands still, so
    that afterwards it hears what was said meanwhile before anybody's time is up."""
    use_monotonic_time(reactor, Waking(time.monotonic))

    def look() -> None:
        reactor.callLater(LOOK, look)

    look()


class Waking:
    """Seconds by a clock that is asked every now and then: no gap between two of these counts for more than
    :data:`LONGEST_GAP`."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._last = self._sum = seconds()

    def __call__(self) -> float:
        now = self._seconds()
        self._sum += min(now - self._last, LONGEST_GAP)
        self._last = now
        return self._sum


class Rounds:
    """Calls *work* every *interval* seconds, one round at a time. One that fails is logged, and the next runs."""

    _log = Logger()

    def __init__(self, work: Callable[[], Awaitable[object]], interval: float, reactor: IReactorTime) -> None:
        self._work = work
        self._interval = interval
        self._loop = LoopingCall(self._round)
        self._loop.clock = reactor

    async def _round(self) -> None:
        try:
            await self._work()
        except Exception:
            self._log.failure("A round failed; the next one is in {interval} s", interval=self._interval)

    def start(self) -> None:
        """The first round comes after one interval."""
        self._ended = self._loop.start(self._interval, now=False)

    async def stop(self) -> None:
        """No further round; waits for the one under way."""
        self._loop.stop()
        await self._ended


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
