"""The workunits of a task as spans of ranks that look alike, so that they need not be made one by one."""

from collections import deque
from typing import NamedTuple

from awed.model.states import TaskState, WorkState
from awed.model.work import WorkRecord
from awed.scheduler.entries import TaskEntry

_NEVER_OUT = WorkRecord("", "", "", 0)


class Span(NamedTuple):
    """Ranks of a task that are queued, checked out or suspended: a single one that has a record, or several that were
    never checked out, with an empty record in its place."""

    entry: TaskEntry
    ranks: range
    record: WorkRecord = _NEVER_OUT

    @property
    def state(self) -> WorkState:
        """The state of these workunits."""
        never_out = self.record is _NEVER_OUT
        suspended = never_out and self.entry.task.state is TaskState.SUSPEND
        return WorkState.SUSPEND if suspended else self.record.state


def spans(entry: TaskEntry) -> list[Span]:
    """The workunits of a task that has some, in the order of ranks."""
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
