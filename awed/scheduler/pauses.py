"""When work that failed may be looked at again."""

import heapq
from collections.abc import Iterator
from itertools import count

from awed.model.states import WorkState
from awed.model.times import Moment
from awed.model.work import WorkRecord
from awed.scheduler.entries import TaskEntry

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds after the first failure, doubled with each further one; and how many at most."""


class Pauses:
    """Workunits that wait for other clients than those where they failed, by the time of the next look at each."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, TaskEntry, WorkRecord, int]] = []
        self._pushed = count()

    def add(self, entry: TaskEntry, record: WorkRecord, now: Moment) -> None:
        """A pause begins, the longer the more often the workunit has failed."""
        seconds = min(SHORTEST * 2.0 ** max(0, record.failed - 1), LONGEST)
        self.again(entry, record, now.seconds + seconds)

    def again(self, entry: TaskEntry, record: WorkRecord, due: float) -> None:
        """Look at it at the second *due*."""
        heapq.heappush(self._heap, (due, next(self._pushed), entry, record, record.attempt))

    def due(self, now: Moment, most: int) -> Iterator[tuple[TaskEntry, WorkRecord]]:
        """Up to *most* of those whose time has come, and which still wait as they did."""
        while most and self._heap and self._heap[0][0] <= now.seconds:
            _, _, entry, record, attempt = heapq.heappop(self._heap)
            if (
                record.state is WorkState.QUEUED
                and record.attempt == attempt
                and entry.records.get(record.rank) is record
            ):
                most -= 1
                yield entry, record
