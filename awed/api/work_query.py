"""Lists of workunits: which, in which order, which page of them. Of a job of any size only what is shown is made."""

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

_BY_RANK: Mapping[str, Callable[[TaskEntry, int], Any]] = {
    "wuid": lambda entry, rank: ids.work_id(entry.task.taskid, rank),
    "rank": lambda entry, rank: rank,
}
"""Orders in which every rank has a place of its own."""

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
"""Orders in which all ranks of a span are equal."""

BATCH = 5_000
"""How many runs are sorted at a time."""


class Run(NamedTuple):
    """Ranks of a task that follow one another in a list. *key* and *place* order it."""

    key: Any
    place: int
    entry: TaskEntry
    ranks: Sequence[int]


async def in_order(spans: Iterable[Span], order: str, descending: bool, turns: Turns) -> Iterator[Run]:
    """The ranks of *spans* in one of :data:`ORDERS`. Those that are equal stay as they are, in either direction."""
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
    """The ranks in order, one sequence for each length: numbers of the same length have the order of their texts."""
    for digits in range(1, len(str(span.ranks.stop)) + 1):
        ranks = range(max(span.ranks.start, 10 ** (digits - 1)), min(span.ranks.stop, 10**digits))
        ordered = reversed(ranks) if descending else ranks
        yield (Run(key(span.entry, rank), place, span.entry, (rank,)) for rank in ordered)


def cut(runs: Iterable[Run], offset: int, limit: int) -> Iterator[tuple[TaskEntry, Sequence[int]]]:
    """Of each run what is in the page of *limit* ranks (0: all) after the first *offset*."""
    left = limit or sys.maxsize
    for run in runs:
        ranks = run.ranks[offset : offset + left]
        offset = max(offset - len(run.ranks), 0)
        left -= len(ranks)
        yield run.entry, ranks
        if not left:
            return
