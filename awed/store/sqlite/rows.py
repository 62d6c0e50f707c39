"""The statements and rows that write a batch. Records are encoded at once, so they may change afterwards."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from awed.model.ids import job_of
from awed.model.records import KINDS, Batch, JobRecord, Kind
from awed.store.document import bounded, sortable
from awed.store.readers import readers

Row = tuple[object, ...]


class Write(NamedTuple):
    """A statement, and the rows to execute it with."""

    sql: str
    rows: Sequence[Row]


_ADD_JOB = """INSERT INTO jobs (
    id, state, updatetime, completedtime, expiration, readers, submittime, priority, name, pipeline, clientgroups,
    project, service, user, submission, owner, parent
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, updatetime = excluded.updatetime
WHERE (state, updatetime) IS NOT (excluded.state, excluded.updatetime)"""

# Most changes of a job leave these columns as they were. Writing them for nothing would cost more than all the rest,
# as they have many indexes.
_CHANGE_JOB = """UPDATE jobs SET (
    completedtime, expiration, readers, submittime, priority, name, pipeline, clientgroups, project, service, user,
    submission, owner, parent
) = (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) WHERE id = ?1 AND (
    completedtime, expiration, readers, submittime, priority, name, pipeline, clientgroups, project, service, user,
    submission, owner, parent
) IS NOT (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"""


def table(kind: Kind[Any]) -> str:
    """The table with the records of a kind. Those of jobs are in ``job_docs``, as ``jobs`` has only columns."""
    return "job_docs" if kind.type is JobRecord else kind.name


def encode(batch: Batch) -> list[Write]:
    """The statements that write *batch*, in order."""
    writes = [
        *(write for removal in _REMOVALS if (ids := getattr(batch, removal.gone)) for write in removal.writes(ids)),
        *(write for kind in KINDS if (new := getattr(batch, kind.name)) for write in additions(kind, new)),
        Write("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(batch.meta.items())),
    ]
    return [write for write in writes if write.rows]


def additions(kind: Kind[Any], records: Sequence[Any]) -> Iterator[Write]:
    """The statements that insert or replace *records* of a kind."""
    if kind.type is JobRecord:
        jobs = [_job_row(record) for record in records]
        yield Write(_ADD_JOB, jobs)
        yield Write(_CHANGE_JOB, jobs)
    fields = tuple(kind.fields.values())
    yield Write(_ADD[kind.name], [(*[field(record) for field in fields], _json(record)) for record in records])


class _Removal(NamedTuple):
    """Deletes the records of a *kind* whose *field* is one of the ids in the batch's list *gone*."""

    kind: Kind[Any]
    gone: str
    field: str

    def writes(self, ids: Sequence[str]) -> Iterator[Write]:
        kind, field = self.kind, self.field
        if kind.type is JobRecord:
            yield Write("DELETE FROM jobs WHERE id = ?", [(id,) for id in ids])
        if kind.job in (field, None):
            yield Write(f"DELETE FROM {table(kind)} WHERE {field} = ?", [(id,) for id in ids])  # noqa: S608
        else:
            of_job = f"DELETE FROM {table(kind)} WHERE {kind.job} = ? AND {field} = ?"  # noqa: S608
            yield Write(of_job, [(job_of(id), id) for id in ids])


_REMOVALS = [_Removal(kind, gone, field) for kind in KINDS for gone, field in kind.gone.items()]


def _add(kind: Kind[Any]) -> str:
    columns, changed = [*kind.fields, "doc"], [*kind.also, "doc"]
    return (
        f"INSERT INTO {table(kind)} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changed)}"
    )


_ADD = {kind.name: _add(kind) for kind in KINDS}


def _job_row(record: JobRecord) -> Row:
    job, info = record.job, record.job.info
    return (
        job.id,
        job.state.value,
        sortable(job.updatetime),
        sortable(info.completedtime),
        sortable(job.expiration),
        _json(readers(record.acl)),
        sortable(info.submittime),
        bounded(info.priority),
        info.name,
        info.pipeline,
        info.clientgroups,
        info.project,
        info.service,
        info.user,
        _json(info.userattr["submission"]) if "submission" in info.userattr else None,
        record.acl.owner,
        info.parent or None,
    )


_encoder = msgspec.json.Encoder()


def _json(record: object) -> str:
    return _encoder.encode(record).decode()
