"""Connections to the file: how it is made, checked, and tuned."""

import os
import sqlite3
from pathlib import Path

from awed.model.ids import new_id
from awed.store.sqlite.failures import is_no_database
from awed.store.sqlite.schema import migrate

LOCK_WAIT = 5.0
"""Seconds for which a lock of another process (a backup program, a curious person) is waited for."""

READ_CACHE = 65536
"""KiB of pages that a reading connection may keep; the columns of 200,000 jobs fit in."""


def connect_writer(path: Path) -> sqlite3.Connection:
    """The connection that writes. Makes the file if need be, and brings its schema up to date.

    Raises :class:`ValueError` if the file is no database, or of a newer awed.
    """
    connection = open_private(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('server_uuid', ?)", [new_id()])
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.DatabaseError) and is_no_database(error):
            raise ValueError(f"{path} is not a SQLite database") from error
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{READ_CACHE}")
    return connection


def open_private(path: Path) -> sqlite3.Connection:
    """A connection to the file, which is made if need be, for its owner's eyes alone: it holds secrets."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    # Transactions are ours to begin and end; and who stops a thread closes its connection from another.
    return sqlite3.connect(path, timeout=LOCK_WAIT, isolation_level=None, check_same_thread=False)
