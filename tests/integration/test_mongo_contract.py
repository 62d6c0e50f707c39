"""The stores' contract, on MongoDB."""

from typing import cast

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.store.mongo import MongoStore
from tests.integration.mongodb import database, mongodb
from tests.unit.store.contract import Home, WritingContract
from tests.unit.store.machine import run_histories
from tests.unit.store.queries import QueryContract

__all__ = ["mongodb"]


def mongo_home(server: str) -> Home:
    uri = database(server)
    return lambda: MongoStore(uri, cast(IReactorThreads, reactor))


@pytest.fixture
def home(mongodb: str) -> Home:
    return mongo_home(mongodb)


class TestWriting(WritingContract):
    """Commits, and reading single things."""


class TestQueries(QueryContract):
    """Pages of jobs and distinct values."""


@pytest.mark.slow
@ensureDeferred
async def test_any_history(mongodb: str) -> None:
    """The store does what the memory store does, whatever comes."""
    await run_histories(lambda: mongo_home(mongodb), 10)
