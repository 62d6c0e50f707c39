"""A store in memory: for tests without a database, and the simplest statement of what a store does.

Records are kept encoded, so that the store shares no objects with its callers.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic

import msgspec
from msgspec import Struct
from twisted.internet.defer import fail, succeed
from zope.interface import implementer

from awed.model.errors import StoreAway
from awed.model.ids import new_id
from awed.model.records import HELD, KINDS, Batch, JobRecord, Kind, T, TaskRecord, Unfinished, kind_of
from awed.model.states import UNFINISHED, JobState
from awed.model.times import NO_TIME
from awed.store.document import distinct
from awed.store.interface import PAGE, IStore, JobPage, JobQuery, RecordPage, TaskSum, Wanted
from tests.unit.store.search import Found


class Table(Generic[T]):
    """The records of one kind, encoded, by id."""

    def __init__(self, kind: Kind[T]) -> None:
        self._kind = kind
        self._docs: dict[str, bytes] = {}

    def put(self, records: Iterable[T]) -> None:
        self._docs.update((self._kind.id(record), msgspec.json.encode(record)) for record in records)

    def get(self, id: str) -> T | None:
        doc = self._docs.get(id)
        return None if doc is None else self._kind.decode(doc)

    def where(self, condition: Callable[[T], bool] = lambda record: True) -> list[T]:
        """The records for which *condition* holds, in the order of their keys."""
        found = [record for record in map(self._kind.decode, self._docs.values()) if condition(record)]
        return sorted(found, key=lambda record: [field(record) for field in self._kind.key.values()])

    def having(self, fields: Mapping[str, Collection[object]]) -> list[T]:
        """The records that have, in each of these *fields*, one of the values given for it."""
        wanted = [(self._kind.fields[name], values) for name, values in fields.items()]
        return self.where(lambda record: all(field(record) in values for field, values in wanted))

    def drop(self, batch: Batch) -> None:
        """Remove the records that *batch* deletes."""
        for gone, field in self._kind.gone.items():
            if ids := set(getattr(batch, gone)):
                for record in self.having({field: ids}):
                    del self._docs[self._kind.id(record)]


def _some(records: Sequence[Any]) -> list[Any]:
    """The first of *records*, about PAGE bytes of them."""
    size, found = 0, list[Any]()
    for record in records:
        if found and size >= PAGE:
            break
        found.append(record)
        size += len(msgspec.json.encode(record))
    return found


@implementer(IStore)
class MemoryStore:
    """Keeps records as long as the object lives, also while it is closed."""

    def __init__(self) -> None:
        self._open = False
        self._meta = {"server_uuid": new_id()}
        self._tables: dict[str, Table[Any]] = {kind.name: Table(kind) for kind in KINDS}

    async def open(self) -> None:
        self._open = True

    async def close(self) -> None:
        self._open = False

    async def check(self) -> None:
        if not self._open:
            raise StoreAway("database: it is not open")

    def commit(self, batch: Batch) -> Awaitable[None]:
        if not self._open:
            return fail(StoreAway("database: it is not open"))
        for name, table in self._tables.items():
            table.drop(batch)
            table.put(getattr(batch, name))
        self._meta.update(batch.meta)
        return succeed(None)

    async def load(self) -> Unfinished:
        jobs = self._table(JobRecord).where(lambda record: record.job.state in UNFINISHED)
        others: dict[str, Any] = {kind.name: self._tables[kind.name].where() for kind in HELD if not kind.job}
        return Unfinished(**self._held({record.job.id for record in jobs}), **others, meta=dict(self._meta))

    async def load_job(self, job_id: str) -> Unfinished | None:
        return None if self._table(JobRecord).get(job_id) is None else Unfinished(**self._held({job_id}))

    async def job_ids(self, states: Collection[JobState]) -> list[str]:
        return [record.job.id for record in self._table(JobRecord).where(lambda job: job.job.state in states)]

    async def expired(self, now: datetime) -> list[str]:
        def over(record: JobRecord) -> bool:
            return record.job.state not in UNFINISHED and NO_TIME < record.job.expiration <= now

        return [record.job.id for record in self._table(JobRecord).where(over)]

    async def job(self, job_id: str) -> JobRecord | None:
        record = self._table(JobRecord).get(job_id)
        return None if record is None else self._whole(record)

    async def jobs(self, query: JobQuery) -> JobPage:
        page, total = self._page(query)
        ids = [found.job.id for found in page]
        jobs = await self.whole(ids)
        return JobPage([record.job for record in jobs if record is not None], total, ids[len(jobs) :])

    async def whole(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        return _some([await self.job(job_id) for job_id in job_ids])

    async def found(self, query: JobQuery) -> JobPage:
        page, total = self._page(query)
        return JobPage([], total, [found.job.id for found in page])

    async def sums(self, job_ids: Sequence[str]) -> dict[str, TaskSum]:
        tasks = {id: [record.task for record in self._table(TaskRecord).having({"job": [id]})] for id in job_ids}
        return {id: TaskSum(len(its), sum(task.computetime for task in its)) for id, its in tasks.items() if its}

    async def heads(self, query: JobQuery) -> RecordPage:
        page, total = self._page(query)
        records = [self._table(JobRecord).get(found.job.id) for found in page]
        return RecordPage([record for record in records if record is not None], total)

    async def counts(self, reader: str | None, top: bool = False) -> dict[JobState, int]:
        return Counter(found.job.state for found in self._found() if found.matches(JobQuery(reader=reader, top=top)))

    async def distinct(self, path: str, query: JobQuery) -> list[object]:
        return distinct(leaf for found in self._found() if found.matches(query) for leaf in found.leaves(path))

    async def one(self, record: type[T], **fields: str | int) -> T | None:
        found = await self.all(record, **fields)
        return found[0] if found else None

    async def all(self, record: type[T], **fields: str | int) -> list[T]:
        return self._table(record).having({name: [value] for name, value in fields.items()})

    async def page(self, record: type[T], after: Sequence[str | int], limit: int, **fields: Wanted) -> list[T]:
        kind = kind_of(record)
        rest = [kind.key[name] for name in kind.key if not isinstance(fields.get(name), str | int)]
        wanted = {name: [value] if isinstance(value, str | int) else value for name, value in fields.items()}
        found = self._table(record).having(wanted)
        later = [one for one in found if not after or [field(one) for field in rest] > list(after)]
        return _some(later[:limit])

    async def last(self, record: type[T]) -> T | None:
        id = kind_of(record).id
        return max(self._table(record).where(), key=id, default=None)

    async def ids(self, record: type[Struct]) -> list[str]:
        return [kind_of(record).id(found) for found in self._table(record).where()]

    def _table(self, record: type[T]) -> Table[T]:
        if not self._open:
            raise StoreAway("database: it is not open")
        return self._tables[kind_of(record).name]

    def _held(self, job_ids: set[str]) -> dict[str, Any]:
        """The records of these jobs that the scheduler needs, by kind."""
        return {kind.name: self._tables[kind.name].having({kind.job: job_ids}) for kind in HELD if kind.job}

    def _page(self, query: JobQuery) -> tuple[list[Found], int]:
        """The jobs in the page of *query*, and the number of all matching jobs."""
        found = [found for found in self._found() if found.matches(query)]
        found.sort(key=lambda found: found.place(query.order), reverse=query.descending)
        end = query.offset + query.limit if query.limit else None
        return found[query.offset : end], len(found)

    def _found(self) -> list[Found]:
        return [Found(self._whole(record).job, record.acl) for record in self._table(JobRecord).where()]

    def _whole(self, record: JobRecord) -> JobRecord:
        record.job.tasks = [task.task for task in self._table(TaskRecord).having({"job": [record.job.id]})]
        return record
