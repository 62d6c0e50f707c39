"""What SQLite's errors mean to those who use the store."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from awed.model.errors import StoreAway

_PRIMARY = 0xFF
"""The bits of SQLite's extended error codes that say which kind of error it is."""

_OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises what the disk, a lock or the file is to blame for as :class:`~awed.model.errors.StoreAway`.

    What our own statements are to blame for stays as it is: no other try would help.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, _OURS) or _kind(error) == sqlite3.SQLITE_ERROR:
            raise
        raise StoreAway(f"database: {error}") from error


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file's content is wrong."""
    return _kind(error) == sqlite3.SQLITE_CORRUPT


def is_no_database(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is something else than a database."""
    return _kind(error) == sqlite3.SQLITE_NOTADB


def _kind(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
