"""Whole workflows on a real daemon with real workers, also when one of them dies in the middle."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import treq
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

from awed.model.ids import is_uuid
from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import reaches
from tests.integration.program import Program

pytestmark = pytest.mark.slow


def worker(daemon: Daemon, name: str, *options: str) -> Program:
    """A worker of this daemon, started."""
    folder = daemon.stage.folder / name
    return daemon.stage.run(
        "-m", "awed.worker", "--server", daemon.url, "--workdir", str(folder), "--name", name, *options
    )


async def completed(daemon: Daemon, document: dict[str, Any], *programs: Program) -> dict[str, Any]:
    """Submit a job with ``awe``, which waits for its end: the job, which must be completed."""
    file = daemon.stage.folder / "job.json"
    file.write_text(json.dumps(document))
    submit = daemon.stage.run("-m", "awed.cli", "--server", daemon.url, "submit", str(file), "--wait")
    status = await submit.ended()
    assert status == 0, "\n".join([submit.output, *(program.output for program in programs)])
    (job_id,) = filter(is_uuid, submit.output.split())  # among warnings
    job: dict[str, Any] = await daemon.call("GET", f"/job/{job_id}")
    return job


def task(name: str, *after: str, script: Sequence[str] = ("true",), **fields: Any) -> dict[str, Any]:
    cmd = {"name": "sh", "cmd_script": list(script)}
    return {"taskid": name, "cmd": cmd, "dependsOn": list(after), **fields}


def runs_of(folder: Path) -> dict[str, int]:
    """How often each workunit ran, by the marks that the scripts of these tests leave."""
    return {path.name: len(path.read_text().splitlines()) for path in folder.glob("*_*")}


@ensureDeferred
async def test_a_chain_of_twenty(daemon: Daemon) -> None:
    worker(daemon, "one")
    tasks = [task(str(n), *([str(n - 1)] if n else [])) for n in range(20)]
    job = await completed(daemon, {"tasks": tasks})
    assert [item["state"] for item in job["tasks"]] == ["completed"] * 20


@ensureDeferred
async def test_files_go_from_task_to_task_and_an_array_is_merged_in_order(daemon: Daemon) -> None:
    worker(daemon, "one", "--slots", "2")
    worker(daemon, "two")
    count = task("count", script=["echo part $AWE_RANK of $AWE_TOTALWORK > part.txt"], totalwork=5)
    count["outputs"] = [{"filename": "part.txt"}]
    double = task("double", script=["cat part.txt part.txt > twice.txt"])
    double |= {"inputs": [{"filename": "part.txt", "origin": "count"}], "outputs": [{"filename": "twice.txt"}]}
    job = await completed(daemon, {"tasks": [count, double]})
    response = await treq.get(job["tasks"][1]["outputs"][0]["url"], persistent=False)
    parts = "".join(f"part {rank} of 5\n" for rank in range(1, 6))
    assert await response.text() == parts * 2


@ensureDeferred
async def test_a_daemon_that_is_killed_in_the_middle_goes_on_and_no_finished_task_runs_twice(daemon: Daemon) -> None:
    marks = daemon.stage.folder / "marks"
    marks.mkdir()
    first = worker(daemon, "one")
    second = worker(daemon, "two")
    script = [f"echo ran >> {marks}/$AWE_WORKID", "sleep 0.2", "date > out.txt"]
    tasks = [task("0", script=script), task("1", "0", script=script, totalwork=6), task("2", "1", script=script)]
    for item in tasks:
        item["outputs"] = [{"filename": "out.txt"}]
    ended = completed(daemon, {"tasks": tasks}, first, second)
    running = Deferred.fromCoroutine(ended)
    await first.said("_1_[0-9]: done")
    await daemon.kill()
    await daemon.start()
    job = await running
    assert job["state"] == "completed"
    assert job["remaintasks"] == 0
    assert runs_of(marks) == dict.fromkeys(runs_of(marks), 1)
    assert len(runs_of(marks)) == 8


@ensureDeferred
async def test_work_of_a_killed_worker_goes_to_another_within_the_heartbeat_limit(stage: Stage) -> None:
    config = stage.folder / "awed.conf"
    config.write_text("[Server]\nheartbeat_limit = 2\n")
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    marks = stage.folder / "marks"
    marks.mkdir()
    doomed = worker(daemon, "doomed")
    script = [f"echo ran >> {marks}/$AWE_WORKID", f"test -e {marks}/go || exec sleep 20"]
    job = await daemon.submit({"tasks": [task("0", script=script)]})
    while not runs_of(marks):
        await daemon.call("GET", "/queue?json")
    (marks / "go").touch()
    doomed.signal("KILL")
    await doomed.ended()
    worker(daemon, "rescuer")
    await reaches(daemon, job["id"], "completed")
    assert runs_of(marks) == {f"{job['id']}_0_0": 2}


@ensureDeferred
async def test_a_job_of_ten_thousand_tasks_is_taken_while_others_are_served(daemon: Daemon) -> None:
    tasks = [{"taskid": str(n), "cmd": {"name": "true"}} for n in range(10_000)]
    submitted = Deferred.fromCoroutine(daemon.submit({"tasks": tasks}))
    served = 0
    while not submitted.called:
        await daemon.call("GET", "/queue?json")
        served += 1
    assert len((await submitted)["tasks"]) == 10_000
    assert served > 1
    while (await daemon.call("GET", "/queue?json"))["workunits"]["queuing"] < 10_000:
        pass  # the tasks of a large job are queued some at a time


@ensureDeferred
async def test_workers_reach_the_files_of_a_private_job_and_strangers_do_not(daemon: Daemon) -> None:
    joe = daemon.stage.run("-m", "awed.cli", "user", "add", "joe", "--data", str(daemon.data))
    assert await joe.ended() == 0, joe.output
    authorization = Headers({"Authorization": [f"OAuth {joe.output.split()[-1]}"]})
    worker(daemon, "one")
    first = task("0", script=["echo private > out.txt"], outputs=[{"filename": "out.txt"}])
    second = task("1", script=["cat out.txt > copy.txt"], outputs=[{"filename": "copy.txt"}])
    second["inputs"] = [{"filename": "out.txt", "origin": "0"}]
    files = {"upload": ("job.json", json.dumps({"tasks": [first, second]}).encode())}
    job = await daemon.call("POST", "/job", files=files, headers=authorization)
    while (shown := await daemon.call("GET", f"/job/{job['id']}", headers=authorization))["state"] != "completed":
        pass
    url = shown["tasks"][1]["outputs"][0]["url"]
    stranger = await treq.get(url, persistent=False)
    assert (stranger.code, (await stranger.json())["data"]) == (404, None)
    owner = await treq.get(url, headers=authorization, persistent=False)
    assert await owner.text() == "private\n"
