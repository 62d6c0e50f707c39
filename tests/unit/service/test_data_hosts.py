"""A Shock that is dead or silent stops the tasks that need it, which say what was tried and where, and no others."""

from datetime import timedelta
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
from awed.model.times import rfc3339
from awed.shock.client import ShockClient
from awed.shock.http import DataHttp
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import T0, EngineWorld
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
    ("agent", "soon", "after", "cause"),
    [
        (Dead(), 1, 5 * 20 + 71, "Connection was refused by other side."),
        (Silent(), 15 + 1 + 15, 3 * 80 + 8, "no progress for 15 s"),
    ],
)
@ensureDeferred
async def test_a_dead_or_silent_shock_stops_only_the_task_that_needs_it(
    world: EngineWorld, agent: Any, soon: int, after: int, cause: str
) -> None:
    """*soon*, *after*: seconds. A task makes five calls that are refused in 20 seconds, or three without an answer in
    80. From the second failure on the job says what it waits for."""
    world.shock = ShockClient(DataHttp(HTTPClient(agent), world.clock, at_once), HOST)  # type: ignore[assignment]
    needs = task("0")
    needs.inputs = [IO(filename="in", host=HOST, node="n1")]
    submission = job(needs)
    await world.submit(submission)
    other = await world.submit(job(task("0")))
    await world.client("a")
    assert (await world.run("a")).jobid == other.id
    what = f"get node n1 at {HOST}: {cause}"
    world.clock.pump([1] * soon)
    until = rfc3339(T0 + timedelta(seconds=soon + 4))
    waiting = (await world.engine.jobs.get(submission.job.id)).job
    assert waiting.notes == f"task {needs.taskid} waits: {what.rstrip('.')}; next try at {until}"
    world.clock.pump([1] * (after - soon - 1))
    assert (await world.engine.jobs.get(submission.job.id)).job.state is JobState.INIT
    world.clock.pump([1, 1])
    suspended = (await world.engine.jobs.get(submission.job.id)).job
    assert suspended.state is JobState.SUSPEND
    assert suspended.notes == f"task {needs.taskid}: in: {what} (tried 4 times)"
    assert world.told.codes.count("TW") == 1


@pytest.mark.parametrize("killed", [False, True])
@ensureDeferred
async def test_when_the_data_host_is_back_the_notes_say_no_more_that_it_is_waited_for(
    world: EngineWorld, killed: bool
) -> None:
    """Also if the server was killed meanwhile."""
    needs = task("0")
    needs.inputs = [IO(filename="in", host=HOST, node=world.shock.put())]
    submission = job(needs)
    world.shock.away = True
    await world.submit(submission)
    assert "waits: in: shock.example does not answer" in (await world.engine.jobs.get(submission.job.id)).job.notes
    world.shock.away = False
    if killed:
        await world.restart()
    world.clock.pump([1] * 3)
    ready = (await world.engine.jobs.get(submission.job.id)).job
    assert (ready.state, ready.notes) == (JobState.QUEUED, "")
