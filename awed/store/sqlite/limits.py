"""How long a search may take."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from awed.model.errors import Invalid

STEPS = 100_000
"""Steps of SQLite's machine, some milliseconds' worth, between two looks at the clock."""


@contextmanager
def limited(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Breaks off what *connection* does after so many seconds: :class:`~awed.model.errors.Invalid`."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        text = f"the search takes longer than {seconds:.0f} s: narrow it by a field with an index, as info.project"
        raise Invalid(text) from None
    finally:
        connection.set_progress_handler(None, STEPS)
