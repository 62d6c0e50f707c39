"""Monotonic clocks for the reactor, periodic work, and limits on how long something is waited for."""

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from awed.model.errors import Unavailable

LOOK = 0.25
"""Seconds after which a :class:`Waking` clock is read at the latest."""

LONGEST_GAP = 0.5
"""Seconds between two readings of a :class:`Waking` clock; more means that the process or the machine was stopped."""


def use_monotonic_time(reactor: Any, seconds: Callable[[], float] = time.monotonic) -> None:
    """Make *reactor* tell time by a monotonic clock; Twisted's default is the wall clock, which may be set.

    All timers and timeouts of the reactor go by it. Must be called before any are set, which would be due by the old
    clock.
    """
    assert not reactor.getDelayedCalls()
    reactor.seconds = seconds


def use_waking_time(reactor: Any) -> None:
    """As :func:`use_monotonic_time`, but the clock stands still while the process is stopped.

    For the daemon, which gives up clients that are silent: what they sent while it was stopped it reads before their
    time is up.
    """
    use_monotonic_time(reactor, Waking(time.monotonic))

    def look() -> None:
        reactor.callLater(LOOK, look)

    look()


class Waking:
    """A clock by which at most LONGEST_GAP passes between two readings. *seconds*: a monotonic clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._last = self._sum = seconds()

    def __call__(self) -> float:
        now = self._seconds()
        gap = now - self._last
        self._sum += gap if gap < LONGEST_GAP else LONGEST_GAP  # min() takes longer, and this is called very often
        self._last = now
        return self._sum


class Rounds:
    """Calls *work* every *interval* seconds, one call at a time. Failures are logged and do not stop the rounds."""

    _log = Logger()

    def __init__(self, work: Callable[[], Awaitable[object]], interval: float, reactor: IReactorTime) -> None:
        self._work = work
        self._interval = interval
        self._loop = LoopingCall(self._round)
        self._loop.clock = reactor

    async def _round(self) -> None:
        try:
            await self._work()
        except Unavailable as error:
            self._log.warn(
                "A round failed, the next one is in {interval} s: {error}", interval=self._interval, error=error
            )
        except Exception:
            self._log.failure("A round failed; the next one is in {interval} s", interval=self._interval)

    def start(self) -> None:
        """Begin. The first round is due after one interval."""
        self._ended = self._loop.start(self._interval, now=False)

    async def stop(self) -> None:
        """Stop, and wait for the end of a round that is under way."""
        self._loop.stop()
        await self._ended


class Patience:
    """Makes Deferreds that fail, with the error that *give_up* makes, if they have not fired after *seconds*."""

    def __init__(self, seconds: float, give_up: Callable[[], Exception], reactor: IReactorTime) -> None:
        self._seconds = seconds
        self._give_up = give_up
        self._reactor = reactor
        self._waiting: deque[tuple[float, Deferred[None]]] = deque()
        """Those that wait, in order, with the times at which they fail."""
        self._timer: IDelayedCall | None = None

    def wait(self) -> Deferred[None]:
        """A Deferred for the caller to fire."""
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
        """Stop the timer: what still waits fails no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Pulse:
    """Calls *beat* again and again, each time *period* seconds after the last call has ended.

    Unlike that of a LoopingCall, the period can be changed at any time.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, beat: Callable[[], Awaitable[None]], period: float) -> None:
        self._clock = clock
        self._beat = beat
        self._period = period
        self._next: IDelayedCall | None = None
        self._running = False

    def start(self) -> None:
        """Begin. The first call is due after one period."""
        self._running = True
        self._schedule()

    def stop(self) -> None:
        """No further calls. One that is under way goes on."""
        self._running = False
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def quicken(self, period: float) -> None:
        """Shorten the period to *period* seconds, if it is longer."""
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
