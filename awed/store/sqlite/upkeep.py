"""Backup and check of a store of any version, while it is used. Both block for long, on connections of their own."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from awed.store.sqlite.connections import connect_reader, is_damage, open_private, translated_errors


def copy(path: Path, target: Path) -> None:
    """Copy the database, as it is at this moment, to *target*, which is made or replaced once the copy is complete.

    Raises :class:`ValueError` if there is no database at *path*.
    """
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with _reading(path) as source, closing(open_private(part)) as destination:
        source.execute("BEGIN")  # a snapshot: otherwise each write meanwhile would make the copy start again
        source.backup(destination)
    os.replace(part, target)


def faults(path: Path) -> list[str]:
    """The faults that SQLite finds in the file. Raises :class:`ValueError` if there is no database at *path*."""
    with _reading(path) as connection:
        try:
            found = [text for (text,) in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return [str(error)]
    return [] if found == ["ok"] else found


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        raise ValueError("there is no database yet")
    with translated_errors(), closing(connect_reader(path)) as connection:
        yield connection
