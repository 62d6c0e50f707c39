"""Runs of CWL that the daemon is asked for: the runner itself is a workunit, and survives its worker."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import treq
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.integration.daemon import Daemon
from tests.integration.jobs import content, reaches
from tests.integration.program import ROOT, Program
from tests.integration.test_cwl import FAILS, STEPS, WORKFLOW
from tests.integration.test_tes import no_sandbox

pytestmark = [pytest.mark.slow, no_sandbox]

WES = "/ga4gh/wes/v1/runs"


def worker(daemon: Daemon, name: str) -> Program:
    """A worker of one slot and one core that has the runner."""
    programs: Path = daemon.stage.folder / "programs"
    programs.mkdir(exist_ok=True)
    script = programs / "awe-cwl-runner"
    lines = [f"#!{sys.executable}", "import sys", f"sys.path.insert(0, {str(ROOT)!r})"]
    script.write_text("\n".join([*lines, "from awed.cli.cwl import main", "main()", ""]))
    script.chmod(0o755)
    environ = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    options = [
        "--server",
        daemon.url,
        "--workdir",
        str(daemon.stage.folder / name),
        "--name",
        name,
        "--heartbeat",
        "0.3",
    ]
    command = [
        sys.executable,
        "-m",
        "awed.worker",
        *options,
        "--slots",
        "1",
        "--cores",
        "1",
        "--containers",
        "ignore",
    ]
    return daemon.stage.start(command, environ)


async def asked(daemon: Daemon, workflow: str, params: str = "{}", **attachments: str) -> str:
    """A run that WES was asked for."""
    files: list[Any] = [("workflow_attachment", (name, text.encode())) for name, text in attachments.items()]
    files.append(("workflow_attachment", ("flow.cwl", workflow.encode())))
    fields = {"workflow_type": "CWL", "workflow_type_version": "v1.2", "workflow_url": "flow.cwl"}
    response = await treq.post(
        f"{daemon.url}{WES}", data={**fields, "workflow_params": params}, files=files, persistent=False
    )
    answer = await response.json()
    assert response.code == 200, answer
    return str(answer["run_id"])


async def wes(daemon: Daemon, path: str) -> Any:
    response = await treq.get(f"{daemon.url}{WES}/{path}", persistent=False)
    return await response.json()


async def steps(daemon: Daemon, run: str) -> list[Any]:
    found: list[Any] = await daemon.call("GET", f"/job?query&info.parent={run}&limit=100")
    return found


@ensureDeferred
async def test_a_run_and_its_steps_share_a_worker_of_one_slot(daemon: Daemon) -> None:
    """Also one that is killed, with what it runs, while steps are done and others are to come."""
    first = worker(daemon, "first")
    numbers = [*range(1, STEPS), 1]
    params = f'{{"text": {{"class": "File", "location": "text"}}, "numbers": {numbers}}}'
    run = await asked(daemon, WORKFLOW, params, text="line\n" * 100)
    while sum(step["state"] == "completed" for step in await steps(daemon, run)) < 2:
        await deferLater(reactor, 0.1)
    first.signal("KILL")
    await first.ended()
    worker(daemon, "second")
    job = await reaches(daemon, run, "completed", "suspend")
    assert job["state"] == "completed", job["error"]
    made = await steps(daemon, run)
    assert len(made) == 2 * STEPS + 1
    assert {step["state"] for step in made} == {"completed"}
    shown = await wes(daemon, run)
    assert shown["state"] == "COMPLETE"
    assert (await content({"url": shown["outputs"]["result"]["location"]})).split() == [
        b"1",
        b"2",
        b"3",
        b"4",
        b"5",
        b"1",
    ]
    assert len((await wes(daemon, f"{run}/tasks"))["task_logs"]) == len(made)


@ensureDeferred
async def test_a_run_that_failed_is_resumed_with_the_step_that_did(daemon: Daemon) -> None:
    worker(daemon, "w")
    run = await asked(daemon, FAILS)
    job = await reaches(daemon, run, "completed", "suspend")
    assert (job["state"], job["error"]["cause"]) == ("suspend", "exit")
    assert (await wes(daemon, f"{run}/status"))["state"] == "EXECUTOR_ERROR"
    (step,) = await steps(daemon, run)
    assert step["state"] == "suspend"
    await daemon.call("PUT", f"/job/{run}?resume")
    while (await daemon.call("GET", f"/job/{step['id']}"))["resumed"] == 0:
        await deferLater(reactor, 0.1)
    await reaches(daemon, run, "suspend")


@ensureDeferred
async def test_a_cancelled_run_ends_its_steps_and_its_runner(daemon: Daemon) -> None:
    program = worker(daemon, "w")
    run = await asked(daemon, FAILS.replace("exit 7", "sleep 1000"))
    while not (begun := [step["id"] for step in await steps(daemon, run) if step["state"] == "in-progress"]):
        await deferLater(reactor, 0.1)
    await treq.post(f"{daemon.url}{WES}/{run}/cancel", persistent=False)
    assert (await wes(daemon, f"{run}/status"))["state"] == "CANCELED"
    assert {step["state"] for step in await steps(daemon, run)} == {"deleted"}
    for ended in (f"{run}_run_0", f"{begun[0]}_tes_0"):
        # The runner may hear of its steps first.
        await program.said(rf"{ended}(: discarded|: failed| is no longer ours)")


SUBMITTED = """
cwlVersion: v1.0
$graph:
- class: CommandLineTool
  id: '#count'
  baseCommand: [wc, -l]
  inputs:
  - {id: '#count/text', type: File, inputBinding: {position: 1}}
  outputs:
  - {id: '#count/number', type: stdout}
  stdout: number
  requirements: [&shock {class: ShockRequirement, shock_api_url: 'http://shock.example:7445'}]
- class: Workflow
  id: '#main'
  inputs:
  - {id: '#main/text', type: File}
  outputs:
  - {id: '#main/number', type: File, outputSource: '#main/step/number'}
  steps:
  - id: '#main/step'
    run: '#count'
    in: [{id: '#main/step/text', source: '#main/text'}]
    out: ['#main/step/number']
  requirements: [*shock]
"""
"""As it makes them: packed, with files as nodes, and with a requirement of its own."""


@pytest.mark.parametrize("entrypoint", ["", "#main", "#count"])
@ensureDeferred
async def test_what_the_submitter_of_the_original_sends_is_run(daemon: Daemon, entrypoint: str) -> None:
    """A workflow, or one of its tools."""
    worker(daemon, "w")
    node = await daemon.call("POST", "/node", files={"upload": ("text", b"one\ntwo\n")})
    location = f"{daemon.url}/node/{node['id']}?download"
    files = {
        "cwl": ("flow.cwl", SUBMITTED.encode()),
        "job": ("job.yaml", f"text: {{class: File, location: '{location}', basename: text}}\n".encode()),
    }
    form = {"CLIENT_GROUP": "", "entrypoint": entrypoint}
    job = await daemon.call("POST", "/job", data=form, files=files)
    job = await reaches(daemon, job["id"], "completed", "suspend")
    assert job["state"] == "completed", job["error"]
    number = (await wes(daemon, job["id"]))["outputs"]["number"]
    assert (await content({"url": number["location"]})).split()[0] == b"2"
