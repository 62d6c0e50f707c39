"""The contract, on the stores that need no server."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.store.sqlite import SqliteStore
from tests.unit.store.contract import Home, WritingContract
from tests.unit.store.machine import run_histories
from tests.unit.store.memory import MemoryStore
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


@pytest.mark.parametrize("home_in", HOMES)
@ensureDeferred
async def test_any_history(home_in: Callable[[Path], Home], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A store does what the memory store does, whatever comes; so does the memory store itself, restarted."""
    await run_histories(lambda: home_in(tmp_path_factory.mktemp("store")), 30)
