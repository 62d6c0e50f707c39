"""``awe`` against a real daemon."""

import json
import os
from pathlib import Path

import pytest
import pytest_twisted

from tests.integration.daemon import Daemon, Stage

pytestmark = pytest.mark.slow

WORKFLOW = {
    "info": {"name": "greeting", "noretry": True},
    "tasks": [
        {"taskid": "hello", "cmd": {"name": "sh", "args": "-c 'test -e @place && echo hello'"}},
        {"taskid": "end", "cmd": {"name": "true"}, "dependsOn": ["hello"]},
    ],
}


async def awe(stage: Stage, *arguments: str) -> tuple[int, str]:
    """Type an ``awe`` command: its exit status and what it said."""
    program = stage.run("-m", "awed.cli", *arguments)
    return await program.ended(), program.output


def written(folder: Path, place: Path) -> str:
    """The workflow in a file; its first task needs the file *place*."""
    text = json.dumps(WORKFLOW).replace("@place", str(place))
    (folder / "job.json").write_text(text)
    return str(folder / "job.json")


@pytest_twisted.ensureDeferred
async def test_from_a_job_that_waits_to_one_that_is_gone(stage: Stage, daemon: Daemon) -> None:
    """The life of a job as a person sees it, and what they do about it."""

    async def ask(*arguments: str, status: int = 0) -> str:
        ended, output = await awe(stage, "--server", daemon.url, *arguments)
        assert ended == status, output
        return output

    place = stage.folder / "place"
    job = (await ask("submit", written(stage.folder, place))).strip()
    assert "no worker is registered" in await ask("why", job[:8])
    assert "(greeting): priority 7" in await ask("priority", job, "7")
    stage.run("-m", "awed.worker", "--server", daemon.url, "--workdir", "worker", "--name", "w1")
    assert "on worker w1: exit status 1" in await ask("wait", job, status=1)
    assert job[:8] in await ask("jobs", "--state", "suspend")
    place.touch()
    assert "1 suspended job: resumed" in await ask("resume", "--all")
    await ask("wait", job)
    assert await ask("logs", job) == "==> hello: stdout <==\nhello\n"
    await ask("recompute", job, "end", "--yes")
    await ask("wait", job)
    assert "w1" in await ask("job", job)
    assert "1 idle" in await ask("queue")
    await ask("delete", job, "--full", "--yes")
    assert f"job not found: {job}" in await ask("job", job, status=3)


@pytest_twisted.ensureDeferred
async def test_a_change_counts_at_once(stage: Stage, daemon: Daemon) -> None:
    here = ("--data", str(daemon.data))
    status, token = await awe(stage, "user", "add", "ann", "--admin", *here)
    assert status == 0
    (stage.folder / "token").write_text(token)
    as_ann = ("--server", daemon.url, "--token-file", "token")
    assert (await awe(stage, *as_ann, "jobs"))[0] == 0
    assert "everything" in (await awe(stage, "user", "list", *here))[1]
    assert (await awe(stage, "user", "add", "ann", *here))[0] == 2
    status, output = await awe(stage, "user", "remove", "bob", *here)
    assert (status, "there is no user bob" in output, "[y/N]" in output) == (2, True, False)
    assert (await awe(stage, "user", "remove", "ann", "--yes", *here))[0] == 0
    status, output = await awe(stage, *as_ann, "jobs")
    assert (status, output) == (3, "awe: Invalid Auth Header (your token: see --token-file and awe login)\n")


@pytest_twisted.ensureDeferred
async def test_a_store_that_is_none(stage: Stage) -> None:
    (stage.folder / "awed.sqlite").write_text("this is no database" * 100)
    status, output = await awe(stage, "user", "list", "--data", ".")
    assert status == 3
    assert output.startswith("awe: sqlite:./awed.sqlite: ")
    assert len(output.splitlines()) == 1


@pytest_twisted.ensureDeferred
async def test_a_backup_of_a_running_daemon_is_a_database_that_another_can_start_from(
    stage: Stage, daemon: Daemon
) -> None:
    job = await daemon.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]})
    status, output = await awe(stage, "backup", "copy.sqlite", "--data", str(daemon.data))
    assert (status, output) == (0, "copied to copy.sqlite\n")
    other = stage.daemon("--store", f"sqlite:{stage.folder / 'copy.sqlite'}", data="other")
    await other.start()
    assert (await other.call("GET", f"/job/{job['id']}"))["state"] == "queued"


@pytest_twisted.ensureDeferred
async def test_output_is_followed_as_it_is_written_and_over_a_restart(stage: Stage, daemon: Daemon) -> None:
    """Its second line is written after the first was printed, and after the daemon was away."""
    go = stage.folder / "go"
    script = f"echo first; while ! test -e {go}; do sleep 0.1; done; echo second"
    workflow = {"tasks": [{"taskid": name, "cmd": {"name": "sh", "args_array": ["-c", script]}} for name in "ab"]}
    job = (await daemon.submit(workflow))["id"]
    worker = stage.run("-m", "awed.worker", "--server", daemon.url, "--workdir", "worker", "--slots", "2")
    await worker.said("registered as")
    awe = stage.run("-m", "awed.cli", "--server", daemon.url, "logs", "-f", job)
    for name in "ab":
        await awe.said(rf"^{name} \| first$")
    await daemon.kill()
    await daemon.start()
    go.touch()
    assert await awe.ended() == 0
    assert sorted(awe.output.splitlines()) == ["a | first", "a | second", "b | first", "b | second"]


@pytest_twisted.ensureDeferred
async def test_a_hundred_commands_are_followed_at_once(stage: Stage, daemon: Daemon) -> None:
    """The first line of each is printed while all of them run: none ends before the gate opens."""
    number, gate = 100, stage.folder / "gate"
    os.mkfifo(gate)
    command = {"name": "sh", "args_array": ["-c", f"echo first; : < '{gate}'; echo second"]}
    task = {"taskid": "many", "cmd": command, "totalwork": number, "resources": {"cores": 0.01}}
    job = (await daemon.submit({"tasks": [task]}))["id"]
    worker = stage.run("-m", "awed.worker", "--server", daemon.url, "--workdir", "worker", "--slots", str(number))
    await worker.said("registered as")
    awe = stage.run("-m", "awed.cli", "--server", daemon.url, "logs", "-f", job)
    names = [f"many/{rank}" for rank in range(1, number + 1)]
    for name in names:
        await awe.said(rf"^{name} \| first$")
    opened = os.open(gate, os.O_RDWR)
    assert await awe.ended() == 0
    os.close(opened)
    assert sorted(awe.output.splitlines()) == sorted(
        f"{name} | {text}" for name in names for text in ("first", "second")
    )
