"""Job queries in SQL: the ids of a page, the number of jobs that match, and distinct values."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from awed.model.errors import Invalid
from awed.model.states import JobState
from awed.store.document import distinct, folded, sortable, too_slow
from awed.store.interface import JobQuery
from awed.store.readers import seen_by
from awed.store.sqlite import paths
from awed.store.sqlite.paths import Column
from awed.store.sqlite.sql import Sql, among, any_of, select, within

STEPS = 100_000
"""Instructions of SQLite's virtual machine between two checks of the time limit; they take some milliseconds."""


@contextmanager
def limited(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Context that interrupts *connection* after *seconds*, and then raises :class:`~awed.model.errors.Invalid`."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise Invalid(too_slow(seconds)) from None
    finally:
        connection.set_progress_handler(None, STEPS)


_JOBS = Sql("jobs j")
_IS_STEP = Sql("j.parent IS NOT NULL")

LIMIT = 30.0
"""Seconds that a search may take."""

LARGE = 1000
"""Jobs of the largest page that is read quickly."""

_LAST = "\U0010ffff"
"""The highest character: it sorts after all others."""


def page(connection: sqlite3.Connection, query: JobQuery) -> tuple[list[str], int]:
    """The ids of the page, in order, and how many jobs match in all.

    Raises :class:`~awed.model.errors.Invalid` if the search takes over LIMIT.
    """
    conditions = _conditions(query)
    listed = not conditions and query.order == "updatetime"
    with limited(connection, LIMIT):
        ids = [id for (id,) in _run(connection, _listed(query) if listed else _searched(query, conditions))]
        ((total,),) = _run(connection, _total(query, conditions))
    return ids, total


def is_deep(*fields: str) -> bool:
    """Whether one of these paths can only be searched in the documents."""
    return any(paths.column(path) is None for path in fields)


def counts(connection: sqlite3.Connection, reader: str | None, top: bool) -> dict[JobState, int]:
    """See :meth:`IStore.counts`."""
    tail = Sql("GROUP BY state")
    rows = _run(connection, select("state, sum(number)", Sql("counts"), [among("reader", seen_by(reader))], tail))
    found = Counter({JobState(state): number for state, number in rows})
    if top:
        steps = [_IS_STEP, *_readable(reader)]
        found.subtract(dict(_run(connection, select("j.state, count(*)", _JOBS, steps, Sql("GROUP BY j.state")))))
    return found


def is_long(query: JobQuery) -> bool:
    """Whether the query may take long: the page is large, or all names or documents must be searched."""
    is_large = not 0 < query.limit <= LARGE
    return is_large or bool(query.words) or is_deep(*query.fields) or not paths.is_quick_order(query.order)


def values(connection: sqlite3.Connection, path: str, query: JobQuery) -> list[object]:
    """The distinct values at *path* of the jobs that match *query*.

    Raises :class:`~awed.model.errors.Invalid` if the search takes over LIMIT.
    """
    column = paths.column(path)
    with limited(connection, LIMIT):
        return _in_column(connection, column, query) if column else _in_documents(connection, path, query)


def _in_column(connection: sqlite3.Connection, column: Column, query: JobQuery) -> list[object]:
    conditions = [*_conditions(query), *_top(query), *_stated(query)]
    if query.reader is None:
        tables = _JOBS
    else:
        # CROSS JOIN: from the listing of the reader to the jobs. It is fast for a reader of few jobs, and for one of
        # most jobs not much slower than the other way round.
        tables = Sql("listing l CROSS JOIN jobs j ON j.key = l.key")
        conditions.append(among("l.reader", seen_by(query.reader)))
    rows = _run(connection, select(f"DISTINCT j.{column.name}", tables, conditions))
    return distinct(column.shown(value) for (value,) in rows if value is not None)


def _in_documents(connection: sqlite3.Connection, path: str, query: JobQuery) -> list[object]:
    leaves = paths.leaves(path)
    if leaves is None:
        return []
    scalars = [leaves.condition, Sql("v.type NOT IN ('array', 'object')")]
    matching = [*_conditions(query), *_top(query), *_stated(query), *_readable(query.reader)]
    tables = within("jobs j, ", leaves.tables, "")
    rows = _run(connection, select("DISTINCT v.type, v.value", tables, [*scalars, *matching]))
    return distinct({"true": True, "false": False}.get(kind, value) for kind, value in rows)


def _run(connection: sqlite3.Connection, sql: Sql) -> sqlite3.Cursor:
    return connection.execute(sql.text, sql.values)


def _listed(query: JobQuery) -> Sql:
    """The query for a page in the order of update times, without other conditions than reader and states.

    ``listing`` is in this order for each reader and state, so the page is among the first rows of each of these: the
    cost does not grow with the number of jobs.
    """
    order = f"ORDER BY updatetime {_direction(query)}, id {_direction(query)}"
    top = "AND (SELECT parent FROM jobs j WHERE j.key = listing.key) IS NULL" if query.top else ""
    rows = f"SELECT updatetime, id FROM listing WHERE reader = ? AND state = ? {top} {order} LIMIT ?"  # noqa: S608
    arm = f"SELECT * FROM ({rows})"  # noqa: S608
    first = query.offset + query.limit if query.limit else -1
    values = [(reader, state, first) for reader in seen_by(query.reader) for state in _states(query)]
    arms = Sql(" UNION ALL ".join([arm] * len(values)), list(chain.from_iterable(values)))
    return select("id", within("(", arms), [], Sql(f"{order} LIMIT ? OFFSET ?", [query.limit or -1, query.offset]))


def _searched(query: JobQuery, conditions: list[Sql]) -> Sql:
    """The query for any other page."""
    tail = within(
        "ORDER BY ", paths.order(query.order), f" {_direction(query)}, j.id {_direction(query)} LIMIT ? OFFSET ?"
    )
    tail = Sql(tail.text, [*tail.values, query.limit or -1, query.offset])
    return select("j.id", _JOBS, [*conditions, *_top(query), *_stated(query), *_readable(query.reader)], tail)


def _total(query: JobQuery, conditions: list[Sql]) -> Sql:
    rest = [*_stated(query), *_readable(query.reader)]
    if conditions:
        return select("count(*)", _JOBS, [*conditions, *_top(query), *rest])
    kept = [among("reader", seen_by(query.reader)), among("state", _states(query))]
    counted = select("coalesce(sum(number), 0)", Sql("counts"), kept)
    if not query.top:
        return counted
    steps = select("count(*)", _JOBS, [_IS_STEP, *rest])  # far fewer than jobs, as a rule
    return Sql(f"SELECT ({counted.text}) - ({steps.text})", [*counted.values, *steps.values])


def _conditions(query: JobQuery) -> list[Sql]:
    """The conditions on fields, id and times."""
    conditions = [paths.condition(path, texts) for path, texts in query.fields.items()]
    if query.owner:
        conditions.append(Sql("j.owner = ?", [query.owner]))
    if query.id_prefix:
        conditions.append(Sql("(j.id >= ? AND j.id < ?)", [query.id_prefix, query.id_prefix + _LAST]))
    if query.ids is not None:
        conditions.append(among("j.id", query.ids))
    conditions += [Sql("instr(lower(j.name), ?)", [folded(word)]) for word in query.words]
    if query.span:
        span = [sortable(moment) for moment in query.span]
        times = ("submittime", "completedtime")
        conditions.append(any_of([Sql(f"(j.{time} >= ? AND j.{time} < ?)", span) for time in times]))
    return conditions


def _top(query: JobQuery) -> list[Sql]:
    return [Sql("j.parent IS NULL")] if query.top else []


def _stated(query: JobQuery) -> list[Sql]:
    return [among("j.state", query.states)] if query.states else []


def _readable(reader: str | None) -> list[Sql]:
    if reader is None:
        return []
    listed = [Sql("l.key = j.key"), among("l.reader", seen_by(reader))]
    return [within("EXISTS (", select("1", Sql("listing l"), listed))]


def _states(query: JobQuery) -> list[JobState]:
    return list(dict.fromkeys(query.states)) or list(JobState)


def _direction(query: JobQuery) -> str:
    return "DESC" if query.descending else "ASC"
