"""The store in an SQLite file."""

from awed.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
