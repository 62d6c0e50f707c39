"""An engine ends only if its store cannot recover without a restart."""

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from awed.model.errors import Unavailable
from awed.service.engine import HANGING
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, state_of


@ensureDeferred
async def test_a_store_that_is_away_may_come_back(world: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        raise Unavailable("away")

    monkeypatch.setattr(world.store, "check", check)
    assert await world.engine.lives()


@ensureDeferred
async def test_a_commit_that_never_ends_is_the_end(world: EngineWorld) -> None:
    world.store.hold()
    waiting = state_of(world.submit(job(task("0"))))
    world.clock.advance(HANGING - 1)
    assert await world.engine.lives()
    world.clock.advance(1)
    assert not await world.engine.lives()
    world.store.let_go()
    assert await world.engine.lives()
    with pytest.raises(Unavailable):
        await waiting


@ensureDeferred
async def test_commits_that_fail_are_no_end(world: EngineWorld) -> None:
    world.store.away = True
    waiting = state_of(world.submit(job(task("0"))))
    world.clock.pump([1] * int(HANGING + 1))
    assert await world.engine.lives()
    world.store.away = False
    world.clock.advance(10)
    with pytest.raises(Unavailable):
        await waiting


@ensureDeferred
async def test_a_store_without_any_answer_is_waited_for(world: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    answer: Deferred[None] = Deferred()
    monkeypatch.setattr(world.store, "check", lambda: answer)
    lives = Deferred.fromCoroutine(world.engine.lives())
    assert not lives.called
    answer.callback(None)
    assert await lives
