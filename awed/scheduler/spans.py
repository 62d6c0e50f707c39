"""Workunits that nobody has made yet: the ranks of a task as spans that look alike."""

from collections import deque
from typing import NamedTuple

from awed.model.states import TaskState, WorkState
from awed.model.times import NO_TIME
from awed.model.work import WorkRecord
from awed.scheduler.entries import TaskEntry

_AT_WORK = frozenset({TaskState.QUEUED, TaskState.IN_PROGRESS, TaskState.SUSPEND})

_NEVER_OUT = WorkRecord("", "", "", 0)


class Span(NamedTuple):
    """Ranks of a task that are queued, out or suspended: one that has been out, or some that never were, which have
    the record of none."""

    entry: TaskEntry
    ranks: range
    record: WorkRecord = _NEVER_OUT

    @property
    def state(self) -> WorkState:
        never_out = self.record is _NEVER_OUT
        suspended = never_out and self.entry.task.state is TaskState.SUSPEND
        return WorkState.SUSPEND if suspended else self.record.state


def at_work(entry: TaskEntry) -> bool:
    """Whether the task has come so far that it has workunits, and is not done."""
    return entry.task.state in _AT_WORK and entry.task.starteddate != NO_TIME


def spans(entry: TaskEntry) -> list[Span]:
    """The workunits that a task at work has now, in the order of their ranks."""
    found: list[Span] = []
    been_out = deque(sorted(entry.records))
    for gap in entry.unfinished_ranks():
        first = gap.start
        while been_out and been_out[0] in gap:
            rank = been_out.popleft()
            found.append(Span(entry, range(first, rank)))
            found.append(Span(entry, range(rank, rank + 1), entry.records[rank]))
            first = rank + 1
        found.append(Span(entry, range(first, gap.stop)))
    return [span for span in found if span.ranks]
