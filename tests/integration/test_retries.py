"""Real daemons and workers: failing work, and a daemon or a worker that is away for a while."""

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import ended, from_task, job, reaches, shell, start
from tests.waiting import until

pytestmark = pytest.mark.slow

AWAY = 3.0
"""Seconds for which a process is stopped, longer than the daemon here waits for a silent worker."""


@pytest_twisted.async_fixture
async def impatient(stage: Stage) -> Daemon:
    """A daemon that gives up silent workers after a second."""
    config = stage.folder / "awed.conf"
    config.write_text("[Server]\nheartbeat_limit = 1\n")
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    return daemon


@pytest_twisted.ensureDeferred
async def test_with_one_worker_a_job_that_fails_is_suspended_with_the_reason(daemon: Daemon) -> None:
    start(daemon)
    failed = await ended(daemon, job({"cmd": {"name": "nosuchprogram"}}))
    assert failed["state"] == "suspend"
    assert failed["error"]["servernotes"] == "workunit failed 3 time(s)"
    assert failed["error"]["worknotes"] == "command not found: nosuchprogram"


@pytest_twisted.ensureDeferred
async def test_failing_jobs_and_arrays_disturb_nobody_else(daemon: Daemon) -> None:
    """Their worker stays, and runs what it runs."""
    for name in ("u", "v", "w"):
        start(daemon, name, "--slots", "8")
    go = daemon.stage.folder / "go"
    begun = [daemon.stage.folder / f"begun{number}" for number in range(3)]
    script = f"echo >> {daemon.stage.folder}/begun$((AWE_RANK - 1)); until [ -e {go} ]; do sleep 0.05; done"
    other = await daemon.submit(job(shell(script, totalwork=3)))
    await until(lambda: all(mark.exists() for mark in begun))
    array = await daemon.submit(job({"cmd": {"name": "false"}, "totalwork": 200}))
    single = [await daemon.submit(job(shell("exit 42"))) for _ in range(9)]
    for failing in (array, *single):
        assert (await reaches(daemon, failing["id"], "completed", "suspend"))["state"] == "suspend"
    assert {client["Status"] for client in await daemon.call("GET", "/client")} <= {"active-idle", "active-busy"}
    go.touch()
    assert (await reaches(daemon, other["id"], "completed", "suspend"))["state"] == "completed"
    assert [mark.read_text() for mark in begun] == ["\n"] * 3


@pytest_twisted.ensureDeferred
async def test_a_daemon_that_was_stopped_takes_nobody_for_lost(impatient: Daemon) -> None:
    daemon = impatient
    start(daemon)
    begun, go = daemon.stage.folder / "begun", daemon.stage.folder / "go"
    submitted = await daemon.submit(job(shell(f"echo >> {begun}; until [ -e {go} ]; do sleep 0.05; done")))
    await until(begun.exists)
    daemon.program.signal("STOP")
    await deferLater(reactor, AWAY)
    daemon.program.signal("CONT")
    await deferLater(reactor, AWAY)
    [work] = await daemon.call("GET", "/work")
    assert (work["state"], work["attempt"]) == ("checkout", 1)
    go.touch()
    assert (await reaches(daemon, submitted["id"], "completed", "suspend"))["state"] == "completed"
    assert begun.read_text() == "\n"
    assert "silent for too long" not in daemon.program.output


@pytest_twisted.ensureDeferred
async def test_what_ended_while_its_worker_was_away_counts_if_nobody_else_has_it(impatient: Daemon) -> None:
    daemon = impatient
    worker = start(daemon)
    begun, go, done = (daemon.stage.folder / name for name in ("begun", "go", "done"))
    script = f"echo >> {begun}; until [ -e {go} ]; do sleep 0.05; done; touch {done}"
    submitted = await daemon.submit(job(shell(script)))
    await until(begun.exists)
    worker.signal("STOP")
    await daemon.program.said("silent for too long")
    go.touch()
    await until(done.exists)
    worker.signal("CONT")
    assert (await reaches(daemon, submitted["id"], "completed", "suspend"))["state"] == "completed"
    assert begun.read_text() == "\n"


@pytest_twisted.ensureDeferred
async def test_work_with_an_image_waits_for_a_worker_that_runs_images_and_disturbs_none_that_does_not(
    daemon: Daemon,
) -> None:
    start(daemon)
    cmd = {"name": "true", "Dockerimage": "busybox"}
    waiting = [await daemon.submit(job({"cmd": cmd})) for _ in range(5)]
    assert (await ended(daemon, job(shell("true"))))["state"] == "completed"
    assert {work["state"] for work in await daemon.call("GET", "/work")} == {"queued"}
    original = await daemon.register(id="original", apps=["*"])
    assert original["images"]
    assert (await daemon.call("GET", "/work?client=original"))["jobid"] == waiting[0]["id"]


@pytest_twisted.ensureDeferred
async def test_a_task_whose_input_was_temporary_can_be_recomputed(daemon: Daemon) -> None:
    start(daemon)
    make = shell("echo > middle", outputs=[{"filename": "middle", "temporary": True}])
    use = shell("cp middle out", after=["0"], inputs=[from_task(0, "middle")], outputs=[{"filename": "out"}])
    done = await ended(daemon, job(make, use))
    assert done["state"] == "completed", done
    await daemon.call("PUT", f"/job/{done['id']}?recompute=1")
    again = await reaches(daemon, done["id"], "completed", "suspend")
    assert (again["state"], again["resumed"]) == ("completed", 1)
