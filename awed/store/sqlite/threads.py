"""Threads that each have a database connection of their own, and what their failures mean."""

import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from awed.model.errors import StoreAway
from awed.store.sqlite.failures import translated_errors

T = TypeVar("T")


class ConnectedThreads:
    """At most *number* threads; each opens a connection with *connect* when it gets its first work."""

    def __init__(
        self, reactor: IReactorThreads, name: str, number: int, connect: Callable[[], sqlite3.Connection]
    ) -> None:
        self._reactor = reactor
        self._connect = connect
        self._name = name
        self._number = number
        self._pool: ThreadPool | None = None
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []

    def start(self) -> None:
        self._pool = ThreadPool(minthreads=0, maxthreads=self._number, name=self._name)
        self._pool.start()

    async def stop(self) -> None:
        """Wait for the work under way, then close the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._stop, pool)

    def run(self, work: Callable[[sqlite3.Connection], T], begin: str = "BEGIN") -> Deferred[T]:
        """The result of *work*, done in one of the threads and in one transaction, which is rolled back if it fails.

        Raises :class:`StoreAway` for what may pass: a full disk, a lock, a failing device, a store
        that is not open.
        """
        if self._pool is None:
            return fail(StoreAway("database: it is not open"))
        return deferToThreadPool(self._reactor, self._pool, self._transact, work, begin)

    def _transact(self, work: Callable[[sqlite3.Connection], T], begin: str) -> T:
        with translated_errors():
            connection = self._connection()
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                # SQLite itself has rolled back already after some failures.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connect()
            self._connections.append(connection)
        return connection

    def _stop(self, pool: ThreadPool) -> None:
        pool.stop()
        while self._connections:
            self._connections.pop().close()
