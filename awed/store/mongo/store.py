"""The store in a MongoDB database."""

from bisect import bisect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger
from zope.interface import implementer

from awed.model.errors import Unavailable
from awed.model.records import HELD, Batch, JobRecord, Kind, T, TaskRecord, Unfinished, kind_of
from awed.model.states import UNFINISHED, JobState
from awed.model.times import NO_TIME
from awed.store.document import sortable
from awed.store.interface import PAGE, IStore, JobPage, JobQuery, RecordPage, TaskSum, Wanted
from awed.store.mongo import query
from awed.store.mongo.database import AccessRefused, Database
from awed.store.mongo.documents import RECORDS, SETTINGS, later, place
from awed.store.mongo.lease import Holder, SharedWriter
from awed.store.mongo.reads import Reader
from awed.store.mongo.writer import encode

READ_TOGETHER = 100
"""Jobs that are read with their tasks at a time, if they are small."""

JOBS_AT_ONCE = 500
"""Jobs whose parts are read with one query."""


@implementer(IStore)
class MongoStore:
    """The store in the database at *uri*, ``mongodb://host/database``. Raises :class:`ValueError` for a wrong URI.

    *shared*: whether a daemon may be using it. *on_lost* is called once if another daemon takes it over.

    Every method may raise :class:`~awed.model.errors.StoreAway`, and works again once the database is back. A read
    beside a commit may see a part of what the commit writes.
    """

    _log = Logger()

    def __init__(
        self, uri: str, reactor: IReactorThreads, shared: bool = False, on_lost: Callable[[], None] = lambda: None
    ) -> None:
        self._writing, self._reading = Database(uri), Database(uri)
        self._holder = SharedWriter(self._writing) if shared else Holder(self._writing, reactor, on_lost)
        self._reader = Reader(self._reading, self._holder.turn)

    async def open(self) -> None:
        """Connect, take the lease unless *shared*, and convert a database of an older awed.

        Raises :class:`ValueError` if another daemon has it, if it is of a newer awed or of an older one and *shared*,
        and if it refuses user and password.
        """
        self._writing.connect()
        self._reading.connect()
        try:
            await self._holder.begin()
        except BaseException as error:
            await self.close()
            if isinstance(error, AccessRefused):
                raise ValueError(f"{error}") from error
            raise

    async def close(self) -> None:
        try:
            await self._holder.end()
        except Unavailable:
            self._log.warn("the database is away; its lease runs out by itself")
        await self._writing.disconnect()
        await self._reading.disconnect()

    async def check(self) -> None:
        self._holder.check()
        await self._reading.now()

    def commit(self, batch: Batch) -> Awaitable[None]:
        return Deferred.fromCoroutine(self._holder.write(encode(batch)))

    async def load(self) -> Unfinished:
        ids = await self.job_ids(UNFINISHED)
        others = {kind.name: await self._reader.all(kind) for kind in HELD if not kind.job}
        settings = await self._reader.all(SETTINGS)
        return Unfinished(
            **await self._held(ids), **others, meta={setting.key: setting.value for setting in settings}
        )

    async def load_job(self, job_id: str) -> Unfinished | None:
        held = await self._held([job_id])
        return Unfinished(**held) if held["jobs"] else None

    async def job_ids(self, states: Collection[JobState]) -> list[str]:
        return await self._reading.keys("jobs", {"state": {"$in": [state.value for state in states]}})

    async def expired(self, now: datetime) -> list[str]:
        over = {"$gt": sortable(NO_TIME), "$lte": sortable(now)}
        finished = [state.value for state in JobState if state not in UNFINISHED]
        return await self._reading.keys("jobs", {"state": {"$in": finished}, "times.expiration": over})

    async def job(self, job_id: str) -> JobRecord | None:
        record = await self.one(JobRecord, id=job_id)
        if record is not None:
            record.job.tasks = [task.task for task in await self.all(TaskRecord, job=job_id)]
        return record

    async def jobs(self, wanted: JobQuery) -> JobPage:
        ids, total = await query.page(self._reading, wanted)
        records = await self.whole(ids)
        return JobPage([record.job for record in records if record is not None], total, ids[len(records) :])

    async def whole(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        some = job_ids[:READ_TOGETHER]
        some = _first_of(some, await query.sizes(self._reading, some))
        found = await self._reader.all(kind_of(JobRecord), {"_id": {"$in": list(some)}})
        by_id = {record.job.id: record for record in found}
        # With tasks, a job's size is estimated by that of its document, which only jobs stored by awed 0.1.0 lack.
        taken = _first_of(some, {id: record.size for id, record in by_id.items()})
        for task in await self._of_jobs(kind_of(TaskRecord), "job", [id for id in taken if id in by_id]):
            by_id[task.task.jobid].job.tasks.append(task.task)
        return [by_id.get(id) for id in taken]

    async def found(self, wanted: JobQuery) -> JobPage:
        ids, total = await query.page(self._reading, wanted)
        return JobPage([], total, ids)

    async def sums(self, job_ids: Sequence[str]) -> dict[str, TaskSum]:
        return await query.sums(self._reading, job_ids)

    async def heads(self, wanted: JobQuery) -> RecordPage:
        ids, total = await query.page(self._reading, wanted)
        found = await self._reader.all(kind_of(JobRecord), {"_id": {"$in": ids}})
        by_id = {record.job.id: record for record in found}
        return RecordPage([by_id[id] for id in ids if id in by_id], total)

    async def counts(self, reader: str | None, top: bool = False) -> dict[JobState, int]:
        return await query.counts(self._reading, reader, top)

    async def distinct(self, path: str, wanted: JobQuery) -> list[object]:
        return await query.values(self._reading, path, wanted)

    async def one(self, record: type[T], **fields: str | int) -> T | None:
        return await self._reader.one(kind_of(record), place(fields))

    async def all(self, record: type[T], **fields: str | int) -> list[T]:
        return await self._reader.all(kind_of(record), place(fields))

    async def page(self, record: type[T], after: Sequence[str | int], limit: int, **fields: Wanted) -> list[T]:
        kind = kind_of(record)
        single = {name: value for name, value in fields.items() if isinstance(value, str | int)}
        several = {name: {"$in": list(value)} for name, value in fields.items() if not isinstance(value, str | int)}
        where = place({**single, **several}) | later([name for name in kind.key if name not in single], after)
        return await self._reader.page(kind, where, limit)

    async def last(self, record: type[T]) -> T | None:
        return await self._reader.last(kind_of(record))

    async def ids(self, record: type[Struct]) -> list[str]:
        return await self._reading.keys(kind_of(record).name, RECORDS)

    async def _held(self, job_ids: list[str]) -> dict[str, Any]:
        """The records of these jobs that the scheduler needs, by kind."""
        return {kind.name: await self._of_jobs(kind, kind.job, job_ids) for kind in HELD if kind.job}

    async def _of_jobs(self, kind: Kind[T], job: str, job_ids: list[str]) -> list[T]:
        """The records whose field *job* is one of these ids."""
        found: list[T] = []
        for start in range(0, len(job_ids), JOBS_AT_ONCE):
            part = job_ids[start : start + JOBS_AT_ONCE]
            found += await self._reader.all(kind, place({job: {"$in": part}}))
        return found


def _first_of(job_ids: Sequence[str], sizes: Mapping[str, int]) -> Sequence[str]:
    """The first of these jobs, whose *sizes* are about PAGE together, at least one."""
    return job_ids[: max(1, bisect(list(accumulate(sizes.get(id, 0) for id in job_ids)), PAGE))]
