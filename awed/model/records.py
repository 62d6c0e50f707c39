"""What is stored of jobs and tasks beside what is shown, and the batch in which changes travel to the store."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol

from msgspec import Struct

from awed.model.access import Account, Acl, GroupRecord
from awed.model.client import Client
from awed.model.events import Event
from awed.model.job import Job, Task
from awed.model.node import NodeRecord
from awed.model.work import Part, WorkRecord, WorkReport


class JobRecord(Struct):
    """A job without its tasks (``job.tasks`` is empty), and who may do what with it.

    *limited*: its expiration is what the configuration gives to jobs that end, not what was set for this one.
    """

    job: Job
    acl: Acl
    limited: bool = False


class TaskRecord(Struct):
    """A task, its place in the job's list, and which ranks are done, as ranges: ``1-500,503``.

    *part* says how its input is split, once it is prepared; *attempts* is the highest attempt number of its runs;
    *wanted* is the totalwork that the document asks for, 0 if the task was not split into another number.
    """

    task: Task
    index: int
    done: str = ""
    part: Part | None = None
    attempts: int = 0
    wanted: int = 0


class Secret(Struct):
    """A job's data token (*key*: the job's id) or a task's private variables (*key*: the task's id)."""

    key: str
    jobid: str
    token: str = ""
    environ: dict[str, str] = {}


class Batch(Struct):
    """Changes that become durable together: ids of what is gone, then records to write, in this order.

    So what is gone and came back within one batch is there.
    *gone_jobs* takes everything of a job along: tasks, work, reports and secrets; *gone_reports*: task ids.
    *events*: what happened with it, told once the batch is durable.
    """

    jobs: list[JobRecord] = []
    tasks: list[TaskRecord] = []
    work: list[WorkRecord] = []
    reports: list[WorkReport] = []
    clients: list[Client] = []
    secrets: list[Secret] = []
    groups: list[GroupRecord] = []
    accounts: list[Account] = []
    nodes: list[NodeRecord] = []
    meta: dict[str, str] = {}
    gone_jobs: list[str] = []
    gone_work: list[str] = []
    gone_reports: list[str] = []
    gone_clients: list[str] = []
    gone_groups: list[str] = []
    gone_accounts: list[str] = []
    gone_nodes: list[str] = []
    events: list[Event] = []

    @property
    def size(self) -> int:
        """How many records are written or go."""
        return sum(len(getattr(self, kind)) for kind in self.__struct_fields__ if kind != "events")


class Unfinished(Struct):
    """What the scheduler starts from: everything that is not finished, and the settings of the store."""

    jobs: list[JobRecord]
    tasks: list[TaskRecord]
    work: list[WorkRecord]
    clients: list[Client]
    meta: dict[str, str]


_Gone = tuple[str, str, Callable[[Any], str]]


_GONE: tuple[_Gone, ...] = (
    ("gone_jobs", "jobs", lambda record: record.job.id),
    ("gone_jobs", "tasks", lambda record: record.task.jobid),
    ("gone_jobs", "work", lambda record: record.jobid),
    ("gone_jobs", "reports", lambda record: record.jobid),
    ("gone_jobs", "secrets", lambda record: record.jobid),
    ("gone_work", "work", lambda record: record.wuid),
    ("gone_reports", "reports", lambda record: record.taskid),
    ("gone_clients", "clients", lambda record: record.id),
    ("gone_groups", "groups", lambda record: record.group.id),
    ("gone_accounts", "accounts", lambda record: record.name),
    ("gone_nodes", "nodes", lambda record: record.node.id),
)
"""Which list of gone ids takes which records along, and where a record has that id."""


def merge(batch: Batch, later: Batch) -> Batch:
    """*batch*, with *later* put into it, so that committing it has the effect of committing both in turn.

    In a batch what is gone goes before what is written: a record of *batch* that *later* says is gone must leave.
    """
    for gone, records, id_of in _GONE:
        ids: Collection[str] = set(getattr(later, gone))
        if ids:
            kept = [record for record in getattr(batch, records) if id_of(record) not in ids]
            setattr(batch, records, kept)
    for name in Batch.__struct_fields__:
        mine, theirs = getattr(batch, name), getattr(later, name)
        if isinstance(mine, dict):
            mine.update(theirs)
        elif theirs:
            mine.extend(theirs)
    return batch


class Commit(Protocol):
    """Makes a batch durable; *undo* takes it back if that did not happen in time.

    Raises :class:`~awed.model.errors.StoreAway`.
    """

    def __call__(self, batch: Batch, undo: Batch | None = None) -> Awaitable[None]: ...
