"""The demo's workflow, submitted twice to a real daemon and worker: the second time nothing runs."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import treq

from tests.integration.daemon import Daemon, Stage
from tests.integration.program import ROOT

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"
GENOME = EXAMPLES / "lambda_virus.fa"


def written(folder: Path, **changed: list[str]) -> str:
    """The workflow, with reuse, and with other scripts of some tasks."""
    workflow = json.loads((EXAMPLES / "lambda.json").read_text())
    workflow["info"]["reuse"] = "both"
    for task in workflow["tasks"]:
        if task["taskid"] in changed:
            task["cmd"]["cmd_script"] = changed[task["taskid"]]
    (folder / "lambda.json").write_text(json.dumps(workflow))
    return str(folder / "lambda.json")


@pytest_twisted.ensureDeferred
async def test_a_second_time_nothing_runs_and_the_result_is_the_same(stage: Stage, daemon: Daemon) -> None:
    """With one input changed all runs that depends on it, with one script that task and what comes after it."""
    worker = stage.run("-m", "awed.worker", "--server", daemon.url, "--workdir", "worker", "--slots", "2")
    await worker.said("registered")

    async def run(genome: Path = GENOME, **changed: list[str]) -> tuple[list[str], bytes]:
        """Run the workflow: the tasks that had to run, and the report."""
        document = written(stage.folder, **changed)
        source = f"{GENOME.name}={genome}"
        awe = stage.run("-m", "awed.cli", "--server", daemon.url, "submit", document, "--wait", "--input", source)
        assert await awe.ended() == 0, awe.output
        (job,) = await daemon.call("GET", "/job?limit=1&order=info.submittime")
        ran = [task["taskid"].rpartition("_")[2] for task in job["tasks"] if not task.get("reused")]
        return ran, await content(daemon, job)

    ran, first = await run()
    assert len(ran) == 8
    done = await completed(daemon)
    again, second = await run()
    assert (again, second) == ([], first)
    assert await completed(daemon) == done
    other = stage.folder / "other.fa"
    other.write_text(GENOME.read_text()[:-200])
    assert (await run(other))[0] == ran
    changed, third = await run(gc=["echo no windows > gc.txt"])
    assert changed == ["gc", "report"]
    assert third != first


async def completed(daemon: Daemon) -> int:
    """How many workunits the worker has completed."""
    (client,) = await daemon.call("GET", "/client")
    return int(client["total_completed"])


async def content(daemon: Daemon, job: Any) -> bytes:
    """The report, which is the output of the last task."""
    response = await treq.get(job["tasks"][-1]["outputs"][0]["url"])
    return await treq.content(response)
