"""What the world is asked to do has an answer in every case."""

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from awed.model.errors import StoreAway
from awed.model.job import IO, OWN_HOST
from awed.model.node import Node
from awed.model.states import JobState
from awed.service.effects import FAULT
from tests.conftest import LoggedErrors
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, FakeShock, state_of


@pytest.mark.parametrize("method", ["create", "node"])
@ensureDeferred
async def test_a_fault_of_awed_suspends_the_task_that_it_hit(
    world: EngineWorld, logged_errors: LoggedErrors, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Before it runs, or when its outputs are looked for. When the fault is gone, the job can be resumed."""
    makes = task("0")
    makes.outputs = [IO(filename="out", host=OWN_HOST)]
    submission = job(makes)

    async def broken(self: FakeShock, *arguments: object) -> Node:
        raise ZeroDivisionError

    await world.client("a")
    with monkeypatch.context() as patched:
        patched.setattr(FakeShock, method, broken)
        await world.submit(submission)
        if method == "node":
            await world.run("a")
        suspended = (await world.engine.jobs.get(submission.job.id)).job
    assert logged_errors.flush(ZeroDivisionError)
    assert suspended.state is JobState.SUSPEND
    assert suspended.notes == f"task {makes.taskid}: {FAULT}"

    if method == "create":
        await world.engine.jobs.resume(submission.job.id)
        unit = await world.engine.work.checkout("a", None)
        world.shock.deliver(unit.outputs[0].node)
        await world.report(unit)
    else:
        world.shock.deliver(suspended.tasks[0].outputs[0].node)
        await world.engine.jobs.resume(submission.job.id)
    assert (await world.engine.jobs.get(submission.job.id)).job.state is JobState.COMPLETED


@ensureDeferred
async def test_no_task_suffers_from_a_store_that_is_away_for_long(world: EngineWorld) -> None:
    """What is to be prepared or looked at meanwhile goes on when the store is back."""
    made, prepared = task("0"), task("1", "0")
    for one in (made, prepared):
        one.outputs = [IO(filename="out", host=OWN_HOST)]
    finished, chain = job(made), job(task("0"), prepared)
    for name, submission in (("a", finished), ("b", chain)):
        await world.client(name)
        await world.submit(submission)
    units = [await world.engine.work.checkout(name, None) for name in ("a", "b")]
    world.shock.deliver(units[0].outputs[0].node)

    world.store.away = True
    refused = [state_of(world.report(unit)) for unit in units]
    for _ in range(600):
        world.clock.advance(1)
    for request in refused:
        with pytest.raises(StoreAway):
            await request
    world.store.away = False
    for _ in range(20):
        world.clock.advance(1)

    assert (await world.engine.jobs.get(finished.job.id)).job.state is JobState.COMPLETED
    assert (await world.engine.work.checkout("a", None)).taskid == prepared.taskid


@pytest.mark.parametrize("hangs", [False, True])
@ensureDeferred
async def test_nodes_that_are_being_deleted_have_some_time_to_go_before_the_end(
    world: EngineWorld, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    """At the next start nobody would know of them."""

    async def hanging(self: FakeShock, *arguments: object) -> None:
        await Deferred()

    if hangs:
        monkeypatch.setattr(FakeShock, "delete", hanging)
    makes = task("0")
    makes.outputs = [IO(filename="out", host=OWN_HOST)]
    submission = job(makes)
    await world.client("a")
    await world.submit(submission)
    await world.engine.work.checkout("a", None)
    world.store.hold()
    deleted = state_of(world.engine.jobs.delete(submission.job.id, full=True))
    stopped = state_of(world.engine.stop())
    world.store.let_go()
    await deleted
    assert stopped.called is not hangs
    world.clock.advance(5)
    await stopped
    assert bool(world.shock.nodes) is hangs
