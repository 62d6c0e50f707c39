"""What work asks of a client, and what a client has for it."""

import math
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from awed.model.job import IO

ANY_APP = "*"


class Wanted(NamedTuple):
    """What a bucket's work asks of a client: a group among *groups* (empty: any), the app, seconds of its time."""

    groups: frozenset[str]
    app: str
    walltime: int

    def fits(self, group: str, apps: Iterable[str], time_left: float = math.inf) -> bool:
        return (
            self.walltime <= time_left
            and (not self.groups or group in self.groups)
            and (self.app in apps or ANY_APP in apps)
        )


class Offer(NamedTuple):
    """What a client has for work: bytes of free disk, and until when it is there. None: it did not say."""

    available: int | None = None
    until: datetime | None = None

    def holds(self, inputs: Iterable[IO]) -> bool:
        """Whether the disk is large enough for these files."""
        return self.available is None or self.available >= sum(io.size for io in inputs)

    def without(self, inputs: Iterable[IO]) -> "Offer":
        """What is left of it when these files are there."""
        if self.available is None:
            return self
        return self._replace(available=max(0, self.available - sum(io.size for io in inputs)))

    def time_left(self, now: datetime) -> float:
        """Seconds that are left *now*."""
        return math.inf if self.until is None else (self.until - now).total_seconds()


def parse_groups(text: str) -> frozenset[str]:
    """Group names of a comma separated list."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


@lru_cache(maxsize=10_000)
def wanted_of(groups: str, app: str, walltime: int) -> Wanted:
    """There are few kinds of work, and many tasks of each."""
    return Wanted(parse_groups(groups), app, walltime)
