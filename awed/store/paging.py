"""Reads records page by page, where they may be too many or too large to be held at once."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from awed.model.records import T, kind_of
from awed.model.work import PerfRecord, WorkReport
from awed.store.interface import IStore, Wanted

AT_ONCE = 500
"""Records in a page; fewer if they are large."""

TASKS = 100
"""Tasks whose records are read together, if they fit into a page."""


async def every(store: IStore, record: type[T], **fields: Wanted) -> AsyncIterator[T]:
    """The records whose *fields*, which are fields of their key, have these values, in the order of their keys."""
    key = kind_of(record).key
    rest = [key[name] for name in key if not isinstance(fields.get(name), str | int)]
    after: list[str | int] = []
    while page := await store.page(record, after, AT_ONCE, **fields):
        for one in page:
            yield one
        after = [field(page[-1]) for field in rest]


Told = TypeVar("Told", WorkReport, PerfRecord)
"""What is kept of a workunit that is done."""


async def by_task(
    store: IStore, record: type[Told], job_id: str, task_ids: Sequence[str]
) -> AsyncIterator[AsyncIterator[Told]]:
    """For each of these tasks its records, in the order of ranks. They must be read before those of the next task."""
    for start in range(0, len(task_ids), TASKS):
        some = task_ids[start : start + TASKS]
        page = await store.page(record, [], AT_ONCE, job=job_id, task=some)
        is_all = not page or not await store.page(record, [page[-1].taskid, page[-1].rank], 1, job=job_id, task=some)
        for task_id in some:
            if is_all:
                yield _those_of(task_id, page)
            else:
                yield every(store, record, job=job_id, task=task_id)


async def _those_of(task_id: str, records: Sequence[Told]) -> AsyncIterator[Told]:
    for record in records:
        if record.taskid == task_id:
            yield record
