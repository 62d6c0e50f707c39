"""What the scheduler knows of an unfinished job and its tasks beyond their documents."""

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from msgspec import structs

from awed.model import ids
from awed.model.client import Client
from awed.model.job import Task
from awed.model.records import JobRecord, TaskRecord
from awed.model.states import TaskState, WorkState
from awed.model.work import Part, WorkRecord
from awed.scheduler.ranks import RankSet
from awed.scheduler.requirements import Wanted


class QueueKey(NamedTuple):
    """The order of hand-out: higher priority, then earlier job, then the task's place in it."""

    minus_priority: int
    submittime: datetime
    job_id: str
    place: int


class JobEntry:
    """An unfinished job: its document (tasks included), its rights, its task entries in document order."""

    __slots__ = ("_nodes", "acl", "by_name", "job", "limited", "size", "submitter", "tasks")

    def __init__(self, record: JobRecord) -> None:
        self.job = job = record.job
        self.acl = record.acl
        self.limited = record.limited
        self.submitter = record.submitter or record.acl.owner
        self.size = record.size
        self.tasks = [TaskEntry(self, task, index) for index, task in enumerate(job.tasks)]
        self.by_name = {ids.task_name(entry.task.taskid): entry for entry in self.tasks}
        for entry in self.tasks:
            for name in entry.task.depends_on:
                self.by_name[ids.task_name(name)].dependents.append(entry)
        self.count_blockers()
        self._nodes: set[str] | None = None

    @property
    def nodes(self) -> set[str]:
        """Ids of the nodes that the document names and the tasks have made. Few jobs are asked."""
        if self._nodes is None:
            self._nodes = set(chain.from_iterable(_nodes_of(entry.task) for entry in self.tasks))
        return self._nodes

    def name_nodes(self, task: Task) -> None:
        """The files of this task have been found and made."""
        if self._nodes is not None:
            self._nodes.update(_nodes_of(task))

    def count_blockers(self) -> None:
        """See for each task how many of those that it depends on are not completed."""
        for entry in self.tasks:
            entry.blockers = 0
        for entry in self.tasks:
            if entry.task.state is not TaskState.COMPLETED:
                for after in entry.dependents:
                    after.blockers += 1

    def record(self) -> JobRecord:
        job = structs.replace(self.job, tasks=[])
        return JobRecord(job, self.acl, self.limited, self.submitter, self.size)


def _nodes_of(task: Task) -> Iterator[str]:
    for io in chain(task.inputs, task.outputs, task.predata):
        yield io.node
        yield io.formoptions.get("parent_node", "")


class TaskEntry:
    """A task of an unfinished job, and where each of its ranks is.

    A rank is done (in ``done``), or has a record (it has been out: it is out now, suspended, or back in
    ``returned``), or is at least ``next_fresh`` and was never handed out.
    """

    __slots__ = (
        "attempts",
        "base_attempts",
        "blockers",
        "busy",
        "counted",
        "declared_totalwork",
        "dependents",
        "done",
        "index",
        "job",
        "last_done",
        "made",
        "next_fresh",
        "part",
        "queue_key",
        "queued_as",
        "records",
        "returned",
        "task",
    )

    def __init__(self, job: JobEntry, task: Task, index: int) -> None:
        self.job = job
        self.task = task
        self.index = index
        self.dependents: list[TaskEntry] = []
        self.blockers = 0
        """How many of the tasks it depends on are not completed."""
        self.done = RankSet()
        self.part: Part | None = None
        self.declared_totalwork = 0
        """The totalwork that the document asks for, 0 while the task has just that."""
        self.made: set[str] = set()
        """Ids of the nodes that were made for its outputs."""
        self.records: dict[int, WorkRecord] = {}
        self.returned: list[int] = []
        self.next_fresh = self.first_rank
        self.attempts = 0
        """The highest attempt number of any of its runs."""
        self.base_attempts = 0
        """Below which no new run is numbered: a reset or a restart does not repeat a number."""
        self.last_done: WorkRecord | None = None
        """The record of the run that finished last: who is to blame if outputs turn out to be missing."""
        self.queue_key: QueueKey | None = None
        """Its place in the queue; None while it is not queued."""
        self.queued_as: Wanted | None = None
        """Under what in the queue it stands, if it does."""
        self.counted = 0
        """How many of its ranks its bucket counts."""
        self.busy = 0
        """Number of the preparation or check under way, 0 for none; answers with another number are void."""

    @property
    def first_rank(self) -> int:
        return 0 if self.task.totalwork == 1 else 1

    @property
    def last_rank(self) -> int:
        return 0 if self.task.totalwork == 1 else self.task.totalwork

    @property
    def has_files(self) -> bool:
        task = self.task
        return bool(task.inputs or task.outputs or task.predata)

    @property
    def queued_ranks(self) -> int:
        """How many of its ranks wait for a client, once the task may run."""
        return len(self.returned) + self.last_rank - self.next_fresh + 1

    def key(self) -> QueueKey:
        info = self.job.job.info
        return QueueKey(-info.priority, info.submittime, self.job.job.id, self.index)

    def rank_for(self, client_id: str) -> int | None:
        """The first queued rank that this client may have, None if it failed at all of them."""
        if not self.returned:
            return self.next_fresh if self.next_fresh <= self.last_rank else None
        fitting = [rank for rank in self.returned if client_id not in self.records[rank].failed_on]
        if fitting:
            return min(fitting)
        return self.next_fresh if self.next_fresh <= self.last_rank else None

    def take(self, rank: int) -> WorkRecord:
        """Take a queued rank out of the queue; its record, made now if it was never out."""
        if rank in self.records:
            self.returned.remove(rank)
            heapq.heapify(self.returned)
            return self.records[rank]
        self.next_fresh = rank + 1
        record = self._new_record(rank)
        self.records[rank] = record
        return record

    def _new_record(self, rank: int) -> WorkRecord:
        return WorkRecord(ids.work_id(self.task.taskid, rank), self.task.jobid, self.task.taskid, rank)

    def give_back(self, record: WorkRecord) -> None:
        """Queue a rank again that was out or suspended."""
        record.state = WorkState.QUEUED
        record.client = ""
        heapq.heappush(self.returned, record.rank)

    def unfinished_ranks(self) -> Iterator[range]:
        return self.done.gaps(self.first_rank, self.last_rank)

    def has_unfinished(self, rank: int) -> bool:
        return self.first_rank <= rank <= self.last_rank and rank not in self.done

    def restore(self, record: TaskRecord, work: list[WorkRecord]) -> None:
        """Take over what the store remembers: done ranks, and those that have been out."""
        self.done = RankSet(record.done)
        self.part = record.part
        self.made = record.made_nodes
        self.declared_totalwork = record.wanted
        self.attempts = self.base_attempts = max(record.attempts, *(item.attempt for item in work), 0)
        self.records = {item.rank: item for item in work if item.rank not in self.done}
        seen = max(self.done.top(), *self.records, self.first_rank - 1)
        self.next_fresh = seen + 1
        for rank in chain.from_iterable(self.done.gaps(self.first_rank, seen)):
            if rank not in self.records:
                self.records[rank] = self._new_record(rank)
            if self.records[rank].state is WorkState.QUEUED:
                heapq.heappush(self.returned, rank)

    def split(self, totalwork: int) -> None:
        """Before its first run: the task has so many workunits, whatever the document wants."""
        self.declared_totalwork = self.declared_totalwork or self.task.totalwork
        self._start_over(totalwork)

    def reset(self) -> None:
        """Forget every run: no rank is done, none was ever out, and it may be split anew."""
        self._start_over(self.declared_totalwork or self.task.totalwork)
        self.declared_totalwork = 0

    def _start_over(self, totalwork: int) -> None:
        self.task.totalwork = self.task.remainwork = totalwork
        self.base_attempts = self.attempts
        self.done = RankSet()
        self.part = None
        self.records = {}
        self.returned = []
        self.next_fresh = self.first_rank
        self.last_done = None
        self.busy = 0

    def record(self) -> TaskRecord:
        return TaskRecord(
            task=self.task,
            index=self.index,
            done=str(self.done),
            part=self.part,
            attempts=self.attempts,
            wanted=self.declared_totalwork,
            made=sorted(self.made),
        )


NO_WORK: frozenset[str] = frozenset()


NO_ATTEMPTS: Mapping[str, int] = MappingProxyType({})
"""One for all clients: Python makes a new empty set each time, and there may be many clients."""


class ClientEntry:
    """A client, the work it holds, and what it is still to be told."""

    __slots__ = ("asks_ahead", "client", "confirmed", "discards", "doubted", "failures", "held", "last_seen")

    def __init__(self, client: Client, last_seen: datetime, confirmed: bool = True) -> None:
        self.client = client
        self.last_seen = last_seen
        self.confirmed = confirmed
        """False after a restart, until the client registers again and says what it runs."""
        self.held: dict[str, WorkRecord] = {}
        self.discards = NO_WORK
        self.doubted: Mapping[str, int] = NO_ATTEMPTS
        """Work that was queued again because the client asked for more: which attempt at it the client had."""
        self.asks_ahead = False
        """True once it reports some of that, or says in a heartbeat what it runs: it may ask for more meanwhile."""
        self.failures = 0
        """Failures in a row."""
