"""Connections to the SQLite file, the threads that use them, and the meaning of SQLite's errors."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from awed.model.errors import StoreAway

LOCK_WAIT = 5.0
"""Seconds to wait for a lock of another process, such as a backup or the shell of SQLite."""

READ_CACHE = 65536
"""KiB of pages that a reading connection caches: enough for the columns of 200,000 jobs."""


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that writes."""
    connection = _connect(path)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{READ_CACHE}")
    return connection


def open_private(path: Path) -> sqlite3.Connection:
    """A connection to the file, which is made if missing, readable by its owner only, as it has secrets."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level: transactions are begun and ended explicitly. check_same_thread: ConnectedThreads.stop closes
    # connections from another thread.
    return sqlite3.connect(path, timeout=LOCK_WAIT, isolation_level=None, check_same_thread=False)


_PRIMARY = 0xFF
"""The bits of SQLite's extended error codes that are the primary code."""

_OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Context in which errors of the disk, of locks and of the file are raised as :class:`StoreAway`.

    Errors of a statement itself are raised as they are, as trying again would not help.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, _OURS) or _kind(error) == sqlite3.SQLITE_ERROR:
            raise
        raise StoreAway(f"database: {error}") from error


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the content of the file is damaged."""
    return _kind(error) == sqlite3.SQLITE_CORRUPT


def is_no_database(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is no SQLite database."""
    return _kind(error) == sqlite3.SQLITE_NOTADB


def _kind(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY


T = TypeVar("T")


class ConnectedThreads:
    """At most *number* threads, each with a connection of its own, made by *connect* when it is first needed."""

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
        """Make :meth:`run` possible. Threads are started as they are needed."""
        self._pool = ThreadPool(minthreads=0, maxthreads=self._number, name=self._name)
        self._pool.start()

    async def stop(self) -> None:
        """Wait for the work under way, then close the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._stop, pool)

    def run(self, work: Callable[[sqlite3.Connection], T], begin: str = "BEGIN") -> Deferred[T]:
        """The result of *work*, called in one of the threads, in a transaction that is rolled back if it raises.

        *begin*: the statement that begins the transaction. Raises :class:`StoreAway` for a full disk, a lock, a
        failing device or a store that is not open.
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
                # After some errors SQLite has rolled back by itself.
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
