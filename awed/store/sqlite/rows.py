"""Records become rows: what one batch writes, encoded at once so that the records may change afterwards."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from awed.model.ids import job_of
from awed.model.records import Batch, JobRecord
from awed.store.document import bounded, sortable
from awed.store.readers import readers

Row = tuple[object, ...]


class Write(NamedTuple):
    """One statement, and the rows to run it with."""

    sql: str
    rows: Sequence[Row]


_ADD_JOB = """INSERT INTO jobs (
    id, state, updatetime, completedtime, expiration, readers, submittime, priority, name, pipeline, clientgroups,
    project, service, user, submission
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, updatetime = excluded.updatetime
WHERE (state, updatetime) IS NOT (excluded.state, excluded.updatetime)"""

# Nearly every change of a job leaves the other columns as they were. They have many indexes, so a needless write of
# them would cost more than all the rest.
_CHANGE_JOB = """UPDATE jobs SET (
    completedtime, expiration, readers, submittime, priority, name, pipeline, clientgroups, project, service, user,
    submission
) = (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) WHERE id = ?1 AND (
    completedtime, expiration, readers, submittime, priority, name, pipeline, clientgroups, project, service, user,
    submission
) IS NOT (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"""

_JOB_DOC = "INSERT INTO job_docs VALUES (?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"
_TASK = "INSERT INTO tasks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"
_WORK = "INSERT INTO work VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"
_REPORT = "INSERT INTO reports VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"
_SECRET = "INSERT INTO secrets VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"  # noqa: S105
_CLIENT = "INSERT INTO clients VALUES (?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"
_GROUP = "INSERT INTO groups VALUES (?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"
_ACCOUNT = "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)"
_NODE = "INSERT INTO nodes VALUES (?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc"
_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"

_GONE_JOB = [
    *(f"DELETE FROM {table} WHERE job = ?" for table in ("tasks", "work", "reports", "secrets")),  # noqa: S608
    "DELETE FROM job_docs WHERE id = ?",
    "DELETE FROM jobs WHERE id = ?",
]


def encode(batch: Batch) -> list[Write]:
    """What *batch* writes, in order."""
    return [write for write in (*_removals(batch), *_additions(batch)) if write.rows]


def _removals(batch: Batch) -> list[Write]:
    gone_jobs = _ids(batch.gone_jobs)
    return [
        *(Write(sql, gone_jobs) for sql in _GONE_JOB),
        Write("DELETE FROM work WHERE job = ? AND id = ?", [(job_of(id), id) for id in batch.gone_work]),
        Write("DELETE FROM reports WHERE job = ? AND task = ?", [(job_of(id), id) for id in batch.gone_reports]),
        Write("DELETE FROM clients WHERE id = ?", _ids(batch.gone_clients)),
        Write("DELETE FROM groups WHERE id = ?", _ids(batch.gone_groups)),
        Write("DELETE FROM accounts WHERE name = ?", _ids(batch.gone_accounts)),
        Write("DELETE FROM nodes WHERE id = ?", _ids(batch.gone_nodes)),
    ]


def _additions(batch: Batch) -> list[Write]:
    jobs = [_job_row(record) for record in batch.jobs]
    return [
        Write(_ADD_JOB, jobs),
        Write(_CHANGE_JOB, jobs),
        Write(_JOB_DOC, [(record.job.id, _json(record)) for record in batch.jobs]),
        Write(_TASK, [(record.task.jobid, record.index, _json(record)) for record in batch.tasks]),
        Write(_WORK, [(work.jobid, work.wuid, _json(work)) for work in batch.work]),
        Write(_REPORT, [(report.jobid, report.taskid, report.rank, _json(report)) for report in batch.reports]),
        Write(_SECRET, [(secret.jobid, secret.key, _json(secret)) for secret in batch.secrets]),
        Write(_CLIENT, [(client.id, _json(client)) for client in batch.clients]),
        Write(_GROUP, [(record.group.id, _json(record)) for record in batch.groups]),
        Write(_ACCOUNT, [(account.name, account.token_hash, _json(account)) for account in batch.accounts]),
        Write(_NODE, [(record.node.id, _json(record)) for record in batch.nodes]),
        Write(_META, list(batch.meta.items())),
    ]


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
    )


def _ids(ids: list[str]) -> list[Row]:
    return [(id,) for id in ids]


_encoder = msgspec.json.Encoder()


def _json(record: object) -> str:
    return _encoder.encode(record).decode()
