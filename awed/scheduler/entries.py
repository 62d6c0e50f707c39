"""The scheduler's entries for unfinished jobs, their tasks and queued places."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from msgspec import UNSET, UnsetType, structs

from awed.model import ids
from awed.model.attempts import KEPT, Attempt, Retry
from awed.model.job import Task
from awed.model.records import JobRecord, TaskRecord
from awed.model.resources import MEMORY, Needs, as_needs, needs_of
from awed.model.reuse import Reusing
from awed.model.states import ACTIVE, TaskState, WorkState
from awed.model.times import NO_TIME
from awed.model.work import Part, WorkRecord
from awed.scheduler.ranks import RankSet
from awed.scheduler.requirements import NOBODY, Wanted, disk_of, groups_of, wanted_of
from awed.scheduler.shares import UNLIMITED, Share

AT_WORK = (TaskState.QUEUED, TaskState.IN_PROGRESS)
"""States of tasks that have workunits queued or checked out, or are about to be checked."""


class QueueKey(NamedTuple):
    """The order of hand-out: higher priority first, then earlier jobs, then tasks in the order of the document."""

    minus_priority: int
    submittime: datetime
    job_id: str
    place: int


class JobEntry:
    """An unfinished job: its document with tasks, its ACL, and the entries of its tasks in the document's order."""

    __slots__ = (
        "_nodes",
        "acl",
        "by_name",
        "job",
        "limited",
        "share",
        "size",
        "states",
        "submitter",
        "tasks",
        "to_redo",
    )

    def __init__(self, record: JobRecord) -> None:
        self.job = job = record.job
        self.acl = record.acl
        self.limited = record.limited
        self.submitter = record.submitter
        self.share = UNLIMITED
        """What its submitter has out, and may have."""
        self.size = record.size
        self.to_redo = RankSet(record.to_redo)
        """Indexes of the tasks that are to run again and have not been reset yet."""
        self.states = Counter(task.state for task in job.tasks)
        """How many of its tasks have which state, when it is made."""
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
        """Ids of the nodes that the document names and that were made for the tasks. Made when it is first needed."""
        if self._nodes is None:
            self._nodes = set(chain.from_iterable(_nodes_of(entry.task) for entry in self.tasks))
        return self._nodes

    def name_nodes(self, task: Task) -> None:
        """Add the nodes of a task whose files have been found and made."""
        if self._nodes is not None:
            self._nodes.update(_nodes_of(task))

    def count_blockers(self) -> None:
        """Count for each task how many of the tasks that it depends on are not completed."""
        for entry in self.tasks:
            entry.blockers = 0
        for entry in self.tasks:
            if not entry.is_done:
                for after in entry.dependents:
                    after.blockers += 1

    def part(self) -> tuple[list["TaskEntry"], list[Task]]:
        """Take the tasks out of the job: their entries, and their documents."""
        entries, self.tasks, self.by_name = self.tasks, [], {}
        tasks, self.job = list(self.job.tasks), structs.replace(self.job, tasks=[])
        return entries, tasks

    def record(self) -> JobRecord:
        """The record for the store, without tasks."""
        return structs.replace(self.whole(), job=structs.replace(self.job, tasks=[]))

    def whole(self) -> JobRecord:
        """The record with the tasks in it."""
        return JobRecord(self.job, self.acl, self.submitter, self.limited, self.size, str(self.to_redo))


def _nodes_of(task: Task) -> Iterator[str]:
    for io in chain(task.inputs, task.outputs, task.predata):
        yield io.node
        yield io.formoptions.get("parent_node", "")


class Variant(NamedTuple):
    """How ranks of a task that failed differ from the others.

    *avoid*: ids of clients that must not have them, because they failed there. *memory*, *walltime*: in the stead of
    those of the task, if not 0. *paused*: no client gets them, as their pause is not over.
    """

    avoid: frozenset[str] = NOBODY
    memory: int = 0
    walltime: int = 0
    paused: bool = False

    @classmethod
    def of(cls, record: WorkRecord) -> "Variant":
        return cls(frozenset(record.failed_on), record.memory, record.walltime, record.paused)


PLAIN_RANKS = Variant()
"""Those that never failed."""


class Place:
    """The queued ranks of a task that the same clients may have. The queue consists of these."""

    __slots__ = ("counted", "disk", "entry", "kept_client", "key", "passed", "ranks", "variant", "wanted")

    def __init__(self, entry: "TaskEntry", variant: Variant, ranks: RankSet) -> None:
        self.entry = entry
        self.variant = variant
        """How these ranks differ from those that never failed."""
        self.ranks = ranks
        self.wanted: Wanted | None = None
        """What it asks of a client, besides *disk* bytes for its inputs; None while it is not queued."""
        self.counted = 0
        """How many of its ranks are counted in the queue."""
        self.passed = 0
        """How often work behind it was handed out to a client that this place did not fit at the moment."""
        self.kept_client = ""
        """Id of the client that gets no work behind this place, "" for none."""

    def asks(self) -> Wanted:
        """What it asks of a client, by the present job and task. Also sets *key* and *disk*."""
        task = self.entry.task
        needs = self.needs
        avoid, _, walltime, _ = self.variant
        self.key = self.entry.key()
        self.disk = disk_of(task, needs)
        job = self.entry.job
        groups = groups_of(task.clientgroups or job.job.info.clientgroups, job.submitter)
        return wanted_of(
            groups,
            task.cmd.name,
            walltime or task.walltime or 0,
            task.cmd.has_image,
            avoid=avoid,
            needs=needs,
            executors=bool(task.tes),
        )

    @property
    def needs(self) -> Needs:
        """What each of these ranks needs of a machine."""
        return self.entry.needs_with(self.variant.memory)

    @property
    def share(self) -> Share:
        """The share of the user whose work it is."""
        return self.entry.job.share

    @property
    def may_go_out(self) -> bool:
        """Whether it is queued, and what its user may have out allows that work of it goes out."""
        return self.wanted is not None and self.wanted.cores <= self.share.left

    @property
    def order(self) -> tuple[int, float, QueueKey, int]:
        """The sort key of its first rank in the order of hand-out, by what users have out at present."""
        return (*order_of(self.key, self.share), self.ranks.first)


def order_of(key: QueueKey, share: Share) -> tuple[int, float, QueueKey]:
    """The sort key of work of a user among that of all users."""
    return key.minus_priority, share.standing, key


Places = Mapping[Variant, Place]

NO_PLACES: Places = MappingProxyType({})


class DataWait(NamedTuple):
    """The preparation or check with the number *generation* waits for a data host: *cause*; next try at *until*."""

    generation: int
    cause: str
    until: datetime


class TaskEntry:
    """A task of an unfinished job, with the state of each of its ranks.

    While the task may run, a rank is done (in *done*), checked out (its record says so), or queued in one of the
    *places*: that of the ranks that never failed, or another one, by its variant. A rank that was never checked out
    has no record.
    """

    __slots__ = (
        "_needs",
        "attempts",
        "base_attempts",
        "blockers",
        "busy",
        "data_wait",
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
        "reusing",
        "task",
    )

    def __init__(self, job: JobEntry, task: Task, index: int) -> None:
        self.job = job
        self.task = task
        self.index = index
        self.dependents: list[TaskEntry] = []
        self.blockers = 0
        """How many of the tasks that it depends on are not completed."""
        self.done = RankSet()
        self.part: Part | None = None
        self.declared_totalwork = 0
        """The totalwork of the document, 0 while the task has that number."""
        self.made: frozenset[str] = frozenset()
        """Ids of the nodes that were made for its outputs. All tasks share one empty set: a set has 216 bytes."""
        self.records: dict[int, WorkRecord] = {}
        self.places = NO_PLACES
        """Its queued ranks, by what distinguishes them; empty while it may not run."""
        self.attempts = 0
        """The highest attempt number of its runs."""
        self.base_attempts = 0
        """New runs get higher numbers than this, so that numbers are not repeated after a reset or a restart."""
        self.last_done: WorkRecord | None = None
        """The record of the run that was done last, which is blamed if outputs turn out to be missing."""
        self.busy = 0
        """The number (``generation``) of the effect under way, 0 for none. Answers with other numbers are ignored."""
        self.reusing: Reusing | None = None
        """How the task is recognised, if it has ``reuse`` and is prepared."""
        self._needs: Needs | None = None
        self.data_wait: DataWait | None = None
        """The last data host that a preparation or check waited for."""

    @property
    def is_at_work(self) -> bool:
        """Whether it has workunits that are queued or checked out, or is about to be checked."""
        return self.task.state in AT_WORK

    @property
    def has_suspended_work(self) -> bool:
        """Whether it is suspended and has workunits, as it has been queued."""
        return self.task.state is TaskState.SUSPEND and self.task.starteddate != NO_TIME

    @property
    def has_work(self) -> bool:
        """Whether it has workunits, as it has been queued and is not completed."""
        return self.has_suspended_work or (self.is_at_work and self.task.starteddate != NO_TIME)

    @property
    def lacks_places(self) -> bool:
        """Whether, while it is at work, some of its ranks are neither done nor checked out nor in a place. Those of a
        stored task are not until it is taken up."""
        out = sum(record.state is WorkState.CHECKOUT for record in self.records.values())
        return sum(len(place.ranks) for place in self.places.values()) < self.task.remainwork - out

    @property
    def is_done(self) -> bool:
        """Whether it is completed and not to run again."""
        return self.task.state is TaskState.COMPLETED and self.index not in self.job.to_redo

    @property
    def needs(self) -> Needs:
        """What each of its workunits needs of a machine, as its document says, which does not change."""
        if self._needs is None:
            self._needs = needs_of(self.job.job.info.resources, self.task.resources)
        return self._needs

    def needs_with(self, memory: int) -> Needs:
        """The same with so many bytes of memory, 0 for those of the task."""
        return as_needs({**dict(self.needs), MEMORY: memory}) if memory else self.needs

    @property
    def retry(self) -> tuple[Retry | UnsetType, Retry | UnsetType]:
        """What its document says of further tries, for all tasks of the job and for this one."""
        return self.job.job.info.retry, self.task.retry

    def ended(self, attempt: Attempt) -> None:
        """A run has ended. What was known of the same attempt is replaced."""
        self.forget(attempt.work, attempt.attempt)
        self.task.attempts = (*self.task.attempts, attempt)[-KEPT:]

    def forget(self, work: str, number: int) -> bool:
        """A run has not ended after all; whether it was thought to have ended."""
        if not self.task.attempts:
            return False
        others = tuple(one for one in self.task.attempts if one.attempt != number or one.work != work)
        known, self.task.attempts = self.task.attempts, others
        return len(others) < len(known)

    @property
    def reuse(self) -> str:
        """The value of ``reuse`` in its document, "" if there is none."""
        return self.task.reuse or self.job.job.info.reuse or ""

    @property
    def first_rank(self) -> int:
        """The lowest rank: 0 if there is only one, else 1."""
        return 0 if self.task.totalwork == 1 else 1

    @property
    def last_rank(self) -> int:
        """The highest rank."""
        return 0 if self.task.totalwork == 1 else self.task.totalwork

    @property
    def has_files(self) -> bool:
        """Whether it has any inputs, outputs or predata."""
        task = self.task
        return bool(task.inputs or task.outputs or task.predata)

    def key(self) -> QueueKey:
        """Its place in the order of hand-out, by the present priority of the job."""
        info = self.job.job.info
        return QueueKey(-info.priority, info.submittime, self.job.job.id, self.index)

    def queue_up(self) -> Iterable[Place]:
        """Make places for all ranks that are neither done nor checked out, and return them."""
        never_out = RankSet.of(self.unfinished_ranks())
        for rank in self.records:
            never_out.discard(rank)
        self.places = {PLAIN_RANKS: Place(self, PLAIN_RANKS, never_out)} if never_out else NO_PLACES
        for record in self.records.values():
            if record.state is WorkState.QUEUED:
                self.put(record)
        return self.places.values()

    def put(self, record: WorkRecord, avoids: bool = True) -> Place:
        """Put the rank of *record* into its place, where it *avoids* the clients on which it failed, or not. Returns
        the place."""
        variant = Variant.of(record)
        if not avoids:
            variant = variant._replace(avoid=NOBODY)
        place = self.places.get(variant)
        if place is None:
            place = Place(self, variant, RankSet())
            self.places = {**self.places, variant: place}
        place.ranks.add(record.rank)
        return place

    def take(self, place: Place, rank: int) -> None:
        """Take a rank out of *place*."""
        place.ranks.discard(rank)
        if not place.ranks:
            others = {variant: other for variant, other in self.places.items() if other is not place}
            self.places = others or NO_PLACES

    def place_of(self, record: WorkRecord) -> Place | None:
        """The place in which the rank of *record* is, None if it is not queued."""
        variant = Variant.of(record)
        for one in (variant, variant._replace(avoid=NOBODY)):
            place = self.places.get(one)
            if place is not None and record.rank in place.ranks:
                return place
        return None

    def record_of(self, rank: int) -> WorkRecord:
        """The record of a rank, which is made if it was never checked out."""
        if rank not in self.records:
            work_id = ids.work_id(self.task.taskid, rank)
            self.records[rank] = WorkRecord(work_id, self.task.jobid, self.task.taskid, rank)
        return self.records[rank]

    def unfinished_ranks(self) -> Iterator[range]:
        """The ranks that are not done, as ranges."""
        return self.done.gaps(self.first_rank, self.last_rank)

    def has_unfinished(self, rank: int) -> bool:
        """Whether it has this rank, and it is not done."""
        return self.first_rank <= rank <= self.last_rank and rank not in self.done

    def restore(self, record: TaskRecord, work: list[WorkRecord]) -> None:
        """Load what is stored: *record* of the task, and *work*, the records of its workunits."""
        # No new objects in the place of such as these: Python's garbage collector would not count them, and then look
        # at very many at once.
        if record.done:
            self.done = RankSet(record.done)
        self.part = record.part
        if record.made:
            self.made = frozenset(record.made)
        self.reusing = record.reusing
        self.declared_totalwork = record.wanted
        self.attempts = self.base_attempts = max(record.attempts, *(item.attempt for item in work), 0)
        if work:
            self.records = {item.rank: item for item in work if item.rank not in self.done}

    def split(self, totalwork: int) -> None:
        """Before the first run, divide the task into *totalwork* workunits, whatever the document asks for."""
        self.declared_totalwork = self.declared_totalwork or self.task.totalwork
        self._start_over(totalwork)

    def reset(self) -> None:
        """Forget all runs: no rank is done or was checked out, and the task may be split again."""
        self._start_over(self.declared_totalwork or self.task.totalwork)
        self.declared_totalwork = 0
        self.task.reused = UNSET
        self.reusing = Reusing(anew=True) if self.reuse else None

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
        """The record for the store."""
        return TaskRecord(
            task=self.task,
            index=self.index,
            done=str(self.done),
            part=self.part,
            attempts=self.attempts,
            wanted=self.declared_totalwork,
            made=sorted(self.made),
            reusing=self.reusing,
        )
