"""Crates of real runs, checked and read by programs that others wrote: all that their profiles require and recommend.

The test is skipped where pip cannot install those.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from tests.integration.daemon import Daemon
from tests.integration.installing import environment
from tests.integration.jobs import ended, from_task, job, reaches, shell, start, uploaded
from tests.integration.program import ROOT
from tests.integration.test_tes import pytestmark as needs_a_sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CHECK = ROOT / "tests" / "integration" / "crate_check.py"
PROCESS, PROVENANCE = "process-run-crate", "provenance-run-crate"
TEMPORARY = {"filename": "t", "temporary": True}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the validator and the library."""
    return environment(tmp_path_factory.mktemp("venv"), "roc-validator==0.13.0", "rocrate==0.14.0") / "python"


async def check(daemon: Daemon, python: Path, found: dict[str, Any], profile: str) -> None:
    """Fail if the crate of a job is not as it should be, with and without its files."""
    for files in ((), ("--files",)):
        awe = daemon.stage.run(
            *("-m", "awed.cli", "--server", daemon.url, "crate", found["id"], "-o", "run.crate.zip", *files)
        )
        assert await awe.ended() == 0, awe.output
        checked = daemon.stage.start([python, CHECK, daemon.stage.folder / "run.crate.zip", profile])
        assert await checked.ended() == 0, checked.output
        assert checked.output.splitlines() == [found["info"]["name"]], checked.output


@pytest_twisted.ensureDeferred
async def test_runs_as_their_profiles_want_them(daemon: Daemon, python: Path) -> None:
    """A task alone, a split one of which a part failed first, a workflow with files, and one that failed."""
    await start(daemon, "w", "--slots", "2").said("registered")
    one = await ended(daemon, job({"cmd": {"name": "echo", "args": "hi"}}))
    await check(daemon, python, one, PROCESS)

    source = await uploaded(daemon, "in.fa", b">a\nACGT\n>b\nAC\n")
    once = "test $AWE_ATTEMPT -gt 1 || exit 3\ncat in.fa > out.fa"
    by = {"input": "in.fa", "index": "record"}
    halves = shell(once, **made("out.fa"), totalwork=2, partinfo=by, inputs=[source])
    parts = await ended(daemon, job(halves, name="split"))
    assert parts["state"] == "completed"
    assert [attempt["cause"] for attempt in parts["tasks"][0]["attempts"]].count("exit") == 2
    await check(daemon, python, parts, PROCESS)

    workflow = job(
        shell("grep -v '>' in.fa > a; echo x > t", inputs=[source], outputs=[*made("a")["outputs"], TEMPORARY]),
        shell("wc -c a t > b", after=["0"], inputs=[from_task(0, "a"), from_task(0, "t")], **made("b")),
        name="flow",
        userattr={"license": "CC0-1.0"},
    )
    await check(daemon, python, await ended(daemon, workflow), PROVENANCE)

    failing = job(shell("echo a > a", **made("a")), shell("echo no >&2; exit 3", after=["0"]), name="bad")
    failing["tasks"].append(shell("true", after=["1"], taskid="2"))
    failed = await ended(daemon, failing)
    assert failed["state"] == "suspend"
    await check(daemon, python, failed, PROVENANCE)


FLOW = """
cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}}
inputs: {numbers: 'int[]'}
steps:
  count:
    run:
      class: CommandLineTool
      baseCommand: seq
      inputs: {number: {type: int, inputBinding: {}}}
      stdout: numbers.txt
      outputs: {out: stdout}
    scatter: number
    in: {number: numbers}
    out: [out]
  all:
    run:
      class: CommandLineTool
      baseCommand: cat
      inputs: {files: {type: 'File[]', inputBinding: {}}}
      stdout: all.txt
      outputs: {out: stdout}
    in: {files: count/out}
    out: [out]
outputs: {all: {type: File, outputSource: all/out}}
"""


@needs_a_sandbox
@pytest_twisted.ensureDeferred
async def test_a_run_of_cwl(daemon: Daemon, python: Path) -> None:
    """Its workflow is the file, and its steps are jobs of their own."""
    words = ["--server", daemon.url, "--workdir", "w", "--containers", "ignore", "--cores", "2"]
    daemon.stage.run("-m", "awed.worker", *words)
    files = {"cwl": ("flow.cwl", FLOW.encode()), "job": ("job.json", b'{"numbers": [2, 3]}')}
    run = await daemon.call("POST", "/job", files=files)
    found = await reaches(daemon, run["id"], "completed", "suspend")
    assert found["state"] == "completed", found["error"]
    await check(daemon, python, found, PROVENANCE)
    archive = zipfile.ZipFile(daemon.stage.folder / "run.crate.zip")
    graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    assert sorted(entity["name"] for entity in graph if entity["@type"] == "HowToStep") == ["all", "count"]
    assert [entity["@type"] for entity in graph].count("ControlAction") == 3
    assert archive.read("workflow/workflow.cwl") == FLOW.encode()


def made(name: str) -> dict[str, Any]:
    return {"outputs": [{"filename": name}]}
