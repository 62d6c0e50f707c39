"""What is stored: the table of all kinds of records, and the batch in which changes travel to the store.

Whatever carries records (:func:`merge`, every store, their tests) reads the table :data:`KINDS`. CONTRIBUTING tells
how a kind is added, and what else a change of records needs.
"""

from collections.abc import Awaitable, Callable, Mapping
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, cast

from msgspec import Struct
from msgspec.json import Decoder

from awed.model.access import Account, Acl, GroupRecord
from awed.model.client import Client
from awed.model.events import Event
from awed.model.job import Job, Task
from awed.model.node import NodeRecord
from awed.model.work import Part, WorkRecord, WorkReport


class JobRecord(Struct):
    """A job without its tasks (``job.tasks`` is empty), and who may do what with it.

    *submitter*: the user whose rights to files it uses, whoever owns it later. *limited*: its expiration is what the
    configuration gives to jobs that end, not what was set for this one. *size*: bytes of the document that was
    submitted.
    """

    job: Job
    acl: Acl
    submitter: str
    limited: bool = False
    size: int = 0


class TaskRecord(Struct):
    """A task, its place in the job's list, and which ranks are done, as ranges: ``1-500,503``.

    *part* says how its input is split, once it is prepared; *attempts* is the highest attempt number of its runs;
    *wanted* is the totalwork that the document asks for, 0 if the task was not split into another number. *made*: ids
    of the nodes that the server made for its outputs, which go with the job.
    """

    task: Task
    index: int
    done: str = ""
    part: Part | None = None
    attempts: int = 0
    wanted: int = 0
    made: list[str] = []


class Secret(Struct):
    """A job's data token (*key*: the job's id) or a task's private variables (*key*: the task's id).

    *hosts*: to which data hosts the token is shown; None in old records: to all.
    """

    key: str
    jobid: str
    token: str = ""
    environ: dict[str, str] = {}
    hosts: list[str] | None = None


class DeleteNodes(Struct, frozen=True):
    """Nodes that are still to be removed, each by host and id, as *owner* may, with the data token of a job."""

    id: str
    jobid: str
    owner: str
    nodes: list[tuple[str, str]]


class Batch(Struct):
    """Changes that become durable together: ids of what is gone, then records to write, in this order.

    So what is gone and came back within one batch is there.
    The table of kinds says which lists of gone ids take which records along.
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
    deletions: list[DeleteNodes] = []
    meta: dict[str, str] = {}
    gone_jobs: list[str] = []
    gone_work: list[str] = []
    gone_reports: list[str] = []
    gone_clients: list[str] = []
    gone_groups: list[str] = []
    gone_accounts: list[str] = []
    gone_nodes: list[str] = []
    gone_deletions: list[str] = []
    events: list[Event] = []

    @property
    def size(self) -> int:
        """How many records are written or go."""
        return sum(len(getattr(self, kind)) for kind in self.__struct_fields__ if kind != "events")


class Unfinished(Struct):
    """What the scheduler starts from: the records of unfinished jobs, all records of kinds that do not go with jobs,
    and the settings of the store."""

    jobs: list[JobRecord] = []
    tasks: list[TaskRecord] = []
    work: list[WorkRecord] = []
    clients: list[Client] = []
    deletions: list[DeleteNodes] = []
    meta: dict[str, str] = {}


T = TypeVar("T", bound=Struct)
Fields = Mapping[str, Callable[[Any], Any]]
"""By what records are found: names, and how the value, a text or an integer, is read from a record."""


class Kind(Generic[T]):
    """A kind of record, and all that those who carry records need to know of it.

    *name*: the list of a :class:`Batch` in which such records travel; tables and collections have the same name.

    *key*: the fields that together tell one record from all others. A part of a job has first ``job``, the job's id,
    with which all its other ids begin. What is no job's has the field ``id`` alone.

    *gone*: the lists of a batch that take such records along, and in which field a record has the id that is listed.

    *also*: other fields by which records are found. *id*: one text that tells a record from all others, if its field
    ``id`` does not.
    """

    def __init__(
        self,
        name: str,
        type: type[T],
        key: Fields,
        gone: Mapping[str, str],
        *,
        also: Fields | None = None,
        id: Callable[[T], str] | None = None,
    ) -> None:
        self.name = name
        self.type = type
        self.key = key
        self.gone = gone
        self.also = also or {}
        self.fields = {**self.key, **self.also}
        self.job = gone.get("gone_jobs")
        """The field that has the id of the job with which such records go; None, if they are no job's."""
        self.id = id or key["id"]
        self.decode: Callable[[str | bytes], T] = Decoder(type).decode


_at = attrgetter

# What is a job's comes before the job: who reads while MongoDB is written, and finds the job, finds its parts.
KINDS: tuple[Kind[Any], ...] = (
    Kind(
        "tasks",
        TaskRecord,
        {"job": _at("task.jobid"), "position": _at("index")},
        {"gone_jobs": "job"},
        id=lambda record: f"{record.task.jobid}/{record.index}",
    ),
    Kind("work", WorkRecord, {"job": _at("jobid"), "id": _at("wuid")}, {"gone_jobs": "job", "gone_work": "id"}),
    Kind(
        "reports",
        WorkReport,
        {"job": _at("jobid"), "task": _at("taskid"), "rank": _at("rank")},
        {"gone_jobs": "job", "gone_reports": "task"},
        id=_at("wuid"),
    ),
    Kind("secrets", Secret, {"job": _at("jobid"), "id": _at("key")}, {"gone_jobs": "job"}),
    Kind("jobs", JobRecord, {"id": _at("job.id")}, {"gone_jobs": "id"}),
    Kind("clients", Client, {"id": _at("id")}, {"gone_clients": "id"}),
    Kind("groups", GroupRecord, {"id": _at("group.id")}, {"gone_groups": "id"}),
    Kind("accounts", Account, {"id": _at("name")}, {"gone_accounts": "id"}, also={"token_hash": _at("token_hash")}),
    Kind("nodes", NodeRecord, {"id": _at("node.id")}, {"gone_nodes": "id"}),
    Kind("deletions", DeleteNodes, {"id": _at("id")}, {"gone_deletions": "id"}),
)
"""Every kind of record."""

HELD = tuple(kind for kind in KINDS if kind.name in Unfinished.__struct_fields__)
"""The kinds that an :class:`Unfinished` has."""

_BY_TYPE = {kind.type: kind for kind in KINDS}


def kind_of(record: type[T]) -> Kind[T]:
    """The kind of the records that have this type."""
    return cast(Kind[T], _BY_TYPE[record])


def merge(batch: Batch, later: Batch) -> Batch:
    """*batch*, with *later* put into it, so that committing it has the effect of committing both in turn.

    In a batch what is gone goes before what is written: a record of *batch* that *later* says is gone must leave.
    """
    for kind in KINDS:
        for gone, field in kind.gone.items():
            if ids := set(getattr(later, gone)):
                value = kind.fields[field]
                kept = [record for record in getattr(batch, kind.name) if value(record) not in ids]
                setattr(batch, kind.name, kept)
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
