"""Measurements that are taken as things happen."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate
from time import monotonic, perf_counter

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from awed.model.records import Batch
from awed.scheduler.changes import Effect
from awed.service.observer import Observer
from awed.web.request import ShortRequest

INTERVAL = 0.25
"""Seconds of the timers that measure the delay."""


class ReactorDelay:
    """Measures how late timers fire: sets one after the other, and calls *late* with the seconds that each was late.

    *seconds*: the clock. That of the reactor would not do, as it stands still while the process is stopped.
    """

    def __init__(
        self, late: Callable[[float], object], reactor: IReactorTime, seconds: Callable[[], float] = monotonic
    ) -> None:
        self._late = late
        self._reactor = reactor
        self._seconds = seconds
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Begin to measure."""
        due = self._seconds() + INTERVAL
        self._timer = self._reactor.callLater(INTERVAL, self._came, due)

    def _came(self, due: float) -> None:
        self._late(max(0.0, self._seconds() - due))
        self.start()

    def stop(self) -> None:
        """Stop measuring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds of histograms for durations that should be milliseconds."""

NUMBERS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 10_000.0)
"""Bounds of histograms for numbers of things."""


class Histogram:
    """Counts how many values were at most each of *bounds*, which are in ascending order, and their *sum*.

    The histograms of prometheus_client, which are safe for threads, take several times as long for each value.
    """

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count *value*."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Each bound as text, with the number of values that were at most that."""
        return list(zip((*map(str, self._bounds), "+Inf"), accumulate(self._counts), strict=True))


class Measures(Observer):
    """Measurements of requests, commits, effects, and the delay of the reactor, since the start of the process."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        """Number of requests by route and status of the answer."""
        self.requests: defaultdict[str, Histogram] = defaultdict(Histogram)
        """Seconds by route."""
        self.commit_seconds = Histogram()
        self.commit_records = Histogram(NUMBERS)
        self.commit_failures = 0
        self.effects: defaultdict[str, Histogram] = defaultdict(Histogram)
        """Seconds by class of effect."""
        self.delay = Histogram()

    def answered(self, request: ShortRequest) -> None:
        """Measure a request that is answered."""
        self.answers[request.route, request.code] += 1
        self.requests[request.route].observe(perf_counter() - request.received)

    def committed(self, batch: Batch, seconds: float) -> None:
        self.commit_seconds.observe(seconds)
        self.commit_records.observe(batch.size)

    def commit_failed(self, error: Exception) -> None:
        self.commit_failures += 1

    def performed(self, effect: Effect, seconds: float) -> None:
        self.effects[type(effect).__name__].observe(seconds)
