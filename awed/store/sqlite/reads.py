"""What is read: rows become records, in the thread that reads them."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from awed.model.records import HELD, JobRecord, Kind, T, TaskRecord, Unfinished, kind_of
from awed.model.states import UNFINISHED, JobState
from awed.model.times import NO_TIME
from awed.store.document import sortable
from awed.store.interface import JobPage, JobQuery
from awed.store.sqlite import query
from awed.store.sqlite.rows import table

# CROSS JOIN makes SQLite go from the unfinished jobs to their rows, however few or many rows there are.
_OF_UNFINISHED = """listing CROSS JOIN {table} ON {table}.{job} = listing.id
WHERE reader = 'all' AND listing.state IN ({states})"""

_EXPIRED = (
    "SELECT id FROM jobs WHERE expiration > ? AND expiration <= ? AND state IN ('completed', 'deleted') ORDER BY id"
)


def anything(connection: sqlite3.Connection) -> None:
    """See whether the database can be read."""
    connection.execute("SELECT value FROM meta LIMIT 1").fetchone()


def unfinished(connection: sqlite3.Connection) -> Unfinished:
    """All that the scheduler starts from."""
    states = ", ".join("?" * len(UNFINISHED))
    held: dict[str, Any] = {}
    for kind in HELD:
        if kind.job:
            place = _OF_UNFINISHED.format(table=table(kind), job=kind.job, states=states)
            held[kind.name] = _docs(connection, kind, place, sorted(UNFINISHED))
        else:
            held[kind.name] = _docs(connection, kind, table(kind))
    return Unfinished(**held, meta=dict(connection.execute("SELECT key, value FROM meta")))


def unfinished_job(job_id: str, connection: sqlite3.Connection) -> Unfinished | None:
    """The same of one job, in whatever state."""
    held: dict[str, Any] = {kind.name: all(kind.type, {kind.job: job_id}, connection) for kind in HELD if kind.job}
    return Unfinished(**held) if held["jobs"] else None


def job_ids(states: Collection[JobState], connection: sqlite3.Connection) -> list[str]:
    marks = ", ".join("?" * len(states))
    found = f"SELECT id FROM listing WHERE reader = 'all' AND state IN ({marks}) ORDER BY id"  # noqa: S608
    return [id for (id,) in connection.execute(found, sorted(states))]


def expired(now: datetime, connection: sqlite3.Connection) -> list[str]:
    return [id for (id,) in connection.execute(_EXPIRED, [sortable(NO_TIME), sortable(now)])]


def job(job_id: str, connection: sqlite3.Connection) -> JobRecord | None:
    """One job with its tasks."""
    record = one(JobRecord, {"id": job_id}, connection)
    if record is not None:
        record.job.tasks = [task.task for task in all(TaskRecord, {"job": job_id}, connection)]
    return record


def jobs(wanted: JobQuery, connection: sqlite3.Connection) -> JobPage:
    """A page of jobs with their tasks."""
    ids, total = query.page(connection, wanted)
    records = [job(id, connection) for id in ids]
    return JobPage([record.job for record in records if record is not None], total)


def distinct(path: str, wanted: JobQuery, connection: sqlite3.Connection) -> list[object]:
    return query.values(connection, path, wanted)


def one(record: type[T], fields: Mapping[str, object], connection: sqlite3.Connection) -> T | None:
    """The record that has these values in its fields."""
    found = all(record, fields, connection)
    return found[0] if found else None


def all(record: type[T], fields: Mapping[str, object], connection: sqlite3.Connection) -> list[T]:
    """The records that have these values in their fields, in order of their keys."""
    kind = kind_of(record)
    where = " AND ".join(f"{name} = ?" for name in fields) or "1"
    return _docs(
        connection, kind, f"{table(kind)} WHERE {where} ORDER BY {', '.join(kind.key)}", list(fields.values())
    )


def page(record: type[T], after: str, limit: int, connection: sqlite3.Connection) -> list[T]:
    """The first records of a kind with ids after *after*."""
    kind = kind_of(record)
    return _docs(connection, kind, f"{table(kind)} WHERE id > ? ORDER BY id LIMIT ?", [after, limit])


def ids(record: type[Struct], connection: sqlite3.Connection) -> list[str]:
    """The ids of all records of a kind."""
    found = f"SELECT id FROM {table(kind_of(record))} ORDER BY id"  # noqa: S608
    return [id for (id,) in connection.execute(found)]


def _docs(connection: sqlite3.Connection, kind: Kind[T], place: str, values: Sequence[object] = ()) -> list[T]:
    """The records in the rows of *place*, which is what comes after FROM."""
    return [kind.decode(doc) for (doc,) in connection.execute(f"SELECT doc FROM {place}", values)]  # noqa: S608
