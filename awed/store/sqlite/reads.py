"""Reads from SQLite. All functions block, and decode the records too."""

import sqlite3
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from msgspec import Struct

from awed.model.records import HELD, JobRecord, Kind, T, TaskRecord, Unfinished, kind_of
from awed.model.states import UNFINISHED, JobState
from awed.model.times import NO_TIME
from awed.store.document import sortable
from awed.store.interface import PAGE, JobPage, JobQuery, RecordPage, TaskSum, Wanted
from awed.store.sqlite import query
from awed.store.sqlite.rows import table
from awed.store.sqlite.sql import Sql, among, select

# CROSS JOIN makes SQLite begin with the unfinished jobs, whatever it estimates of the numbers of rows.
_OF_UNFINISHED = """listing CROSS JOIN {table} ON {table}.{job} = listing.id
WHERE reader = 'all' AND listing.state IN ({states})"""

_EXPIRED = (
    "SELECT id FROM jobs WHERE expiration > ? AND expiration <= ? AND state IN ('completed', 'deleted') ORDER BY id"
)


def anything(connection: sqlite3.Connection) -> None:
    """Read something, to find out whether the database can be read."""
    connection.execute("SELECT value FROM meta LIMIT 1").fetchone()


def unfinished(connection: sqlite3.Connection) -> Unfinished:
    """See :meth:`IStore.load`."""
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
    """See :meth:`IStore.load_job`."""
    held: dict[str, Any] = {kind.name: all(kind.type, {kind.job: job_id}, connection) for kind in HELD if kind.job}
    return Unfinished(**held) if held["jobs"] else None


def job_ids(states: Collection[JobState], connection: sqlite3.Connection) -> list[str]:
    """See :meth:`IStore.job_ids`."""
    marks = ", ".join("?" * len(states))
    found = f"SELECT id FROM listing WHERE reader = 'all' AND state IN ({marks}) ORDER BY id"  # noqa: S608
    return [id for (id,) in connection.execute(found, sorted(states))]


def expired(now: datetime, connection: sqlite3.Connection) -> list[str]:
    """See :meth:`IStore.expired`."""
    return [id for (id,) in connection.execute(_EXPIRED, [sortable(NO_TIME), sortable(now)])]


def job(job_id: str, connection: sqlite3.Connection) -> JobRecord | None:
    """See :meth:`IStore.job`."""
    record, _ = _sized(job_id, connection)
    return record


def _sized(job_id: str, connection: sqlite3.Connection) -> tuple[JobRecord | None, int]:
    """A job with its tasks, and how many characters their records have."""
    jobs, tasks = kind_of(JobRecord), kind_of(TaskRecord)
    found = list(_texts(connection, *_having(jobs, {"id": job_id})))
    if not found:
        return None, 0
    found += _texts(connection, *_having(tasks, {"job": job_id}))
    record = jobs.decode(found[0])
    record.job.tasks = [tasks.decode(text).task for text in found[1:]]
    return record, sum(map(len, found))


def jobs(wanted: JobQuery, connection: sqlite3.Connection) -> JobPage:
    """See :meth:`IStore.jobs`."""
    ids, total = query.page(connection, wanted)
    records = whole(ids, connection)
    return JobPage([record.job for record in records if record is not None], total, ids[len(records) :])


def whole(ids: Sequence[str], connection: sqlite3.Connection) -> list[JobRecord | None]:
    """See :meth:`IStore.whole`."""
    records: list[JobRecord | None] = []
    size = 0
    for id in ids:
        if records and size >= PAGE:
            break
        record, length = _sized(id, connection)
        records.append(record)
        size += length
    return records


def found(wanted: JobQuery, connection: sqlite3.Connection) -> JobPage:
    """See :meth:`IStore.found`."""
    ids, total = query.page(connection, wanted)
    return JobPage([], total, ids)


def sums(job_ids: Sequence[str], connection: sqlite3.Connection) -> dict[str, TaskSum]:
    """See :meth:`IStore.sums`."""
    computetime = "sum(json_extract(doc, '$.task.computetime'))"
    of_jobs = select(f"job, count(*), {computetime}", Sql("tasks"), [among("job", job_ids)], Sql("GROUP BY job"))
    return {job_id: TaskSum(number, time) for job_id, number, time in connection.execute(*of_jobs)}


def heads(wanted: JobQuery, connection: sqlite3.Connection) -> RecordPage:
    """See :meth:`IStore.heads`."""
    ids, total = query.page(connection, wanted)
    records = [one(JobRecord, {"id": id}, connection) for id in ids]
    return RecordPage([record for record in records if record is not None], total)


def counts(reader: str | None, top: bool, connection: sqlite3.Connection) -> dict[JobState, int]:
    """See :meth:`IStore.counts`."""
    return query.counts(connection, reader, top)


def distinct(path: str, wanted: JobQuery, connection: sqlite3.Connection) -> list[object]:
    """See :meth:`IStore.distinct`."""
    return query.values(connection, path, wanted)


def one(record: type[T], fields: Mapping[str, object], connection: sqlite3.Connection) -> T | None:
    """See :meth:`IStore.one`."""
    found = all(record, fields, connection)
    return found[0] if found else None


def all(record: type[T], fields: Mapping[str, object], connection: sqlite3.Connection) -> list[T]:
    """See :meth:`IStore.all`."""
    kind = kind_of(record)
    return list(map(kind.decode, _texts(connection, *_having(kind, fields))))


def page(
    record: type[T],
    after: Sequence[str | int],
    limit: int,
    fields: Mapping[str, Wanted],
    connection: sqlite3.Connection,
) -> list[T]:
    """See :meth:`IStore.page`."""
    kind = kind_of(record)
    conditions = [among(name, [value] if isinstance(value, str | int) else value) for name, value in fields.items()]
    if after:
        rest = [name for name in kind.key if not isinstance(fields.get(name), str | int)]
        conditions.append(Sql(f"({', '.join(rest)}) > ({', '.join('?' * len(rest))})", after))
    tail = Sql(f"ORDER BY {', '.join(kind.key)} LIMIT ?", [limit])
    found: list[T] = []
    size = 0
    with closing(_texts(connection, *select("doc", Sql(table(kind)), conditions, tail))) as texts:
        for text in texts:
            found.append(kind.decode(text))
            size += len(text)
            if size >= PAGE:
                break
    return found


def last(record: type[T], connection: sqlite3.Connection) -> T | None:
    """See :meth:`IStore.last`."""
    kind = kind_of(record)
    found = _docs(connection, kind, f"{table(kind)} ORDER BY id DESC LIMIT 1")
    return found[0] if found else None


def ids(record: type[Struct], connection: sqlite3.Connection) -> list[str]:
    """See :meth:`IStore.ids`."""
    found = f"SELECT id FROM {table(kind_of(record))} ORDER BY id"  # noqa: S608
    return [id for (id,) in connection.execute(found)]


def _having(kind: Kind[Any], fields: Mapping[str, object]) -> Sql:
    """The query for the JSON of the records whose *fields* have these values, in the order of their keys."""
    conditions = [Sql(f"{name} = ?", [value]) for name, value in fields.items()]
    return select("doc", Sql(table(kind)), conditions, Sql(f"ORDER BY {', '.join(kind.key)}"))


def _docs(connection: sqlite3.Connection, kind: Kind[T], place: str, values: Sequence[object] = ()) -> list[T]:
    """The records in the rows of *place*, which is the rest of a SELECT after FROM."""
    return list(map(kind.decode, _texts(connection, f"SELECT doc FROM {place}", values)))  # noqa: S608


def _texts(connection: sqlite3.Connection, sql: str, values: Sequence[object]) -> Generator[str, None, None]:
    """The JSON of the records that a statement finds."""
    for (doc,) in connection.execute(sql, values):
        yield doc
