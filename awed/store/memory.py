"""A store in memory, for tests; and the plainest statement of what a store does.

Records are kept encoded, so that nobody shares an object with the store.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from twisted.internet.defer import fail, succeed
from zope.interface import implementer

from awed.model.access import Account, GroupRecord
from awed.model.client import Client
from awed.model.errors import StoreAway
from awed.model.ids import new_id
from awed.model.node import NodeRecord
from awed.model.records import Batch, JobRecord, Secret, TaskRecord, Unfinished
from awed.model.states import UNFINISHED, JobState
from awed.model.times import NO_TIME
from awed.model.work import WorkRecord, WorkReport
from awed.store.document import distinct
from awed.store.interface import IStore, JobPage, JobQuery
from awed.store.search import Found

T = TypeVar("T")


class Table(Generic[T]):
    """Encoded records by key."""

    def __init__(self, record: type[T], key: Callable[[T], object]) -> None:
        self._decoder = msgspec.json.Decoder(record)
        self._key = key
        self._docs: dict[object, bytes] = {}

    def put(self, records: Iterable[T]) -> None:
        self._docs.update((self._key(record), msgspec.json.encode(record)) for record in records)

    def drop(self, keys: Iterable[object]) -> None:
        for key in keys:
            self._docs.pop(key, None)

    def get(self, key: object) -> T | None:
        doc = self._docs.get(key)
        return None if doc is None else self._decoder.decode(doc)

    def where(self, condition: Callable[[T], bool]) -> list[T]:
        return [record for record in map(self._decoder.decode, self._docs.values()) if condition(record)]

    def drop_where(self, condition: Callable[[T], bool]) -> None:
        self.drop([self._key(record) for record in self.where(condition)])

    def all(self) -> list[T]:
        return self.where(lambda record: True)


@implementer(IStore)
class MemoryStore:
    """Keeps what it was given for as long as the object lives; ``close`` and ``open`` again lose nothing."""

    def __init__(self) -> None:
        self._open = False
        self._meta = {"server_uuid": new_id()}
        self._jobs = Table(JobRecord, lambda record: record.job.id)
        self._tasks = Table(TaskRecord, lambda record: (record.task.jobid, record.index))
        self._work = Table(WorkRecord, lambda work: work.wuid)
        self._reports = Table(WorkReport, lambda report: report.wuid)
        self._clients = Table(Client, lambda client: client.id)
        self._secrets = Table(Secret, lambda secret: secret.key)
        self._groups = Table(GroupRecord, lambda record: record.group.id)
        self._accounts = Table(Account, lambda account: account.name)
        self._nodes = Table(NodeRecord, lambda record: record.node.id)

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
        self._remove(batch)
        self._jobs.put(batch.jobs)
        self._tasks.put(batch.tasks)
        self._work.put(batch.work)
        self._reports.put(batch.reports)
        self._clients.put(batch.clients)
        self._secrets.put(batch.secrets)
        self._groups.put(batch.groups)
        self._accounts.put(batch.accounts)
        self._nodes.put(batch.nodes)
        self._meta.update(batch.meta)
        return succeed(None)

    async def load(self) -> Unfinished:
        jobs = self._read(self._jobs).where(lambda record: record.job.state in UNFINISHED)
        ids = {record.job.id for record in jobs}
        return Unfinished(
            jobs=jobs,
            tasks=self._tasks.where(lambda record: record.task.jobid in ids),
            work=self._work.where(lambda work: work.jobid in ids),
            clients=self._clients.all(),
            meta=dict(self._meta),
        )

    async def load_job(self, job_id: str) -> Unfinished | None:
        record = self._read(self._jobs).get(job_id)
        if record is None:
            return None
        return Unfinished(
            jobs=[record],
            tasks=self._tasks.where(lambda task: task.task.jobid == job_id),
            work=self._work.where(lambda work: work.jobid == job_id),
            clients=[],
            meta={},
        )

    async def job_ids(self, states: Collection[JobState]) -> list[str]:
        return sorted(record.job.id for record in self._read(self._jobs).where(lambda job: job.job.state in states))

    async def expired(self, now: datetime) -> list[str]:
        def over(record: JobRecord) -> bool:
            return record.job.state not in UNFINISHED and NO_TIME < record.job.expiration <= now

        return sorted(record.job.id for record in self._read(self._jobs).where(over))

    async def job(self, job_id: str) -> JobRecord | None:
        record = self._read(self._jobs).get(job_id)
        return None if record is None else self._whole(record)

    async def jobs(self, query: JobQuery) -> JobPage:
        found = [found for found in self._found() if found.matches(query)]
        found.sort(key=lambda found: found.place(query.order), reverse=query.descending)
        end = query.offset + query.limit if query.limit else None
        return JobPage([found.job for found in found[query.offset : end]], len(found))

    async def distinct(self, path: str, reader: str | None) -> list[object]:
        return distinct(leaf for found in self._found() if found.readable(reader) for leaf in found.leaves(path))

    async def reports(self, job_id: str) -> list[WorkReport]:
        reports = self._read(self._reports).where(lambda report: report.jobid == job_id)
        return sorted(reports, key=lambda report: (report.taskid, report.rank))

    async def report(self, work_id: str) -> WorkReport | None:
        return self._read(self._reports).get(work_id)

    async def secret(self, key: str) -> Secret | None:
        return self._read(self._secrets).get(key)

    async def groups(self) -> list[GroupRecord]:
        return sorted(self._read(self._groups).all(), key=lambda record: record.group.id)

    async def accounts(self) -> list[Account]:
        return sorted(self._read(self._accounts).all(), key=lambda account: account.name)

    async def account(self, name: str) -> Account | None:
        return self._read(self._accounts).get(name)

    async def account_by_token(self, token_hash: str) -> Account | None:
        found = self._read(self._accounts).where(lambda account: account.token_hash == token_hash)
        return found[0] if found else None

    async def node(self, node_id: str) -> NodeRecord | None:
        return self._read(self._nodes).get(node_id)

    async def nodes(self, after: str, limit: int) -> list[NodeRecord]:
        found = self._read(self._nodes).where(lambda record: record.node.id > after)
        return sorted(found, key=lambda record: record.node.id)[:limit]

    async def node_ids(self) -> list[str]:
        return sorted(record.node.id for record in self._read(self._nodes).all())

    def _read(self, table: Table[T]) -> Table[T]:
        if not self._open:
            raise StoreAway("database: it is not open")
        return table

    def _found(self) -> list[Found]:
        return [Found(self._whole(record).job, record.acl) for record in self._read(self._jobs).all()]

    def _whole(self, record: JobRecord) -> JobRecord:
        tasks = self._tasks.where(lambda task: task.task.jobid == record.job.id)
        record.job.tasks = [task.task for task in sorted(tasks, key=lambda task: task.index)]
        return record

    def _remove(self, batch: Batch) -> None:
        self._jobs.drop(batch.gone_jobs)
        for job_id in batch.gone_jobs:
            self._drop_parts(job_id)
        if gone_reports := set(batch.gone_reports):
            self._reports.drop_where(lambda report: report.taskid in gone_reports)
        self._work.drop(batch.gone_work)
        self._clients.drop(batch.gone_clients)
        self._groups.drop(batch.gone_groups)
        self._accounts.drop(batch.gone_accounts)
        self._nodes.drop(batch.gone_nodes)

    def _drop_parts(self, job_id: str) -> None:
        self._tasks.drop_where(lambda record: record.task.jobid == job_id)
        self._work.drop_where(lambda work: work.jobid == job_id)
        self._reports.drop_where(lambda report: report.jobid == job_id)
        self._secrets.drop_where(lambda secret: secret.jobid == job_id)
