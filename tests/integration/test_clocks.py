"""The system's clock is set while a daemon and a worker run: no period gets longer or shorter."""

import pytest
import pytest_twisted

from tests.integration.daemon import TWISTD, Daemon, Stage
from tests.integration.jobs import job, reaches, shell
from tests.integration.program import Program
from tests.integration.wallclock import WallClock
from tests.waiting import until

pytestmark = pytest.mark.slow

HOUR = 3600.0

LIMIT = 2
"""Seconds of silence after which a worker is lost."""


@pytest.fixture
def wall(stage: Stage) -> WallClock:
    return WallClock(stage.folder / "off")


@pytest_twisted.async_fixture
async def daemon(stage: Stage, wall: WallClock) -> Daemon:
    """A daemon that goes by the wall clock of the test."""
    config = stage.folder / "awed.conf"
    config.write_text(f"[Server]\nheartbeat_limit = {LIMIT}\n")
    daemon = stage.daemon("--config", str(config))
    daemon.twistd = (*wall.python(TWISTD[1]), *TWISTD[2:])
    await daemon.start()
    return daemon


def start(wall: WallClock, daemon: Daemon, name: str = "w") -> Program:
    """A worker that goes by the wall clock of the test."""
    return daemon.stage.run(
        *wall.python("from awed.worker import main; main()"),
        *("--server", daemon.url, "--workdir", str(daemon.stage.folder / name), "--heartbeat", "0.2"),
    )


async def beats(daemon: Daemon, count: int) -> None:
    """Wait until the journal of requests has so many more heartbeats."""
    journal = daemon.data / "logs" / "access.log"

    def heard() -> int:
        return journal.read_text().count('"method":"PUT","path":"/client/') if journal.exists() else 0

    before = heard()
    await until(lambda: heard() >= before + count)


class Run:
    """A job of one command, which runs until it is told to end."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._begun = daemon.stage.folder / "begun"
        self._go = daemon.stage.folder / "go"

    async def begin(self) -> None:
        """Submit it, and wait until the command runs."""
        script = f"echo >> {self._begun}; until [ -e {self._go} ]; do sleep 0.05; done"
        self._id = (await self._daemon.submit(job(shell(script, walltime=3000))))["id"]
        await until(self._begun.exists)

    async def end(self) -> tuple[str, int]:
        """Let the command end: the state of the job at its end, and how often the command was begun."""
        self._go.touch()
        state = (await reaches(self._daemon, self._id, "completed", "suspend"))["state"]
        return state, self.begun

    @property
    def begun(self) -> int:
        """How often the command was begun."""
        return self._begun.read_text().count("\n")


@pytest.mark.parametrize("step", [HOUR, -HOUR])
@pytest_twisted.ensureDeferred
async def test_a_clock_that_is_set_under_a_worker_kills_no_command_and_stops_no_heartbeat(
    daemon: Daemon, stage: Stage, step: float
) -> None:
    wall, run = WallClock(stage.folder / "of-worker"), Run(daemon)
    start(wall, daemon)
    await run.begin()
    wall.set(step)
    await beats(daemon, 5)
    assert await run.end() == ("completed", 1)


@pytest.mark.parametrize("step", [60.0, -HOUR])
@pytest_twisted.ensureDeferred
async def test_a_clock_that_is_set_under_the_daemon_stops_no_commit_and_no_journal(
    daemon: Daemon, wall: WallClock, step: float
) -> None:
    await daemon.submit(job(shell("true")))
    wall.set(step)
    submitted = [await daemon.submit(job(shell("true"))) for _ in range(5)]
    assert await daemon.call("GET", "/ready") == "ready"
    journal = daemon.data / "logs" / "event.log"
    await until(lambda: journal.exists() and submitted[-1]["id"] in journal.read_text())


@pytest.mark.parametrize("step", [60.0, HOUR, -HOUR])
@pytest_twisted.ensureDeferred
async def test_a_clock_that_is_set_under_the_daemon_loses_no_worker_and_keeps_none_that_is_dead(
    daemon: Daemon, wall: WallClock, step: float
) -> None:
    run = Run(daemon)
    worker = start(wall, daemon)
    await run.begin()
    wall.set(step)
    await beats(daemon, 10)
    assert run.begun == 1
    worker.signal("KILL")
    start(wall, daemon, "v")
    await until(lambda: run.begun == 2)
    assert await run.end() == ("completed", 2)
