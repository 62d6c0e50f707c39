"""kill -9 at random moments: every acknowledged commit is kept, and no commit is kept in part."""

import random
from typing import cast

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads, IReactorTime
from twisted.internet.task import deferLater

from awed.store.interface import JobQuery
from awed.store.open import open_store
from awed.store.sqlite import SqliteStore
from tests.integration.committing import KEPT, job_name, standing
from tests.integration.daemon import Stage
from tests.integration.mongodb import database, mongodb
from tests.unit.store.contract import everything

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

ROUNDS = 5


@ensureDeferred
async def test_sqlite_loses_nothing_acknowledged(stage: Stage) -> None:
    await kill_and_check(stage, f"sqlite:{stage.folder / 'awed.sqlite'}")


@ensureDeferred
async def test_mongodb_loses_nothing_acknowledged(stage: Stage, mongodb: str) -> None:
    await kill_and_check(stage, database(mongodb))


async def kill_and_check(stage: Stage, uri: str) -> None:
    number = 0
    for _ in range(ROUNDS):
        acknowledged = await acknowledged_before_a_kill(stage, uri, number)
        number = await last_after_a_check(uri, acknowledged) + 1


async def acknowledged_before_a_kill(stage: Stage, uri: str, first: int) -> int:
    """Let the program commit for a while: the last number that it printed."""
    program = stage.run("-m", "tests.integration.committing", uri, str(first))
    await program.said(rf"^{first}$")
    await deferLater(cast(IReactorTime, reactor), random.uniform(0, 0.3))
    program.signal("KILL")
    await program.ended()
    return int(program.output.rpartition("\n")[0].split("\n")[-1])


async def last_after_a_check(uri: str, acknowledged: int) -> int:
    """The number of the last batch that is there: the acknowledged one, or the one under way."""
    store = open_store(uri, cast(IReactorThreads, reactor))
    await store.open()
    last = int((await store.load()).meta["last"])
    assert last in (acknowledged, acknowledged + 1)
    assert await everything(store) == standing(last)
    assert (await store.jobs(JobQuery())).total == min(last + 1, KEPT)
    assert (await store.jobs(JobQuery(reader="joe", fields={"id": [job_name(last)]}))).total == 1
    if isinstance(store, SqliteStore):
        assert await store.integrity_check() == []
    await store.close()
    return last
