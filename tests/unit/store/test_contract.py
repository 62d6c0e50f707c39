"""The contract, on the stores that need no server."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.store.memory import MemoryStore
from awed.store.sqlite import SqliteStore
from tests.unit.store.contract import Home, WritingContract
from tests.unit.store.queries import QueryContract


def memory_home(folder: Path) -> Home:
    store = MemoryStore()
    return lambda: store


def sqlite_home(folder: Path) -> Home:
    return lambda: SqliteStore(folder / "awed.sqlite", cast(IReactorThreads, reactor))


HOMES: list[Callable[[Path], Home]] = [memory_home, sqlite_home]


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    made: Home = request.param(tmp_path)
    return made


class TestWriting(WritingContract):
    """Commits, and reading single things."""


class TestQueries(QueryContract):
    """Pages of jobs and distinct values."""
