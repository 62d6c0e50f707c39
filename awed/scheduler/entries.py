"""What the scheduler knows of an unfinished job and its tasks beyond their documents."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from msgspec import structs

from awed.model import ids
from awed.model.client import Client
from awed.model.job import Task
from awed.model.records import JobRecord, TaskRecord
from awed.model.resources import Needs, needs_of
from awed.model.states import ACTIVE, TaskState, WorkState
from awed.model.times import NO_TIME, Moment
from awed.model.work import Part, WorkRecord
from awed.scheduler.ranks import RankSet
from awed.scheduler.requirements import (
    NOBODY,
    Kind,
    Offer,
    Spare,
    Wanted,
    disk_of,
    groups_of,
    stock_of,
    wanted_of,
)


class QueueKey(NamedTuple):
    """The order of hand-out: higher priority, then earlier job, then the task's place in it."""

    minus_priority: int
    submittime: datetime
    job_id: str
    place: int


class JobEntry:
    """An unfinished job: its document (tasks included), its rights, its task entries in document order."""

    __slots__ = ("_nodes", "acl", "by_name", "job", "limited", "size", "submitter", "tasks", "to_redo")

    def __init__(self, record: JobRecord) -> None:
        self.job = job = record.job
        self.acl = record.acl
        self.limited = record.limited
        self.submitter = record.submitter
        self.size = record.size
        self.to_redo: set[int] = set()
        """Places of the tasks that are to begin anew, and have not yet."""
        self.tasks = [TaskEntry(self, task, index) for index, task in enumerate(job.tasks)]
        self.by_name = {ids.task_name(entry.task.taskid): entry for entry in self.tasks}
        for entry in self.tasks:
            for name in entry.task.depends_on:
                self.by_name[ids.task_name(name)].dependents.append(entry)
        self.count_blockers()
        self._nodes: set[str] | None = None

    @property
    def is_active(self) -> bool:
        """Whether its tasks may run."""
        return self.job.state in ACTIVE

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
            if not entry.is_done:
                for after in entry.dependents:
                    after.blockers += 1

    def record(self) -> JobRecord:
        return structs.replace(self.whole(), job=structs.replace(self.job, tasks=[]))

    def whole(self) -> JobRecord:
        """The record with the tasks in it, as it is shown."""
        return JobRecord(self.job, self.acl, self.submitter, self.limited, self.size)


def _nodes_of(task: Task) -> Iterator[str]:
    for io in chain(task.inputs, task.outputs, task.predata):
        yield io.node
        yield io.formoptions.get("parent_node", "")


class Place:
    """Queued ranks of a task that the same clients may have, which is what stands in the queue."""

    __slots__ = ("avoid", "counted", "disk", "entry", "kept_client", "key", "passed", "ranks", "wanted")

    def __init__(self, entry: "TaskEntry", avoid: frozenset[str], ranks: RankSet) -> None:
        self.entry = entry
        self.avoid = avoid
        """Clients that are not to have these ranks, for they failed there."""
        self.ranks = ranks
        self.wanted: Wanted | None = None
        """What it asks of a client, besides *disk* for its inputs; None while it is not queued."""
        self.counted = 0
        """How many of its ranks the queue counts."""
        self.passed = 0
        """How often work that stands behind it was handed out in its stead."""
        self.kept_client = ""
        """The client that gets nothing which stands behind it, "" for none."""

    def asks(self) -> Wanted:
        """What it asks of a client, as its job and task are now; and it learns where it is to stand."""
        task = self.entry.task
        needs = self.entry.needs
        self.key = self.entry.key()
        self.disk = disk_of(task, needs)
        job = self.entry.job
        groups = groups_of(task.clientgroups or job.job.info.clientgroups, job.submitter)
        return wanted_of(groups, task.cmd.name, task.walltime or 0, task.cmd.has_image, avoid=self.avoid, needs=needs)

    @property
    def order(self) -> tuple[QueueKey, int]:
        """The order of hand-out of its first rank."""
        return self.key, self.ranks.first


Places = Mapping[frozenset[str], Place]

NO_PLACES: Places = MappingProxyType({})


class TaskEntry:
    """A task of an unfinished job, and where each of its ranks is.

    While the task may run each rank is done (in ``done``), out (it has a record that says so), or queued: in one of
    the ``places``, the one for all unless it failed somewhere. A rank that was never out has no record.
    """

    __slots__ = (
        "attempts",
        "base_attempts",
        "blockers",
        "busy",
        "declared_totalwork",
        "dependents",
        "done",
        "index",
        "job",
        "last_done",
        "made",
        "part",
        "places",
        "records",
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
        self.made: frozenset[str] = frozenset()
        """Ids of the nodes that were made for its outputs. An empty set of its own would cost each task 216 bytes."""
        self.records: dict[int, WorkRecord] = {}
        self.places = NO_PLACES
        """Its queued ranks, by the clients that are not to have them; none while it may not run."""
        self.attempts = 0
        """The highest attempt number of any of its runs."""
        self.base_attempts = 0
        """Below which no new run is numbered: a reset or a restart does not repeat a number."""
        self.last_done: WorkRecord | None = None
        """The record of the run that finished last: who is to blame if outputs turn out to be missing."""
        self.busy = 0
        """Number of the preparation or check under way, 0 for none; answers with another number are void."""

    @property
    def is_at_work(self) -> bool:
        """Whether it has work that is queued or out, or is about to be checked."""
        return self.task.state in (TaskState.QUEUED, TaskState.IN_PROGRESS)

    @property
    def is_done(self) -> bool:
        """Whether it is completed, and not to begin anew."""
        return self.task.state is TaskState.COMPLETED and self.index not in self.job.to_redo

    @property
    def needs(self) -> Needs:
        """What each of its workunits needs of a machine."""
        return needs_of(self.job.job.info.resources, self.task.resources)

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

    def key(self) -> QueueKey:
        info = self.job.job.info
        return QueueKey(-info.priority, info.submittime, self.job.job.id, self.index)

    def queue_up(self) -> Iterable[Place]:
        """The task may run: the places of all ranks that are neither done nor out."""
        never_out = RankSet.of(self.unfinished_ranks())
        for rank in self.records:
            never_out.discard(rank)
        self.places = {NOBODY: Place(self, NOBODY, never_out)} if never_out else NO_PLACES
        for record in self.records.values():
            if record.state is WorkState.QUEUED:
                self.put(record.rank, record.failed_on)
        return self.places.values()

    def put(self, rank: int, avoid: Iterable[str] = ()) -> Place:
        """Let a rank wait, for all clients but those to *avoid*; where it stands now."""
        clients = frozenset(avoid)
        place = self.places.get(clients)
        if place is None:
            place = Place(self, clients, RankSet())
            self.places = {**self.places, clients: place}
        place.ranks.add(rank)
        return place

    def take(self, place: Place, rank: int) -> None:
        """The rank waits no more."""
        place.ranks.discard(rank)
        if not place.ranks:
            self.places = {avoid: other for avoid, other in self.places.items() if other is not place} or NO_PLACES

    def place_of(self, record: WorkRecord) -> Place | None:
        """Where this rank waits, None if it does not."""
        for avoid in (frozenset(record.failed_on), NOBODY):
            place = self.places.get(avoid)
            if place is not None and record.rank in place.ranks:
                return place
        return None

    def record_of(self, rank: int) -> WorkRecord:
        """The record of a rank, made now if it was never out."""
        if rank not in self.records:
            work_id = ids.work_id(self.task.taskid, rank)
            self.records[rank] = WorkRecord(work_id, self.task.jobid, self.task.taskid, rank)
        return self.records[rank]

    def unfinished_ranks(self) -> Iterator[range]:
        return self.done.gaps(self.first_rank, self.last_rank)

    def has_unfinished(self, rank: int) -> bool:
        return self.first_rank <= rank <= self.last_rank and rank not in self.done

    def restore(self, record: TaskRecord, work: list[WorkRecord]) -> None:
        """Take over what the store remembers: done ranks, and those that have been out."""
        self.done = RankSet(record.done)
        self.part = record.part
        self.made = frozenset(record.made)
        self.declared_totalwork = record.wanted
        self.attempts = self.base_attempts = max(record.attempts, *(item.attempt for item in work), 0)
        self.records = {item.rank: item for item in work if item.rank not in self.done}

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
        self.places = NO_PLACES
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
"""One for all clients: Python makes a new empty set each time, and there may be many clients."""


class Held(NamedTuple):
    """A workunit that a client has, the second since when, and what it needs there."""

    record: WorkRecord
    since: float
    needs: Needs


class ClientEntry:
    """A client, the work it holds, what it is still to be told, and what speaks against it."""

    __slots__ = (
        "asides",
        "asks_ahead",
        "back_at",
        "client",
        "confirmed",
        "discards",
        "doubted",
        "failing",
        "held",
        "kind",
        "last_ask",
        "last_seen",
        "spare",
        "stock",
    )

    def __init__(self, client: Client, besides: frozenset[str], last_seen: float, confirmed: bool = True) -> None:
        self.held: dict[str, Held] = {}
        """By workunit."""
        self.introduce(client, besides)
        self.last_seen = self.last_ask = last_seen
        self.confirmed = confirmed
        """False after a restart, until the client registers again and says what it runs."""
        self.spare = Spare()
        """What it had for work when it last asked."""
        self.discards = NO_WORK
        self.doubted = NO_WORK
        """Work that was queued again because the client asked for more."""
        self.asks_ahead = False
        """True once it reports some of that, or says in a heartbeat what it runs: it may ask for more meanwhile."""
        self.failing: dict[str, bool] = {}
        """The jobs of which something failed here since anything succeeded, the latest ones; whether another client
        has succeeded at the same."""
        self.asides = 0
        """How often it was put aside since anything succeeded."""
        self.back_at = math.inf
        """The second at which it comes back by itself, if it was put aside."""

    def introduce(self, client: Client, besides: frozenset[str]) -> None:
        """This is how the client describes itself now; *besides*: see :meth:`Kind.of`."""
        self.client = client
        self.kind = Kind.of(client, besides)
        self.stock = stock_of(client)
        for held in self.held.values():
            self._count(held.needs, -1)

    def offer(self, now: Moment) -> Offer:
        """What it has for work, as it last said."""
        return self.spare.offer(self.client.id, self.kind, self.stock, now)

    @property
    def counts_resources(self) -> bool:
        """Whether all that it holds must fit together."""
        return self.client.offers is not None

    @property
    def offers(self) -> dict[str, float]:
        """The resources that it told."""
        return {name: amount for name, amount in self.stock.total.items() if amount < math.inf}

    @property
    def free(self) -> dict[str, float]:
        """What is free of them; none where plain work was handed out ahead of that."""
        return {name: max(0, self.stock.free[name]) for name in self.offers}

    def hold(self, record: WorkRecord, since: float, needs: Needs) -> None:
        """It has this workunit."""
        self.let_go(record.wuid)
        self.held[record.wuid] = Held(record, since, needs)
        self._count(needs, -1)

    def let_go(self, wuid: str) -> bool:
        """It has this workunit no more; whether it had it."""
        held = self.held.pop(wuid, None)
        if held is not None:
            self._count(held.needs, 1)
        return held is not None

    def _count(self, needs: Needs, sign: int) -> None:
        """So much more or less is free. Cores are hundredths, and sums of them stay exactly that."""
        if self.counts_resources:
            free = self.stock.free
            for name, amount in needs:
                free[name] = round(free.get(name, 0) + sign * amount, 2)

    @property
    def is_aside(self) -> bool:
        """Whether it gets no work for a while, and then comes back by itself."""
        return self.client.suspended_until != NO_TIME

    def absolve(self) -> None:
        """Nothing speaks against it any more."""
        self.failing = {}
        self.asides = 0
