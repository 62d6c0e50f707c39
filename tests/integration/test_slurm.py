"""A worker as a batch job: the script, the worker and the daemon are real, Slurm is not."""

import sys

import pytest_twisted

from tests.integration.daemon import Daemon
from tests.integration.jobs import job, shell
from tests.slurm import SCRIPT, FakeSlurm
from tests.waiting import until


@pytest_twisted.ensureDeferred
async def test_told_that_its_time_ends_a_batch_job_finishes_its_work_and_leaves(daemon: Daemon) -> None:
    folder = daemon.stage.folder
    slurm = FakeSlurm(folder, left="10:00")
    slurm.put("awe-worker", f"#!/bin/sh\nexec '{sys.executable}' -m awed.worker \"$@\"\n")
    begun, release = folder / "begun", folder / "release"
    long = shell("true", walltime=600)
    waits = shell(f"touch '{begun}'; while ! [ -e '{release}' ]; do sleep 0.05; done", walltime=60)
    job_id = (await daemon.submit(job(long, waits, shell("true"))))["id"]
    arguments = ["bash", str(SCRIPT), "--server", daemon.url, "--slots", "1"]
    start = f"import os; os.environ.update({slurm.environ!r}); os.execvp('bash', {arguments!r})"
    batch = daemon.stage.run("-c", start)
    await until(begun.exists)
    batch.signal("TERM")
    await batch.said("leaving when the running workunit is finished")
    release.touch()
    assert await batch.ended() == 0
    assert [task["state"] for task in (await daemon.call("GET", f"/job/{job_id}"))["tasks"]] == [
        "queued",
        "completed",
        "queued",
    ]
    assert await daemon.call("GET", "/client") == []
    assert list(slurm.scratch.iterdir()) == []
