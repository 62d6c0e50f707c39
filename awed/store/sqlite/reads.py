"""What is read: rows become records, in the thread that reads them."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.json import Decoder

from awed.model.access import Account, GroupRecord
from awed.model.client import Client
from awed.model.ids import job_of
from awed.model.node import NodeRecord
from awed.model.records import JobRecord, Secret, TaskRecord, Unfinished
from awed.model.states import UNFINISHED, JobState
from awed.model.times import NO_TIME
from awed.model.work import WorkRecord, WorkReport
from awed.store.document import sortable
from awed.store.interface import JobPage, JobQuery
from awed.store.sqlite import query

T = TypeVar("T")

_JOB = Decoder(JobRecord)
_TASK = Decoder(TaskRecord)
_WORK = Decoder(WorkRecord)
_REPORT = Decoder(WorkReport)
_CLIENT = Decoder(Client)
_SECRET = Decoder(Secret)
_GROUP = Decoder(GroupRecord)
_ACCOUNT = Decoder(Account)
_NODE = Decoder(NodeRecord)

# CROSS JOIN makes SQLite go from the unfinished jobs to their rows, however few or many rows there are.
_OF_UNFINISHED = """SELECT doc FROM listing CROSS JOIN {table} ON {table}.{job} = listing.id
WHERE reader = 'all' AND listing.state IN ({states})"""

_EXPIRED = (
    "SELECT id FROM jobs WHERE expiration > ? AND expiration <= ? AND state IN ('completed', 'deleted') ORDER BY id"
)


def anything(connection: sqlite3.Connection) -> None:
    """See whether the database can be read."""
    connection.execute("SELECT value FROM meta LIMIT 1").fetchone()


def unfinished(connection: sqlite3.Connection) -> Unfinished:
    """All that the scheduler starts from."""

    def held(decoder: Decoder[T], table: str, job: str = "job") -> list[T]:
        states = ", ".join("?" * len(UNFINISHED))
        return _all(
            connection, decoder, _OF_UNFINISHED.format(table=table, job=job, states=states), sorted(UNFINISHED)
        )

    return Unfinished(
        jobs=held(_JOB, "job_docs", "id"),
        tasks=held(_TASK, "tasks"),
        work=held(_WORK, "work"),
        clients=_all(connection, _CLIENT, "SELECT doc FROM clients"),
        meta=dict(connection.execute("SELECT key, value FROM meta")),
    )


def unfinished_job(job_id: str, connection: sqlite3.Connection) -> Unfinished | None:
    """The same of one job, in whatever state."""
    record = _one(connection, _JOB, "SELECT doc FROM job_docs WHERE id = ?", [job_id])
    if record is None:
        return None
    return Unfinished(
        jobs=[record],
        tasks=_all(connection, _TASK, "SELECT doc FROM tasks WHERE job = ? ORDER BY position", [job_id]),
        work=_all(connection, _WORK, "SELECT doc FROM work WHERE job = ?", [job_id]),
        clients=[],
        meta={},
    )


def job_ids(states: Collection[JobState], connection: sqlite3.Connection) -> list[str]:
    marks = ", ".join("?" * len(states))
    found = f"SELECT id FROM listing WHERE reader = 'all' AND state IN ({marks}) ORDER BY id"  # noqa: S608
    return [id for (id,) in connection.execute(found, sorted(states))]


def expired(now: datetime, connection: sqlite3.Connection) -> list[str]:
    return [id for (id,) in connection.execute(_EXPIRED, [sortable(NO_TIME), sortable(now)])]


def job(job_id: str, connection: sqlite3.Connection) -> JobRecord | None:
    """One job with its tasks."""
    record = _one(connection, _JOB, "SELECT doc FROM job_docs WHERE id = ?", [job_id])
    if record is not None:
        tasks = _all(connection, _TASK, "SELECT doc FROM tasks WHERE job = ? ORDER BY position", [job_id])
        record.job.tasks = [task.task for task in tasks]
    return record


def jobs(wanted: JobQuery, connection: sqlite3.Connection) -> JobPage:
    """A page of jobs with their tasks."""
    ids, total = query.page(connection, wanted)
    records = [job(id, connection) for id in ids]
    return JobPage([record.job for record in records if record is not None], total)


def distinct(path: str, reader: str | None, connection: sqlite3.Connection) -> list[object]:
    return query.values(connection, path, reader)


def reports(job_id: str, connection: sqlite3.Connection) -> list[WorkReport]:
    return _all(connection, _REPORT, "SELECT doc FROM reports WHERE job = ? ORDER BY task, rank", [job_id])


def report(work_id: str, connection: sqlite3.Connection) -> WorkReport | None:
    task_id, _, rank = work_id.rpartition("_")
    found = "SELECT doc FROM reports WHERE job = ? AND task = ? AND rank = ?"
    return _one(connection, _REPORT, found, [job_of(task_id), task_id, rank])


def secret(key: str, connection: sqlite3.Connection) -> Secret | None:
    return _one(connection, _SECRET, "SELECT doc FROM secrets WHERE job = ? AND key = ?", [job_of(key), key])


def groups(connection: sqlite3.Connection) -> list[GroupRecord]:
    return _all(connection, _GROUP, "SELECT doc FROM groups ORDER BY id")


def accounts(connection: sqlite3.Connection) -> list[Account]:
    return _all(connection, _ACCOUNT, "SELECT doc FROM accounts ORDER BY name")


def account(name: str, connection: sqlite3.Connection) -> Account | None:
    return _one(connection, _ACCOUNT, "SELECT doc FROM accounts WHERE name = ?", [name])


def account_by_token(token_hash: str, connection: sqlite3.Connection) -> Account | None:
    return _one(connection, _ACCOUNT, "SELECT doc FROM accounts WHERE token_hash = ?", [token_hash])


def node(node_id: str, connection: sqlite3.Connection) -> NodeRecord | None:
    return _one(connection, _NODE, "SELECT doc FROM nodes WHERE id = ?", [node_id])


def nodes(after: str, limit: int, connection: sqlite3.Connection) -> list[NodeRecord]:
    return _all(connection, _NODE, "SELECT doc FROM nodes WHERE id > ? ORDER BY id LIMIT ?", [after, limit])


def node_ids(connection: sqlite3.Connection) -> list[str]:
    return [id for (id,) in connection.execute("SELECT id FROM nodes ORDER BY id")]


def _all(connection: sqlite3.Connection, decoder: Decoder[T], sql: str, values: Sequence[object] = ()) -> list[T]:
    return [decoder.decode(doc) for (doc,) in connection.execute(sql, values)]


def _one(connection: sqlite3.Connection, decoder: Decoder[T], sql: str, values: Sequence[object]) -> T | None:
    row = connection.execute(sql, values).fetchone()
    return None if row is None else decoder.decode(row[0])
