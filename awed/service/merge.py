"""Two batches, one after the other, as one."""

from collections.abc import Callable, Collection
from typing import Any

from awed.model.records import Batch

_Gone = tuple[str, str, Callable[[Any], str]]

_GONE: tuple[_Gone, ...] = (
    ("gone_jobs", "jobs", lambda record: record.job.id),
    ("gone_jobs", "tasks", lambda record: record.task.jobid),
    ("gone_jobs", "work", lambda record: record.jobid),
    ("gone_jobs", "reports", lambda record: record.jobid),
    ("gone_jobs", "secrets", lambda record: record.jobid),
    ("gone_work", "work", lambda record: record.wuid),
    ("gone_reports", "reports", lambda record: record.taskid),
    ("gone_clients", "clients", lambda record: record.id),
    ("gone_groups", "groups", lambda record: record.group.id),
    ("gone_accounts", "accounts", lambda record: record.name),
    ("gone_nodes", "nodes", lambda record: record.node.id),
)
"""Which list of gone ids takes which records along, and where a record has that id."""


def merge(batch: Batch, later: Batch) -> Batch:
    """*batch*, with *later* put into it, so that committing it has the effect of committing both in turn.

    In a batch what is gone goes before what is written: a record of *batch* that *later* says is gone must leave.
    """
    for gone, records, id_of in _GONE:
        ids: Collection[str] = set(getattr(later, gone))
        if ids:
            kept = [record for record in getattr(batch, records) if id_of(record) not in ids]
            setattr(batch, records, kept)
    for name in Batch.__struct_fields__:
        mine, theirs = getattr(batch, name), getattr(later, name)
        if isinstance(mine, dict):
            mine.update(theirs)
        elif theirs:
            mine.extend(theirs)
    return batch
