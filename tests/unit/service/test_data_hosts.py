"""A Shock that is dead or silent stops the tasks that need it, which say what was tried and where, and no others."""

from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from treq.client import HTTPClient
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.web.iweb import IAgent
from zope.interface import implementer

from awed.model.job import IO
from awed.model.states import JobState
from awed.shock.client import ShockClient
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld
from tests.unit.web.traversal import at_once

HOST = "http://shock.example"


@implementer(IAgent)
class Dead:
    """Nobody listens there."""

    def request(self, *args: Any) -> Deferred[Any]:
        return fail(ConnectionRefusedError())


@implementer(IAgent)
class Silent:
    """It takes what is sent and never answers."""

    def request(self, *args: Any) -> Deferred[Any]:
        return Deferred()


@pytest.mark.parametrize(
    ("agent", "after", "cause"),
    [(Dead(), 5 * 20 + 71, "Connection was refused by other side."), (Silent(), 3 * 80 + 8, "no progress for 15 s")],
)
@ensureDeferred
async def test_a_dead_or_silent_shock_stops_only_the_task_that_needs_it(
    world: EngineWorld, agent: Any, after: int, cause: str
) -> None:
    """*after*: seconds. A task makes five calls that are refused in 20 seconds, or three without an answer in 80."""
    world.shock = ShockClient(HTTPClient(agent), world.clock, at_once, HOST)  # type: ignore[assignment]
    needs = task("0")
    needs.inputs = [IO(filename="in", host=HOST, node="n1")]
    submission = job(needs)
    await world.submit(submission)
    other = await world.submit(job(task("0")))
    await world.client("a")
    assert (await world.run("a")).jobid == other.id
    world.clock.pump([1] * (after - 1))
    assert (await world.engine.jobs.get(submission.job.id)).job.state is JobState.INIT
    world.clock.pump([1, 1])
    suspended = (await world.engine.jobs.get(submission.job.id)).job
    assert suspended.state is JobState.SUSPEND
    what = f"in: get node n1 at {HOST}: {cause}"
    assert suspended.notes == f"task {needs.taskid}: {what} (tried 4 times)"
