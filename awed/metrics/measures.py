"""What is measured while it happens."""

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
"""Seconds between two timers."""


class ReactorDelay:
    """Sets one timer after the other and tells *late* by how many *seconds* each was late. Not by the reactor's own,
    which do not go on while it is stopped."""

    def __init__(
        self, late: Callable[[float], object], reactor: IReactorTime, seconds: Callable[[], float] = monotonic
    ) -> None:
        self._late = late
        self._reactor = reactor
        self._seconds = seconds
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Measure from now on."""
        due = self._seconds() + INTERVAL
        self._timer = self._reactor.callLater(INTERVAL, self._came, due)

    def _came(self, due: float) -> None:
        self._late(max(0.0, self._seconds() - due))
        self.start()

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds for what ought to take milliseconds."""


NUMBERS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 10_000.0)
"""Bounds for how many there were of something."""


class Histogram:
    """How often a value was at most each of *bounds*, which ascend, and the sum of all.

    prometheus_client's own are made for threads, and cost several times as much for each value.
    """

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """This was measured."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Each bound as text, and how many values were at most that."""
        return list(zip((*map(str, self._bounds), "+Inf"), accumulate(self._counts), strict=True))


class Measures(Observer):
    """Requests, commits, effects, and the delay of the reactor, since the start of the program."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        """By the request's route and the answer's status."""
        self.requests: defaultdict[str, Histogram] = defaultdict(Histogram)
        """Seconds, by route."""
        self.commit_seconds = Histogram()
        self.commit_records = Histogram(NUMBERS)
        self.commit_failures = 0
        self.effects: defaultdict[str, Histogram] = defaultdict(Histogram)
        """Seconds, by kind."""
        self.delay = Histogram()

    def answered(self, request: ShortRequest) -> None:
        """The request has its answer."""
        self.answers[request.route, request.code] += 1
        self.requests[request.route].observe(perf_counter() - request.received)

    def committed(self, batch: Batch, seconds: float) -> None:
        self.commit_seconds.observe(seconds)
        self.commit_records.observe(batch.size)

    def commit_failed(self, error: Exception) -> None:
        self.commit_failures += 1

    def performed(self, effect: Effect, seconds: float) -> None:
        self.effects[type(effect).__name__].observe(seconds)
