"""Distributions of measured values."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

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
