"""Every effect gets an answer, whatever happens."""

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from awed.model.access import User
from awed.model.errors import StoreAway, Unauthorized
from awed.model.job import IO, OWN_HOST
from awed.model.node import Node
from awed.model.records import DeleteNodes
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


async def with_nodes(world: EngineWorld, number: int = 3) -> str:
    """The id of a job with that many nodes."""
    makes = task("0")
    makes.outputs = [IO(filename=f"f{n}", host=OWN_HOST) for n in range(number)]
    submission = job(makes)
    await world.client("a")
    await world.submit(submission)
    await world.engine.work.checkout("a", None)
    assert len(world.shock.nodes) == number
    return submission.job.id


async def hanging(self: FakeShock, *arguments: object) -> None:
    await Deferred()


@pytest.mark.parametrize("ends", ["kill", "stop"])
@ensureDeferred
async def test_nodes_that_go_with_a_job_are_deleted_after_a_restart_if_not_before(
    world: EngineWorld, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """The job is gone then, and nothing else knows of them: 199 of 200 stayed for ever."""
    job_id = await with_nodes(world)
    with monkeypatch.context() as patched:
        patched.setattr(FakeShock, "delete", hanging)
        await world.engine.jobs.delete(job_id, full=True)
        if ends == "stop":
            await world.engine.stop()
    assert len(world.shock.nodes) == 3
    await world.restart()
    assert world.shock.nodes == {}
    await world.restart()
    assert await world.store.ids(DeleteNodes) == []


@ensureDeferred
async def test_no_node_goes_before_it_is_durable_that_it_may(world: EngineWorld) -> None:
    job_id = await with_nodes(world)
    world.store.hold()
    deleted = state_of(world.engine.jobs.delete(job_id, full=True))
    assert len(world.shock.nodes) == 3
    world.store.let_go()
    await deleted
    assert world.shock.nodes == {}


@ensureDeferred
async def test_nodes_of_a_host_that_does_not_answer_are_deleted_when_it_does(world: EngineWorld) -> None:
    """One look at it a time is enough, however many nodes it has; and a restart does not end that."""
    job_id = await with_nodes(world)
    world.shock.away = True
    asked = len(world.shock.owners)
    await world.engine.jobs.delete(job_id, full=True)
    assert len(world.shock.owners) == asked + 1
    world.clock.advance(60)
    assert len(world.shock.owners) == asked + 2
    await world.restart()
    world.shock.away = False
    world.clock.advance(60)
    assert world.shock.nodes == {}
    assert await world.store.ids(DeleteNodes) == []


@ensureDeferred
async def test_a_node_that_may_not_be_deleted_keeps_no_other(
    world: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await with_nodes(world)
    kept = next(iter(world.shock.nodes))
    delete = FakeShock.delete

    async def refusing(self: FakeShock, node_id: str) -> None:
        if node_id == kept:
            raise Unauthorized("User Unauthorized")
        await delete(self, node_id)

    monkeypatch.setattr(FakeShock, "delete", refusing)
    await world.engine.jobs.delete(job_id, full=True)
    assert list(world.shock.nodes) == [kept]
    assert await world.store.ids(DeleteNodes) == []


@pytest.mark.parametrize("comes", [True, False])
@ensureDeferred
async def test_nodes_that_were_made_for_a_job_are_deleted_after_a_restart_unless_it_came(
    world: EngineWorld, comes: bool
) -> None:
    """Those of a run: the daemon may be killed when it has the files, and not yet the job."""
    await with_nodes(world)
    nodes, submission = dict(world.shock.nodes), job(task("0"))
    expected = await world.engine.jobs.expect(submission.job.id, User("joe"), nodes)
    if comes:
        await world.engine.jobs.submit(submission, User("joe"), expected=expected)
    await world.restart()
    assert world.shock.nodes == (nodes if comes else {})
    assert await world.store.ids(DeleteNodes) == []
