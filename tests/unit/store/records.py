"""Short ways to records of every kind."""

from datetime import UTC, datetime, timedelta
from typing import Any

from awed.model import ids
from awed.model.access import Account, Acl, ClientGroup, GroupAcl, GroupRecord
from awed.model.job import IO, Cmd, Info, Job, Task
from awed.model.node import Node, NodeRecord
from awed.model.records import JobRecord, TaskRecord
from awed.model.states import JobState
from awed.model.work import WorkRecord, WorkReport

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
    return JobRecord(document, Acl(owner=owner, read=list(read)))


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


def group(group_id: str, name: str = "g") -> GroupRecord:
    return GroupRecord(ClientGroup(id=group_id, name=name, token="secret"), GroupAcl(owner="joe", execute=["ann"]))


def account(name: str, token_hash: str = "") -> Account:
    return Account(name=name, token_hash=token_hash, created=T0)


def node(node_id: str, **fields: Any) -> NodeRecord:
    return NodeRecord(Node(id=node_id, **fields), Acl(owner="joe"))
