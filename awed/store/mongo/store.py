"""The store for production: a MongoDB database."""

from collections.abc import Awaitable, Collection
from datetime import datetime
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger
from zope.interface import implementer

from awed.model.access import Account, GroupRecord
from awed.model.client import Client
from awed.model.errors import Unavailable
from awed.model.node import NodeRecord
from awed.model.records import Batch, JobRecord, Secret, TaskRecord, Unfinished
from awed.model.states import UNFINISHED, JobState
from awed.model.times import NO_TIME
from awed.model.work import WorkRecord, WorkReport
from awed.store.document import sortable
from awed.store.interface import IStore, JobPage, JobQuery
from awed.store.mongo import query
from awed.store.mongo.database import Database
from awed.store.mongo.documents import RECORDS, Setting
from awed.store.mongo.lease import Holder, SharedWriter
from awed.store.mongo.reads import Reader
from awed.store.mongo.writer import encode

T = TypeVar("T")

JOBS_AT_ONCE = 500
"""Of how many jobs tasks and work are asked for at once."""


@implementer(IStore)
class MongoStore:
    """The store in the database that *uri* names: ``mongodb://host/database``. Raises :class:`ValueError` for a wrong
    URI. *shared*: it is used beside the daemon whose store it is.

    Every method may raise :class:`~awed.model.errors.StoreAway`; when the database is back the store goes on. A
    read beside a commit may see a part of what it writes.
    """

    _log = Logger()

    def __init__(self, uri: str, reactor: IReactorThreads, shared: bool = False) -> None:
        self._writing, self._reading = Database(uri), Database(uri)
        self._holder = SharedWriter(self._writing) if shared else Holder(self._writing, reactor)
        self._reader = Reader(self._reading)

    async def open(self) -> None:
        """Take the database. Raises :class:`ValueError` if another daemon has it, if it is of a newer awed, or if it
        refuses user and password."""
        self._writing.connect()
        self._reading.connect()
        try:
            await self._holder.begin()
        except BaseException:
            await self.close()
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
        jobs = await self._reader.all(JobRecord, {"state": {"$in": sorted(UNFINISHED)}})
        settings = await self._reader.all(Setting)
        ids = [record.job.id for record in jobs]
        return Unfinished(
            jobs=jobs,
            tasks=await self._of_jobs(TaskRecord, ids),
            work=await self._of_jobs(WorkRecord, ids),
            clients=await self._reader.all(Client),
            meta={setting.key: setting.value for setting in settings},
        )

    async def load_job(self, job_id: str) -> Unfinished | None:
        record = await self._reader.one(JobRecord, job_id)
        if record is None:
            return None
        tasks, work = await self._of_jobs(TaskRecord, [job_id]), await self._of_jobs(WorkRecord, [job_id])
        return Unfinished(jobs=[record], tasks=tasks, work=work, clients=[], meta={})

    async def job_ids(self, states: Collection[JobState]) -> list[str]:
        return await self._reading.keys("jobs", {"state": {"$in": [state.value for state in states]}})

    async def expired(self, now: datetime) -> list[str]:
        over = {"$gt": sortable(NO_TIME), "$lte": sortable(now)}
        finished = [state.value for state in JobState if state not in UNFINISHED]
        return await self._reading.keys("jobs", {"state": {"$in": finished}, "times.expiration": over})

    async def job(self, job_id: str) -> JobRecord | None:
        record = await self._reader.one(JobRecord, job_id)
        if record is not None:
            record.job.tasks = [task.task for task in await self._of_jobs(TaskRecord, [job_id])]
        return record

    async def jobs(self, wanted: JobQuery) -> JobPage:
        documents, total = await query.page(self._reading, wanted)
        jobs = [(await self._reader.decoded(JobRecord, document)).job for document in documents]
        by_id = {job.id: job for job in jobs}
        for task in await self._of_jobs(TaskRecord, list(by_id)):
            by_id[task.task.jobid].tasks.append(task.task)
        return JobPage(jobs, total)

    async def distinct(self, path: str, reader: str | None) -> list[object]:
        return await query.values(self._reading, path, reader)

    async def reports(self, job_id: str) -> list[WorkReport]:
        return await self._reader.all(WorkReport, {"job": job_id}, ["task", "rank"])

    async def report(self, work_id: str) -> WorkReport | None:
        return await self._reader.one(WorkReport, work_id)

    async def secret(self, key: str) -> Secret | None:
        return await self._reader.one(Secret, key)

    async def groups(self) -> list[GroupRecord]:
        return await self._reader.all(GroupRecord, order=["_id"])

    async def accounts(self) -> list[Account]:
        return await self._reader.all(Account, order=["_id"])

    async def account(self, name: str) -> Account | None:
        return await self._reader.one(Account, name)

    async def account_by_token(self, token_hash: str) -> Account | None:
        return await self._reader.first(Account, {"token_hash": token_hash})

    async def node(self, node_id: str) -> NodeRecord | None:
        return await self._reader.one(NodeRecord, node_id)

    async def nodes(self, after: str, limit: int) -> list[NodeRecord]:
        return await self._reader.all(NodeRecord, {"_id": {"$gt": after}}, ["_id"], limit)

    async def node_ids(self) -> list[str]:
        return await self._reading.keys("nodes", RECORDS)

    async def _of_jobs(self, record: type[T], job_ids: list[str]) -> list[T]:
        """The records that these jobs have, tasks of a job in order."""
        order = ["job", "position"] if record is TaskRecord else []
        found: list[T] = []
        for start in range(0, len(job_ids), JOBS_AT_ONCE):
            part = job_ids[start : start + JOBS_AT_ONCE]
            found += await self._reader.all(record, {"job": {"$in": part}}, order)
        return found
