"""Short ways to records of every kind.

A kind that is added to the table needs its line in :data:`SAMPLES`; then all stores are tested with it.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from awed.model import ids
from awed.model.access import Account, Acl, ClientGroup, GroupAcl, GroupRecord, Session
from awed.model.client import Client
from awed.model.feed import FeedPage, StateChange, Subject
from awed.model.hook import Hook
from awed.model.job import IO, Cmd, Info, Job, Task
from awed.model.node import Node, NodeRecord
from awed.model.records import KINDS, Batch, DeleteNodes, Draft, JobRecord, Kind, Secret, SubmissionKey, TaskRecord
from awed.model.reuse import Result
from awed.model.states import JobState
from awed.model.work import PerfRecord, WorkRecord, WorkReport

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def job(
    job_id: str,
    *,
    owner: str = "joe",
    read: tuple[str, ...] = (),
    state: JobState = JobState.QUEUED,
    updated: float = 0,
    **info: Any,
) -> JobRecord:
    document = Job(id=job_id, info=Info(**info), state=state, updatetime=at(updated))
    return JobRecord(document, Acl(owner=owner, read=list(read)), owner)


def task(job_id: str, index: int, app: str = "app", inputs: tuple[str, ...] = (), done: str = "") -> TaskRecord:
    files = [IO(filename=name) for name in inputs]
    document = Task(taskid=ids.task_id(job_id, str(index)), jobid=job_id, cmd=Cmd(name=app), inputs=files)
    return TaskRecord(document, index, done)


def work(job_id: str, index: int, rank: int = 0, **fields: Any) -> WorkRecord:
    task_id = ids.task_id(job_id, str(index))
    return WorkRecord(ids.work_id(task_id, rank), job_id, task_id, rank, **fields)


def report(job_id: str, index: int, rank: int = 0, **fields: Any) -> WorkReport:
    task_id = ids.task_id(job_id, str(index))
    return WorkReport(ids.work_id(task_id, rank), job_id, task_id, rank, **fields)


def perf(job_id: str, index: int, rank: int = 0, measured: Any = None) -> PerfRecord:
    task_id = ids.task_id(job_id, str(index))
    return PerfRecord(ids.work_id(task_id, rank), job_id, task_id, rank, measured)


def group(group_id: str, name: str = "g") -> GroupRecord:
    return GroupRecord(ClientGroup(id=group_id, name=name, token="secret"), GroupAcl(owner="joe", execute=["ann"]))


def account(name: str, token_hash: str = "") -> Account:
    return Account(name=name, token_hash=token_hash, created=T0)


def node(node_id: str, **fields: Any) -> NodeRecord:
    return NodeRecord(Node(id=node_id, **fields), Acl(owner="joe"))


SAMPLES: dict[type, Callable[[str, str], Any]] = {
    JobRecord: lambda name, text: job(name, name=text),
    TaskRecord: lambda name, text: task(name, 0, app=text),
    WorkRecord: lambda name, text: work(name, 0, client=text),
    WorkReport: lambda name, text: report(name, 0, stdout=text),
    PerfRecord: lambda name, text: perf(name, 0, measured=text),
    Secret: lambda name, text: Secret(name, name, token=text),
    Client: lambda name, text: Client(id=name, name=text),
    GroupRecord: lambda name, text: group(name, name=text),
    Account: lambda name, text: account(name, token_hash=text),
    Session: Session,
    NodeRecord: lambda name, text: node(name, version=text),
    Result: lambda name, text: Result(name, name, text, {}, []),
    SubmissionKey: lambda name, text: SubmissionKey(name, "j", text, f"at {name}"),
    DeleteNodes: lambda name, text: DeleteNodes(name, "j", "joe", [("own:", text)]),
    Draft: lambda name, text: Draft(name),
    Hook: lambda name, text: Hook(name, text, ["job"], "secret", "joe", created=T0),
    FeedPage: lambda name, text: FeedPage(name, 7, T0, [StateChange(Subject.JOB, "j", text, remaintasks=1)]),
}
"""By type, a record that has this id, or is part of the job that has it, and holds the text somewhere."""


def samples(names: Iterable[str], text: str = "") -> Batch:
    """A record of every kind for each of *names*."""
    return batch(**{kind.name: [sample(kind, name, text) for name in names] for kind in KINDS})


def gone(name: str) -> Batch:
    """What takes along all that :func:`samples` has for *name*."""
    return batch(
        **{gone: [kind.fields[field](sample(kind, name))] for kind in KINDS for gone, field in kind.gone.items()}
    )


def sample(kind: Kind[Any], name: str, text: str = "") -> Any:
    return SAMPLES[kind.type](name, text)


def batch(**lists: Any) -> Batch:
    """A batch with lists that are named while the program runs."""
    return Batch(**lists)
