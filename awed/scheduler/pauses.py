"""The pauses after which failed workunits are looked at again."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from awed.model.attempts import Policy
from awed.model.states import WorkState
from awed.model.times import Moment
from awed.model.work import WorkRecord
from awed.scheduler.entries import TaskEntry

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds of the pause after the first failure, which doubles with each further one; and at most."""


MOST_DOUBLED = 100
"""Further failures than these make no difference."""


class Pauses:
    """Failed workunits that are queued for other clients than those where they failed, by the end of their pauses."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, TaskEntry, WorkRecord, datetime]] = []
        self._pushed = count()

    def add(self, entry: TaskEntry, record: WorkRecord, policy: Policy, now: Moment, is_begun: bool = False) -> None:
        """Begin the pause of a workunit, which is the longer the more often it has failed.

        *is_begun*: go on with the pause that its record says, as before a restart.
        """
        shortest, longest = (SHORTEST, LONGEST) if policy.wait is None else (policy.wait, policy.wait_max)
        doubled = min(sum(record.failures.values()) - 1, MOST_DOUBLED)
        seconds = min(shortest * 2.0 ** max(0, doubled), longest)
        if is_begun:  # at most the whole pause, whoever set the clock
            seconds = max(0.0, min(seconds, (record.until - now.time).total_seconds()))
        record.until = now.after(seconds).time
        self.again(entry, record, now.seconds + seconds)

    def again(self, entry: TaskEntry, record: WorkRecord, due: float) -> None:
        """Look at a workunit again at *due*, in seconds."""
        heapq.heappush(self._heap, (due, next(self._pushed), entry, record, record.until))

    def due(self, now: Moment, most: int) -> Iterator[tuple[TaskEntry, WorkRecord]]:
        """Take up to *most* workunits whose pause is over, and that are queued and had no other pause since."""
        while most and self._heap and self._heap[0][0] <= now.seconds:
            _, _, entry, record, until = heapq.heappop(self._heap)
            if (
                record.state is WorkState.QUEUED
                and record.until == until
                and entry.records.get(record.rank) is record
            ):
                most -= 1
                yield entry, record
