"""What is stored: the types of records, the table of all kinds, and the batch in which changes travel to the store.

All that handles records of any kind (:func:`merge`, the stores, their tests) reads the table :data:`KINDS`.
CONTRIBUTING says how to add a kind of record and how to change one.
"""

from collections.abc import Awaitable, Callable, Mapping
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, cast

from msgspec import Struct
from msgspec.json import Decoder

from awed.model.access import Account, Acl, GroupRecord, Session
from awed.model.client import Client
from awed.model.events import Event
from awed.model.feed import FeedPage, StateChange
from awed.model.hook import Hook
from awed.model.job import Job, Task
from awed.model.node import NodeRecord
from awed.model.reuse import Result, Reusing
from awed.model.work import Part, PerfRecord, WorkRecord, WorkReport


class JobRecord(Struct):
    """A job without its tasks (``job.tasks`` is empty), and its ACL.

    *submitter*: the user with whose rights its files are read and written, whoever owns the job later. *limited*:
    whether its expiration is the configured one of ended jobs and not its own. *size*: bytes of the submitted
    document. *to_redo*: places of the tasks that are to begin anew and have not yet, as ranges: ``0-199,205``.
    """

    job: Job
    acl: Acl
    submitter: str
    limited: bool = False
    size: int = 0
    to_redo: str = ""


class TaskRecord(Struct):
    """A task and how far it is.

    *index*: its place in the job's list of tasks. *done*: the ranks that are done, as ranges: ``1-500,503``. *part*:
    how its input is split, once the task is prepared. *attempts*: the highest attempt number of its runs. *wanted*:
    the totalwork of the document, if the task was split into another number, else 0. *made*: ids of the nodes that
    the server made for its outputs, which are deleted with the job. *reusing*: how a task with ``reuse`` is
    recognised.
    """

    task: Task
    index: int
    done: str = ""
    part: Part | None = None
    attempts: int = 0
    wanted: int = 0
    made: list[str] = []
    reusing: Reusing | None = None


class Secret(Struct):
    """A job's data *token* (*key*: the job's id), or a task's private variables *environ* and the *passwords* of its
    input URLs, by the URL without the password (*key*: the task's id).

    *hosts*: the data hosts to which the token may be sent; None, in records of early versions, for all.
    """

    key: str
    jobid: str
    token: str = ""
    environ: dict[str, str] = {}
    hosts: list[str] | None = None
    passwords: dict[str, str] = {}


class DeleteNodes(Struct, frozen=True):
    """*nodes* (host and node id) that are to be deleted, with the rights of *owner* and the data token of *jobid*."""

    id: str
    jobid: str
    owner: str
    nodes: list[tuple[str, str]]


class Draft(Struct, frozen=True):
    """The job *id* of which tasks are stored already, and which is to follow. If it does not, they are removed."""

    id: str


class SubmissionKey(Struct, frozen=True):
    """The ``Idempotency-Key`` of a submission: a repeated submission with this key makes no second job.

    *id*: a digest of user and key. *job*: the job's id. *digest*: of what was submitted. *period*: the ten minutes of
    the submission, as the beginning of an RFC 3339 time; all keys of one period are deleted together.
    """

    id: str
    job: str
    digest: str
    period: str


class Batch(Struct):
    """Changes that become durable together: records to write, and ids of records to delete (``gone_*``).

    Deletions come first, so a record that is deleted and written in one batch exists afterwards. The table of kinds
    says which records each list of ids deletes. *meta*: settings of the store. *events*: what happened with these
    changes; observers are told once the batch is durable. *changes*: changes of states, which become pages of the
    feed when the batch is complete.
    """

    jobs: list[JobRecord] = []
    tasks: list[TaskRecord] = []
    work: list[WorkRecord] = []
    reports: list[WorkReport] = []
    perfs: list[PerfRecord] = []
    clients: list[Client] = []
    secrets: list[Secret] = []
    groups: list[GroupRecord] = []
    accounts: list[Account] = []
    sessions: list[Session] = []
    hooks: list[Hook] = []
    nodes: list[NodeRecord] = []
    deletions: list[DeleteNodes] = []
    drafts: list[Draft] = []
    submission_keys: list[SubmissionKey] = []
    results: list[Result] = []
    feed: list[FeedPage] = []
    meta: dict[str, str] = {}
    gone_jobs: list[str] = []
    gone_work: list[str] = []
    gone_reports: list[str] = []
    gone_clients: list[str] = []
    gone_groups: list[str] = []
    gone_accounts: list[str] = []
    gone_sessions: list[str] = []
    gone_hooks: list[str] = []
    gone_nodes: list[str] = []
    gone_deletions: list[str] = []
    gone_drafts: list[str] = []
    gone_submission_keys: list[str] = []
    gone_key_periods: list[str] = []
    gone_feed: list[str] = []
    events: list[Event] = []
    changes: list[StateChange] = []

    @property
    def size(self) -> int:
        """How many records are written or deleted."""
        return sum(map(len, _written(self)))


_written = attrgetter(*(name for name in Batch.__struct_fields__ if name not in ("events", "changes")))


class Unfinished(Struct):
    """What the scheduler starts from: what is stored of unfinished jobs, clients, deletions and settings.

    Each list but *meta* is named as its kind in KINDS.
    """

    jobs: list[JobRecord] = []
    tasks: list[TaskRecord] = []
    work: list[WorkRecord] = []
    clients: list[Client] = []
    deletions: list[DeleteNodes] = []
    meta: dict[str, str] = {}


T = TypeVar("T", bound=Struct)
Fields = Mapping[str, Callable[[Any], Any]]
"""Fields by which records are found: name, and the function that reads the value (text or integer) from a record."""


class Kind(Generic[T]):
    """A kind of record, and all that a store needs to know of it.

    *name*: the list of a :class:`Batch` that has such records; tables and collections have the same name.

    *key*: the fields that together identify a record. The first of a part of a job is ``job``, the job's id, with
    which its other ids begin. A record that is no part of a job has ``id`` alone.

    *gone*: the lists of a batch whose ids delete such records, each with the field that is compared with the ids.

    *also*: other fields by which records are found. *id*: reads from a record one text that identifies it, for kinds
    whose field ``id`` does not.
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
        """The field that has the id of the job with which such records are deleted; None if they belong to no job."""
        self.id = id or key["id"]
        self.decode: Callable[[str | bytes], T] = Decoder(type).decode


_at = attrgetter

# The parts of a job stand before the job. A batch is written to MongoDB kind by kind, and so whoever reads meanwhile
# and finds a job finds its parts too.
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
    Kind(
        "perfs",
        PerfRecord,
        {"job": _at("jobid"), "task": _at("taskid"), "rank": _at("rank")},
        {"gone_jobs": "job", "gone_reports": "task"},
        id=_at("wuid"),
    ),
    Kind("results", Result, {"id": _at("id")}, {"gone_jobs": "job"}, also={"job": _at("job")}),
    Kind("secrets", Secret, {"job": _at("jobid"), "id": _at("key")}, {"gone_jobs": "job"}),
    Kind("jobs", JobRecord, {"id": _at("job.id")}, {"gone_jobs": "id"}),
    Kind("clients", Client, {"id": _at("id")}, {"gone_clients": "id"}),
    Kind("groups", GroupRecord, {"id": _at("group.id")}, {"gone_groups": "id"}),
    Kind("accounts", Account, {"id": _at("name")}, {"gone_accounts": "id"}, also={"token_hash": _at("token_hash")}),
    Kind("sessions", Session, {"id": _at("id")}, {"gone_sessions": "id"}),
    Kind("hooks", Hook, {"id": _at("id")}, {"gone_hooks": "id"}),
    Kind("nodes", NodeRecord, {"id": _at("node.id")}, {"gone_nodes": "id"}),
    Kind("deletions", DeleteNodes, {"id": _at("id")}, {"gone_deletions": "id"}),
    Kind("drafts", Draft, {"id": _at("id")}, {"gone_drafts": "id"}),
    Kind(
        "submission_keys",
        SubmissionKey,
        {"id": _at("id")},
        {"gone_submission_keys": "id", "gone_key_periods": "period"},
        also={"period": _at("period")},
    ),
    Kind("feed", FeedPage, {"id": _at("id")}, {"gone_feed": "id"}),
)
"""Every kind of record."""

HELD = tuple(kind for kind in KINDS if kind.name in Unfinished.__struct_fields__)
"""The kinds that an :class:`Unfinished` has."""

_BY_TYPE = {kind.type: kind for kind in KINDS}
_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_of(record: type[T]) -> Kind[T]:
    """The kind of records of this type."""
    return cast(Kind[T], _BY_TYPE[record])


def kind_named(name: str) -> Kind[Any]:
    """The kind of records that is called *name* in KINDS."""
    return _BY_NAME[name]


def merge(batch: Batch, later: Batch) -> Batch:
    """Put *later* into *batch* and return *batch*, which then has the effect of both, committed one after the other.

    As a batch deletes before it writes, records of *batch* that *later* deletes are taken out of it.
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
    """Makes *batch* durable.

    Raises :class:`~awed.model.errors.StoreAway` if that takes too long; then *undo* is committed after it.
    """

    def __call__(self, batch: Batch, undo: Batch | None = None) -> Awaitable[None]: ...
