"""Sorting and paging of workunits. Only the workunits of the page are made, however many a job has."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from operator import attrgetter
from typing import Any, NamedTuple

from awed.model import ids
from awed.scheduler.entries import TaskEntry
from awed.scheduler.spans import Span
from awed.tx.turns import Turns

ORDERS = (
    *("wuid", "client", "info.submittime", "checkout_time", "info.name", "cmd.name", "rank", "totalwork", "state"),
    *("failed", "info.priority"),
)
"""The fields by which workunits can be sorted."""

_BY_RANK: Mapping[str, Callable[[TaskEntry, int], Any]] = {
    "wuid": lambda entry, rank: ids.work_id(entry.task.taskid, rank),
    "rank": lambda entry, rank: rank,
}
"""Orders in which the ranks of a span differ, with their sort keys."""

_BY_SPAN: Mapping[str, Callable[[Span], Any]] = {
    "client": attrgetter("record.client"),
    "info.submittime": attrgetter("entry.job.job.info.submittime"),
    "checkout_time": attrgetter("record.checkout_time"),
    "info.name": attrgetter("entry.job.job.info.name"),
    "cmd.name": attrgetter("entry.task.cmd.name"),
    "totalwork": attrgetter("entry.task.totalwork"),
    "state": attrgetter("state"),
    "failed": attrgetter("record.failed"),
    "info.priority": attrgetter("entry.job.job.info.priority"),
}
"""Orders in which all ranks of a span are equal, with their sort keys."""

BATCH = 5_000
"""Runs that are sorted at a time."""


class Run(NamedTuple):
    """Ranks of a task that are adjacent in a list. It is sorted by *key*, then *place*."""

    key: Any
    place: int
    entry: TaskEntry
    ranks: Sequence[int]


async def in_order(spans: Iterable[Span], order: str, descending: bool, turns: Turns) -> Iterator[Run]:
    """The ranks of *spans*, sorted by *order*, one of ORDERS. Equal ones keep their order, in both directions."""
    batches: list[list[Run]] = [[]]
    sequences: list[Iterator[Run]] = []
    async for number, span in turns(enumerate(spans)):
        place = -number if descending else number
        if order in _BY_SPAN:
            batches[-1].append(Run(_BY_SPAN[order](span), place, span.entry, span.ranks))
        elif len(span.ranks) == 1:
            batches[-1].append(Run(_BY_RANK[order](span.entry, span.ranks[0]), place, span.entry, span.ranks))
        else:
            sequences += _sequences(span, place, _BY_RANK[order], descending)
        if len(batches[-1]) == BATCH:
            batches[-1].sort(reverse=descending)
            batches.append([])
    batches[-1].sort(reverse=descending)
    return merge(*batches, *sequences, reverse=descending)


def _sequences(
    span: Span, place: int, key: Callable[[TaskEntry, int], Any], descending: bool
) -> Iterator[Iterator[Run]]:
    """The ranks of a span as sorted sequences, one for each number of digits: there texts sort as numbers do."""
    for digits in range(1, len(str(span.ranks.stop)) + 1):
        ranks = range(max(span.ranks.start, 10 ** (digits - 1)), min(span.ranks.stop, 10**digits))
        ordered = reversed(ranks) if descending else ranks
        yield (Run(key(span.entry, rank), place, span.entry, (rank,)) for rank in ordered)


def cut(runs: Iterable[Run], offset: int, limit: int) -> Iterator[tuple[TaskEntry, Sequence[int]]]:
    """The task and ranks of each run that are in the page of *limit* ranks (0: all) after the first *offset*."""
    left = limit or sys.maxsize
    for run in runs:
        ranks = run.ranks[offset : offset + left]
        offset = max(offset - len(run.ranks), 0)
        left -= len(ranks)
        yield run.entry, ranks
        if not left:
            return
