"""The work queue: tasks with queued ranks, in one ordered bucket for each (allowed groups, app, walltime)."""

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from operator import itemgetter
from typing import NamedTuple

from awed.scheduler.entries import QueueKey, TaskEntry
from awed.scheduler.requirements import Wanted, wanted_of


class Found(NamedTuple):
    """A queued rank that a client may have."""

    key: QueueKey
    entry: TaskEntry
    rank: int


def wanted(entry: TaskEntry) -> Wanted:
    """What a task asks of a client; a task's own groups go before its job's."""
    groups = entry.task.clientgroups or entry.job.job.info.clientgroups
    return wanted_of(groups, entry.task.cmd.name, entry.task.walltime or 0)


class Queued(NamedTuple):
    """What waits in a bucket: how many workunits, and since when the first of its tasks."""

    wanted: Wanted
    work: int
    since: datetime


_Item = tuple[QueueKey, int, TaskEntry]

FEW = 16
"""So many items of a bucket may stand for nothing."""


def _stands(item: _Item) -> bool:
    """Whether an item is where its task is queued."""
    return item[2].queue_key is item[0]


class Bucket:
    """A heap of tasks that ask for the same. What stands for a task that left the queue, or moved in it, is dropped
    when it comes up, or when there is more of it than of tasks.

    The count in each item keeps equal keys apart: a task that left and came back stands in the heap twice.
    """

    __slots__ = ("_heap", "_pushed", "_since", "wanted", "work")

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._heap: list[_Item] = []
        self._pushed = count()
        self._since: OrderedDict[TaskEntry, datetime] = OrderedDict()
        """When each task came that is still queued, the first ones first."""
        self.work = 0
        """How many workunits its tasks have queued."""

    def __bool__(self) -> bool:
        return bool(self._since)

    def push(self, entry: TaskEntry, key: QueueKey, now: datetime) -> None:
        heapq.heappush(self._heap, (key, next(self._pushed), entry))
        self._since[entry] = now

    def drop(self, entry: TaskEntry) -> None:
        """The task is queued no more."""
        del self._since[entry]
        self._count(entry, 0)
        if len(self._heap) > 2 * len(self._since) + FEW:
            self._heap = [item for item in self._heap if _stands(item)]
            heapq.heapify(self._heap)

    def recount(self, entry: TaskEntry) -> None:
        """The task has more or fewer queued ranks now."""
        self._count(entry, entry.queued_ranks)

    def _count(self, entry: TaskEntry, ranks: int) -> None:
        self.work += ranks - entry.counted
        entry.counted = ranks

    def since(self) -> datetime:
        """Since when the first of its tasks is queued; there must be one."""
        return next(iter(self._since.values()))

    def head(self) -> QueueKey | None:
        """The key of the first task, None if the bucket is empty."""
        while self._heap and not _stands(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def first(self, rank_of: Callable[[TaskEntry], int | None]) -> Found | None:
        """The first task for which *rank_of* names a rank. Those before it stay where they are."""
        passed = []
        found = None
        while self.head() is not None and found is None:
            key, _, entry = self._heap[0]
            rank = rank_of(entry)
            if rank is None:
                passed.append(heapq.heappop(self._heap))
            else:
                found = Found(key, entry, rank)
        for item in passed:
            heapq.heappush(self._heap, item)
        return found


class WorkQueue:
    """All queued work. ``fresh`` names the buckets that got work since somebody last looked."""

    def __init__(self) -> None:
        self._buckets: dict[Wanted, Bucket] = {}
        self.fresh: set[Wanted] = set()

    def add(self, entry: TaskEntry, now: datetime) -> None:
        """Queue a task that has queued ranks; one that is queued already stays where it is."""
        place = wanted(entry)
        self.fresh.add(place)
        if entry.queued_as is None:
            entry.queue_key = entry.key()
            entry.queued_as = place
            self._buckets.setdefault(place, Bucket(place)).push(entry, entry.queue_key, now)
        self._buckets[entry.queued_as].recount(entry)

    def remove(self, entry: TaskEntry) -> None:
        """Take a task out of the queue, if it is there."""
        place = entry.queued_as
        if place is not None:
            entry.queued_as = entry.queue_key = None
            bucket = self._buckets[place]
            bucket.drop(entry)
            if not bucket:
                del self._buckets[place]

    def took(self, entry: TaskEntry) -> None:
        """One of the task's ranks was taken, which may have been its last."""
        assert entry.queued_as is not None
        if entry.queued_ranks:
            self._buckets[entry.queued_as].recount(entry)
        else:
            self.remove(entry)

    def queued(self) -> Iterator[Queued]:
        """What waits in each bucket."""
        return (Queued(place, bucket.work, bucket.since()) for place, bucket in self._buckets.items())

    def touch_all(self) -> None:
        """Let those who wait look again at everything."""
        self.fresh.update(self._buckets)

    def find(
        self, group: str, apps: Iterable[str], time_left: float, rank_of: Callable[[TaskEntry], int | None]
    ) -> Found | None:
        """The first rank, in the order of hand-out, that a client of this group, with these apps and so many seconds
        may have."""
        fitting = (bucket for place, bucket in self._buckets.items() if place.fits(group, apps, time_left))
        heads = [(head, bucket) for bucket in fitting if (head := bucket.head()) is not None]
        best: Found | None = None
        for head, bucket in sorted(heads, key=itemgetter(0)):
            if best is not None and best.key < head:
                break
            found = bucket.first(rank_of)
            if found is not None and (best is None or found.key < best.key):
                best = found
        return best
