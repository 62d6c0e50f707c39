"""What is measured while it happens."""

from collections import Counter, defaultdict
from time import perf_counter

from awed.metrics.histogram import NUMBERS, Histogram
from awed.model.records import Batch
from awed.scheduler.changes import Effect
from awed.service.observer import Observer
from awed.web.request import ShortRequest


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
