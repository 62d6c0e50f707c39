"""What commands leave running is killed, in whatever group and session it is."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from awed.worker.logs import LogFiles, Logs
from awed.worker.orphans import Orphans, kill_leftovers
from awed.worker.prctl import adopt_orphans
from awed.worker.process import Process, start
from tests.waiting import gone, runs, until

REACTOR: Any = reactor
CLIENT = "client-of-this-test"


class World:
    """A directory in which commands run."""

    def __init__(self, directory: Path, logs: Logs) -> None:
        adopt_orphans()
        self.directory = directory
        self.logs = logs
        self.orphans = Orphans(CLIENT, REACTOR)

    def shell(self, script: str, work: str = "w") -> Process:
        environ = {"PATH": os.environ["PATH"], "AWE_CLIENTID": CLIENT, "AWE_WORKID": work, "AWE_ATTEMPT": "1"}
        argv = ["/bin/sh", "-c", script]
        return start(REACTOR, argv, environ, self.directory, self.logs, orphans=self.orphans)

    async def written(self, name: str) -> int:
        """The number that a script writes into a file."""
        path = self.directory / name
        await until(lambda: path.exists() and path.read_text().endswith("\n"))
        return int(path.read_text())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    logs = Logs(LogFiles(tmp_path, Path.unlink))
    yield World(tmp_path, logs)
    logs.close()


AWAY = "setsid sh -c \"trap '' TERM; echo \\$\\$ > pid; sleep 1000; sleep 1000\" &"
"""A child in a session of its own, with a child."""

FORGETFUL = f"env -i PATH=$PATH {AWAY}"
"""One that does not even know whose it is."""

WAIT = "until [ -e pid ]; do sleep 0.01; done"


@pytest.mark.parametrize("child", [AWAY, FORGETFUL])
@pytest_twisted.ensureDeferred
async def test_what_ran_away_dies_with_the_command(world: World, child: str) -> None:
    assert (await world.shell(f"{child} {WAIT}").ended()).status == 0
    await gone(await world.written("pid"))
    assert world.orphans.reap() == []


@pytest.mark.parametrize("child", [AWAY, FORGETFUL])
@pytest_twisted.ensureDeferred
async def test_what_ran_away_dies_when_the_command_is_killed(world: World, child: str) -> None:
    process = world.shell(f"{child} wait")
    pid = await world.written("pid")
    assert (await process.kill(REACTOR, 10)).status == -signal.SIGTERM
    await gone(pid)


@pytest_twisted.ensureDeferred
async def test_what_another_command_has_in_the_background_is_left_alone(world: World) -> None:
    """Until that command ends."""
    other = world.shell(f"({AWAY}) ; {WAIT}; exec sleep 1000", "other")
    background = await world.written("pid")
    assert (await world.shell("true").ended()).status == 0
    assert runs(background)
    await other.kill(REACTOR, 10)
    await gone(background)


@pytest_twisted.ensureDeferred
async def test_who_does_not_know_whose_it_is_may_be_that_of_an_older_command_alone(world: World) -> None:
    older = world.shell("exec sleep 1000", "older")
    await world.shell(f"{FORGETFUL} {WAIT}").ended()
    pid = await world.written("pid")
    assert runs(pid)
    ticks = os.sysconf("SC_CLK_TCK")
    began = REACTOR.seconds()
    await until(lambda: REACTOR.seconds() > began + 2 / ticks)
    younger = world.shell("exec sleep 1000", "younger")
    await older.kill(REACTOR, 10)
    await gone(pid)
    await younger.kill(REACTOR, 10)


@pytest_twisted.ensureDeferred
async def test_children_that_somebody_else_gave_us_are_left_alone(world: World) -> None:
    child = world.shell("exec sleep 1000")
    world.orphans = Orphans(CLIENT, REACTOR)
    await world.shell("true").ended()
    assert runs(child.pid)
    await child.kill(REACTOR, 10)


@pytest_twisted.ensureDeferred
async def test_a_run_that_is_killed_twice_over_loses_nobody(world: World) -> None:
    """As when a job is deleted while its command is killed for its walltime."""
    process = world.shell("(trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000) & wait")
    await world.written("pid")
    first = Deferred.fromCoroutine(process.kill(REACTOR, 1000))
    await until(lambda: not runs(process.pid))
    first.addErrback(lambda _: None).cancel()
    assert (await process.kill(REACTOR, 0.2)).status == -signal.SIGTERM
    assert world.orphans.reap() == []


@pytest_twisted.ensureDeferred
async def test_a_new_worker_kills_what_an_earlier_one_left_and_nothing_else(world: World) -> None:
    """Also what has left its group and session."""
    process = world.shell("setsid sleep 1000 & echo $! > pid; exec sleep 1000")
    assert kill_leftovers("client-of-another") == 0
    runaway = await world.written("pid")
    kill_leftovers(CLIENT)
    assert (await process.ended()).status == -signal.SIGKILL
    await gone(runaway)
