"""The daemon starts and ends as it should, or says in one line why it does not start."""

import os
import signal
import sqlite3
import stat
from collections.abc import Awaitable, Callable

import pytest
import pytest_twisted
import treq
from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.internet.error import ConnectError
from twisted.web.client import ResponseFailed

from tests.integration.daemon import TWISTD, Daemon, Refused, Stage
from tests.waiting import until

pytestmark = pytest.mark.slow

JOB = {"info": {"name": "test"}, "tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


async def refusal(daemon: Daemon) -> str:
    """The last words of a daemon that must not start."""
    program = daemon.launch()
    assert await program.ended() == 1
    assert "Traceback" not in program.output
    return program.output.splitlines()[-1]


@pytest_twisted.ensureDeferred
async def test_first_start_makes_a_private_data_directory(daemon: Daemon) -> None:
    assert stat.S_IMODE(daemon.data.stat().st_mode) == 0o700
    token = daemon.data / "admin-token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert len(bytes.fromhex(token.read_text())) == 32
    assert (daemon.data / "listening").read_text() == f"{daemon.url}\n"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_the_token_stays_over_a_restart(daemon: Daemon) -> None:
    token = (daemon.data / "admin-token").read_text()
    await daemon.kill()
    await daemon.start()
    assert (daemon.data / "admin-token").read_text() == token


@pytest_twisted.ensureDeferred
async def test_the_token_is_the_administrator_s(daemon: Daemon) -> None:
    token = (daemon.data / "admin-token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert await daemon.call("PUT", "/queue?suspend", headers=headers) == "work queue suspended"
    assert token not in daemon.program.output
    assert all(token not in log.read_text() for log in (daemon.data / "logs").iterdir())


@pytest_twisted.ensureDeferred
async def test_sigterm_ends_it_with_status_0(daemon: Daemon) -> None:
    assert await daemon.stop() == 0
    assert "object at 0x" not in daemon.program.output
    assert not (daemon.data / "listening").exists()
    await daemon.start()


@pytest_twisted.ensureDeferred
async def test_ctrl_c_ends_it_by_its_signal(daemon: Daemon) -> None:
    """A shell that runs it must learn that it was interrupted."""
    daemon.program.signal("INT")
    assert await daemon.program.ended() == -signal.SIGINT


@pytest_twisted.ensureDeferred
async def test_a_second_daemon_is_told_who_holds_the_directory(daemon: Daemon, stage: Stage) -> None:
    pid = daemon.program.transport.pid
    assert f"awed: data directory {daemon.data} is in use by process {pid} on " in await refusal(stage.daemon())


@pytest_twisted.ensureDeferred
async def test_a_port_in_use_is_refused(daemon: Daemon, stage: Stage) -> None:
    other = stage.daemon(data="other")
    other.listen = daemon.listen
    assert await refusal(other) == f"awed: cannot listen on {daemon.listen}: [Errno 98] Address already in use"


@pytest_twisted.ensureDeferred
async def test_a_start_in_the_background_ends_when_it_is_known_how_it_went(daemon: Daemon, stage: Stage) -> None:
    """``twistd awe`` without ``-n`` has the exit status and the reason, not the log alone."""
    command = (*TWISTD[:2], "--pidfile=other.pid", "awe", "--data", "other", "--listen")
    refused = stage.run(*command, daemon.listen)
    assert await refused.ended() == 1
    assert f"awed: cannot listen on {daemon.listen}: [Errno 98] Address already in use\n" in refused.output
    started = stage.run(*command, "tcp:0:interface=127.0.0.1")
    assert await started.ended() == 0
    assert (stage.folder / "other" / "listening").exists()
    os.kill(int((stage.folder / "other.pid").read_text()), signal.SIGTERM)
    await until(lambda: not (stage.folder / "other.pid").exists())


@pytest_twisted.ensureDeferred
async def test_an_endpoint_that_makes_no_sense_is_refused(stage: Stage) -> None:
    assert await refusal(stage.daemon("--listen", "tpc:1")) == (
        "twistd awe: cannot listen on tpc:1: Unknown endpoint type: 'tpc'"
    )


@pytest_twisted.ensureDeferred
async def test_wrong_values_are_refused(stage: Stage) -> None:
    config = stage.folder / "awed.conf"
    config.write_text("[Server]\nexpire_wait = soon\n")
    assert await refusal(stage.daemon("--config", str(config))) == (
        f"twistd awe: {config}: [Server] expire_wait = soon: expected a whole number of at least 1"
    )


@pytest_twisted.ensureDeferred
async def test_unknown_settings_are_warned_of(stage: Stage) -> None:
    config = stage.folder / "awed.conf"
    config.write_text("[Server]\ntitel = x\n")
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    assert f"{config}: unknown setting [Server] titel; did you mean [Server] title?" in daemon.program.output


@pytest_twisted.ensureDeferred
async def test_a_port_for_other_machines_is_refused_while_strangers_may_write(stage: Stage) -> None:
    daemon = stage.daemon()
    daemon.listen = "tcp:0"
    assert "[Security] anonymous_beyond_loopback = true" in await refusal(daemon)


@pytest.mark.parametrize("uri", ["sqlite", "postgres:x"])
@pytest_twisted.ensureDeferred
async def test_a_store_that_there_is_not_is_refused(stage: Stage, uri: str) -> None:
    assert "sqlite:PATH" in await refusal(stage.daemon("--store", uri))


@pytest_twisted.ensureDeferred
async def test_the_password_of_a_store_is_not_told(stage: Stage) -> None:
    daemon = stage.daemon("--store", "mongodb://ada:secret@localhost")
    assert "the URI names no database" in await refusal(daemon)
    assert "jobs in mongodb://localhost" in daemon.program.output
    assert "secret" not in daemon.program.output


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_store_of_a_newer_awed_is_refused(daemon: Daemon) -> None:
    await daemon.stop()
    with sqlite3.connect(daemon.data / "awed.sqlite") as database:
        database.execute("PRAGMA user_version = 1000")
    assert "awed: cannot open the store: the database has schema version 1000" in await refusal(daemon)


@pytest_twisted.ensureDeferred
async def test_a_file_that_is_no_store_is_refused(stage: Stage) -> None:
    (stage.folder / "text").write_text("not a database, " * 100)
    assert await refusal(stage.daemon("--store", "sqlite:text")) == (
        "awed: cannot open the store: text is not a SQLite database"
    )


@pytest_twisted.ensureDeferred
async def test_a_data_directory_that_cannot_be_made_is_refused(stage: Stage) -> None:
    (stage.folder / "data").touch()
    assert f"awed: data directory {stage.folder}/data: " in await refusal(stage.daemon())


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_refused_daemon_leaves_the_data_directory_free(stage: Stage) -> None:
    daemon = stage.daemon()
    await refusal(stage.daemon("--store", "postgres:x"))
    await daemon.start()


async def someone_waits_for_work(daemon: Daemon) -> bool:
    metrics = await treq.get(f"{daemon.url}/metrics", persistent=False)
    return "\nawed_clients_waiting 1.0\n" in await metrics.text()


@pytest_twisted.ensureDeferred
async def test_sigterm_does_not_wait_for_those_who_wait_for_work(daemon: Daemon) -> None:
    client = await daemon.register()
    waiting = ensureDeferred(daemon.call("GET", f"/work?client={client['id']}&wait=60"))
    await until(lambda: someone_waits_for_work(daemon))
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.program.output
    with pytest.raises(Refused, match="nothing is lost, please ask again"):
        await waiting


@pytest.mark.slow
@pytest.mark.parametrize("end", [Daemon.kill, Daemon.stop])
@pytest_twisted.ensureDeferred
async def test_what_was_acknowledged_is_there_after_the_end(
    daemon: Daemon, end: Callable[[Daemon], Awaitable[object]]
) -> None:
    job = await daemon.submit(JOB)
    client = await daemon.register()
    work = await daemon.call("GET", f"/work?client={client['id']}")
    await end(daemon)
    await daemon.start()
    assert (await daemon.call("GET", f"/job/{job['id']}"))["state"] == "in-progress"
    again = await daemon.register(id=client["id"], current_work={work["id"]: True})
    assert again["server_uuid"] == client["server_uuid"]
    assert again["current_work"] == {work["id"]: True}
    assert await daemon.call("PUT", f"/work/{work['id']}?status=done&client={client['id']}") == "ok"
    assert (await daemon.call("GET", f"/job/{job['id']}"))["state"] == "completed"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_sigterm_in_the_middle_of_requests_loses_nothing(daemon: Daemon) -> None:
    acknowledged: list[str] = []

    async def submit_until_the_end() -> None:
        try:
            while True:
                acknowledged.append((await daemon.submit(JOB))["id"])
        except (ResponseFailed, ConnectError):
            return
        except Refused as refused:
            assert refused.status == 503

    submitters = [ensureDeferred(submit_until_the_end()) for _ in range(8)]
    while len(acknowledged) < 20:
        await daemon.submit(JOB)
    assert await daemon.stop() == 0
    await gatherResults(submitters)
    assert "Traceback" not in daemon.program.output
    await daemon.start()
    for job in acknowledged:
        await daemon.call("GET", f"/job/{job}")
