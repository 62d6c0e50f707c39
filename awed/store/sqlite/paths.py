"""SQL for dotted paths of a job's document: a column, or a way through the JSON of the job or of its tasks.

Paths and values come from users. All are bound as parameters; none is put into the text of a statement.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from awed.store.document import FILE_LISTS, TIMES, Reading, from_sortable, names, read, shown, sortable
from awed.store.sqlite.sql import NEVER, Sql, among, any_of, select, within


class Column(NamedTuple):
    """A column of the table ``jobs`` that has the value at a path.

    *stored*: the values of the column that match a queried text. *shown*: the value in the document for one in the
    column. *ordered*: whether the column sorts as the path does.
    """

    name: str
    stored: Callable[[Reading], Sequence[object]]
    shown: Callable[[Any], object]
    ordered: bool = True


class Leaves(NamedTuple):
    """Tables and a condition that make the values of job ``j`` at a path rows ``v``; of a list, its elements."""

    tables: Sql
    condition: Sql


def column(path: str) -> Column | None:
    """The column that has the value at *path*, None if there is none."""
    return _COLUMNS.get(path)


def leaves(path: str) -> Leaves | None:
    """The query for the values at *path* in the documents, None if no document can have such a path."""
    parts = names(path)
    if parts is None:
        return None
    # The rows that json_each makes of an object are its members, with their names as keys: they are not at the path.
    if parts[0] != "tasks":
        tables = Sql("job_docs d, json_each(d.doc, ?) v", [_path("job", *parts)])
        return Leaves(tables, Sql("d.id = j.id AND typeof(v.key) <> 'text'"))
    if len(parts) > 2 and parts[1] in FILE_LISTS:
        in_file = [_path("task", parts[1]), _path(*parts[2:])]
        tables = Sql("tasks t, json_each(t.doc, ?) f, json_each(f.value, ?) v", in_file)
    else:
        tables = Sql("tasks t, json_each(t.doc, ?) v", [_path("task", *parts[1:])])
    return Leaves(tables, Sql("t.job = j.id AND typeof(v.key) <> 'text'"))


def condition(path: str, texts: Sequence[str]) -> Sql:
    """The condition that job ``j`` has a value at *path* that one of *texts* stands for."""
    readings = [read(text) for text in texts]
    known = column(path)
    if known:
        return among(f"j.{known.name}", [value for reading in readings for value in known.stored(reading)])
    found = leaves(path)
    if found is None:
        return NEVER
    return within("EXISTS (", select("1", found.tables, [found.condition, _matches(readings)]))


def order(path: str) -> Sql:
    """The expression by which jobs ``j`` are ordered for *path*; their id if jobs have no single value there."""
    known = column(path)
    if known and known.ordered:
        return Sql(f"j.{known.name}")
    found = None if path.startswith("tasks.") else leaves(path)
    if found is None:
        return Sql("j.id")
    value = "rtrim(v.value, 'Z')" if path in TIMES else "v.value"
    return within("(", select(value, found.tables, [found.condition, Sql("v.key IS NULL")]))


def is_quick_order(path: str) -> bool:
    """Whether :func:`order` needs no documents."""
    known = column(path)
    return known.ordered if known else path.startswith("tasks.")


def _path(*parts: str) -> str:
    return "$" + "".join(f'."{part}"' for part in parts)


def _matches(readings: Sequence[Reading]) -> Sql:
    """The condition that the row ``v`` of json_each has a value that one of *readings* stands for."""
    numbers = [reading.number for reading in readings if reading.number is not None]
    booleans = ["true" if reading.boolean else "false" for reading in readings if reading.boolean is not None]
    return any_of(
        [
            within(
                "(v.type = 'text' AND ", among("v.value", [text for reading in readings for text in reading.texts])
            ),
            within("(v.type IN ('integer', 'real') AND ", among("v.value", numbers)),
            among("v.type", booleans),
        ]
    )


def _texts(reading: Reading) -> Sequence[object]:
    return reading.texts


def _times(reading: Reading) -> Sequence[object]:
    return () if reading.time is None else (sortable(reading.time),)


def _numbers(reading: Reading) -> Sequence[object]:
    return () if reading.number is None else (reading.number,)


def _json_texts(reading: Reading) -> Sequence[object]:
    values: list[object] = [*reading.texts]
    if reading.boolean is not None:
        values.append(reading.boolean)
    if reading.number is not None:
        values.append(reading.number)
        if float(reading.number).is_integer():
            # A whole number may stand in JSON as 3 or 3.0.
            values += [int(reading.number), float(reading.number)]
    return [msgspec.json.encode(value).decode() for value in values]


def _same(value: object) -> object:
    return value


def _shown_time(text: str) -> str:
    return shown(from_sortable(text))


_COLUMNS = {
    "id": Column("id", _texts, _same),
    "state": Column("state", _texts, _same),
    "updatetime": Column("updatetime", _times, _shown_time),
    "expiration": Column("expiration", _times, _shown_time),
    "info.submittime": Column("submittime", _times, _shown_time),
    "info.completedtime": Column("completedtime", _times, _shown_time),
    "info.name": Column("name", _texts, _same),
    "info.pipeline": Column("pipeline", _texts, _same),
    "info.clientgroups": Column("clientgroups", _texts, _same),
    "info.project": Column("project", _texts, _same),
    "info.service": Column("service", _texts, _same),
    "info.user": Column("user", _texts, _same),
    "info.priority": Column("priority", _numbers, _same),
    "info.parent": Column("parent", _texts, _same),
    "info.userattr.submission": Column("submission", _json_texts, msgspec.json.decode, ordered=False),
}
