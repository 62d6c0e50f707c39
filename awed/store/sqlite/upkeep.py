"""Backup and check of a store in use, of whatever version. Both take long and have a connection of their own, so that
nobody waits."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from awed.store.sqlite.connections import connect_reader, is_damage, open_private, translated_errors


def copy(path: Path, target: Path) -> None:
    """Copy the database as it is now to *target*, which is there, or new, only when the copy is whole."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with _reading(path) as source, closing(open_private(part)) as destination:
        source.execute("BEGIN")  # What is written meanwhile would make the copy begin again.
        source.backup(destination)
    os.replace(part, target)


def faults(path: Path) -> list[str]:
    """What SQLite finds wrong in the file; nothing, if all is well."""
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
