"""The embedded store, in one SQLite file."""

from awed.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
