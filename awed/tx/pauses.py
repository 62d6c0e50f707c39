"""How long to pause between tries. Does not import Twisted, which takes longer than most ``awe`` commands run."""

from collections.abc import Callable, Iterator
from itertools import count, takewhile

from msgspec import Struct


class Pauses(Struct, frozen=True):
    """Seconds to wait between tries: *first*, then each time *growth* times as long, up to *longest*.

    *most*: how many pauses there are, None for no limit.
    """

    first: float
    longest: float
    growth: float = 2.0
    most: int | None = None

    def __iter__(self) -> Iterator[float]:
        pause = self.first
        for _ in count() if self.most is None else range(self.most):
            yield pause
            pause = min(pause * self.growth, self.longest)

    def within(self, limit: float, seconds: Callable[[], float]) -> Iterator[float]:
        """The pauses that end within *limit* seconds from when the first is taken. *seconds* is the clock."""
        end = seconds() + limit
        yield from takewhile(lambda pause: seconds() + pause <= end, self)
