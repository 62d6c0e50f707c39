"""The store in an SQLite file, which one thread writes and three others read."""

import sqlite3
from collections.abc import Awaitable, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from msgspec import Struct
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger
from zope.interface import implementer

from awed.model.records import Batch, JobRecord, T, Unfinished
from awed.model.states import JobState
from awed.store.interface import IStore, JobPage, JobQuery, RecordPage, TaskSum, Wanted
from awed.store.sqlite import reads, rows
from awed.store.sqlite.connections import ConnectedThreads, connect_reader, connect_writer
from awed.store.sqlite.query import is_deep, is_long
from awed.store.sqlite.schema import prepare
from awed.store.sqlite.upkeep import copy, faults
from awed.store.versions import current
from awed.tx.threads import in_threads_of


@implementer(IStore)
class SqliteStore:
    """The store in the file *path*, which is made if missing, readable by its owner only.

    *shared*: whether a daemon may be using it. Every method may raise :class:`~awed.model.errors.StoreAway`, and
    works again once the cause is gone.
    """

    _log = Logger()

    def __init__(self, path: Path, reactor: IReactorThreads, shared: bool = False) -> None:
        self._path = path
        self._shared = shared
        self._in_thread = in_threads_of(reactor)
        self._writer = ConnectedThreads(reactor, "sqlite-writer", 1, partial(connect_writer, path))
        self._readers = ConnectedThreads(reactor, "sqlite-reader", 2, partial(connect_reader, path))
        # Queries that take long have a thread of their own, so that others do not wait for them.
        self._searcher = ConnectedThreads(reactor, "sqlite-searcher", 1, partial(connect_reader, path))

    async def open(self) -> None:
        """Make the file, or convert that of an older awed.

        Raises :class:`ValueError` if it is no SQLite database, of a newer awed, or of an older one and *shared*.
        """
        version = await self._in_thread(prepare, self._path, self._shared)
        if version not in (0, current()):
            self._log.info("the database had schema version {old}, and has {new} now", old=version, new=current())
        self._writer.start()
        self._readers.start()
        self._searcher.start()

    async def close(self) -> None:
        await self._searcher.stop()
        await self._readers.stop()
        await self._writer.stop()

    async def check(self) -> None:
        await self._readers.run(reads.anything)

    def commit(self, batch: Batch) -> Awaitable[None]:
        return self._writer.run(partial(_write, rows.encode(batch)), begin="BEGIN IMMEDIATE")

    def load(self) -> Awaitable[Unfinished]:
        return self._readers.run(reads.unfinished)

    def load_job(self, job_id: str) -> Awaitable[Unfinished | None]:
        return self._readers.run(partial(reads.unfinished_job, job_id))

    def job_ids(self, states: Collection[JobState]) -> Awaitable[list[str]]:
        return self._readers.run(partial(reads.job_ids, states))

    def expired(self, now: datetime) -> Awaitable[list[str]]:
        return self._readers.run(partial(reads.expired, now))

    def job(self, job_id: str) -> Awaitable[JobRecord | None]:
        return self._readers.run(partial(reads.job, job_id))

    def jobs(self, query: JobQuery) -> Awaitable[JobPage]:
        return self._threads_for(query).run(partial(reads.jobs, query))

    def found(self, query: JobQuery) -> Awaitable[JobPage]:
        return self._threads_for(query).run(partial(reads.found, query))

    def sums(self, job_ids: Sequence[str]) -> Awaitable[dict[str, TaskSum]]:
        return self._readers.run(partial(reads.sums, job_ids))

    def heads(self, query: JobQuery) -> Awaitable[RecordPage]:
        return self._threads_for(query).run(partial(reads.heads, query))

    def counts(self, reader: str | None, top: bool = False) -> Awaitable[dict[JobState, int]]:
        return self._readers.run(partial(reads.counts, reader, top))

    def whole(self, job_ids: Sequence[str]) -> Awaitable[list[JobRecord | None]]:
        return self._readers.run(partial(reads.whole, job_ids))

    def distinct(self, path: str, query: JobQuery) -> Awaitable[list[object]]:
        threads = self._searcher if is_deep(path, *query.fields) else self._readers
        return threads.run(partial(reads.distinct, path, query))

    def one(self, record: type[T], **fields: str | int) -> Awaitable[T | None]:
        return self._readers.run(partial(reads.one, record, fields))

    def all(self, record: type[T], **fields: str | int) -> Awaitable[list[T]]:
        return self._readers.run(partial(reads.all, record, fields))

    def page(self, record: type[T], after: Sequence[str | int], limit: int, **fields: Wanted) -> Awaitable[list[T]]:
        return self._readers.run(partial(reads.page, record, after, limit, fields))

    def last(self, record: type[T]) -> Awaitable[T | None]:
        return self._readers.run(partial(reads.last, record))

    def ids(self, record: type[Struct]) -> Awaitable[list[str]]:
        return self._readers.run(partial(reads.ids, record))

    def _threads_for(self, query: JobQuery) -> ConnectedThreads:
        return self._searcher if is_long(query) else self._readers

    def backup(self, path: Path) -> Awaitable[None]:
        """Copy the store, as it is at this moment, to the file *path*, which appears when it is complete.

        The store may be used meanwhile.
        """
        return self._in_thread(copy, self._path, path)

    def integrity_check(self) -> Awaitable[list[str]]:
        """The faults that SQLite finds in the file."""
        return self._in_thread(faults, self._path)


def _write(writes: list[rows.Write], connection: sqlite3.Connection) -> None:
    for sql, values in writes:
        connection.executemany(sql, values)
