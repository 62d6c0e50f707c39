"""CWL workflows through a real daemon and two workers, which share no files with the runner."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import treq
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import content, job, reaches, shell, start
from tests.integration.program import ROOT, Program
from tests.integration.test_tes import no_sandbox
from tests.integration.test_tokens import guarded, user

pytestmark = [pytest.mark.slow, no_sandbox]

SUBMITTER = "import sys; from awed.cli.program import run; sys.exit(run(['cwl', *sys.argv[1:]]))"

RUNNER = "from awed.cli.cwl import main; main()"

MEASURED = f"""
import atexit, resource, sys
atexit.register(lambda: print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr))
{RUNNER}
"""
"""The runner, which tells at its end how many KiB it had at most."""

SOURCE = os.environ.get("AWE_TEST_CWL", "https://github.com/common-workflow-language/cwl-v1.2")
"""Where git finds the conformance tests of CWL v1.2."""

WORKFLOW = """
cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}, SubworkflowFeatureRequirement: {}}
inputs: {text: File, numbers: 'int[]'}
steps:
  head:
    run:
      class: CommandLineTool
      baseCommand: head
      inputs: {number: {type: int, inputBinding: {prefix: -n}}, text: {type: File, inputBinding: {position: 1}}}
      stdout: head.txt
      outputs: {out: stdout}
    scatter: number
    in: {number: numbers, text: text}
    out: [out]
  inner:
    run:
      class: Workflow
      inputs: {files: 'File[]'}
      steps:
        count:
          run: &count
            class: CommandLineTool
            baseCommand: [sh, -c, 'sleep 0.2; wc -l < "$0"']
            inputs: {file: {type: File, inputBinding: {}}}
            stdout: count.txt
            outputs: {out: stdout}
          scatter: file
          in: {file: files}
          out: [out]
      outputs: {counts: {type: 'File[]', outputSource: count/out}}
    in: {files: head/out}
    out: [counts]
  all:
    run:
      class: CommandLineTool
      baseCommand: cat
      inputs: {files: {type: 'File[]', inputBinding: {}}}
      stdout: all.txt
      outputs: {out: stdout}
    in: {files: inner/counts}
    out: [out]
outputs: {result: {type: File, outputSource: all/out}}
""".replace("&count", "")

STEPS = 6
"""How many parts the workflow has."""


@pytest_twisted.async_fixture
async def farm(daemon: Daemon) -> Daemon:
    """A daemon with two workers."""
    for name in ("one", "two"):
        start(daemon, name, "--containers", "ignore", "--cores", "2")
    return daemon


def runner(
    daemon: Daemon,
    *arguments: str,
    program: str = RUNNER,
    token: str = "",
    run: str = "",
    work: str = "",
    attempt: str = "",
) -> Program:
    """A runner, of an *attempt* of the workunit *work*; its files are in the folder of the test."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "AWE_SERVER": daemon.url,
        "AWE_TOKEN": token,
        "AWE_JOBID": run,
        "AWE_WORKID": work,
        "AWE_ATTEMPT": attempt,
    }
    return daemon.stage.start([sys.executable, "-c", program, *arguments], environ)


def write(stage: Stage, name: str, text: str) -> str:
    """Write a file in the folder of the test; its name."""
    (stage.folder / name).write_text(text)
    return name


def printed(program: Program) -> Any:
    """The output object that a runner printed."""
    return json.loads(program.output[program.output.index("{") : program.output.rindex("}") + 1])


def order(stage: Stage, *, last: int = 1) -> list[str]:
    """The arguments for a run of WORKFLOW. *last*: the last of its numbers; with 1 two parts are equal."""
    write(stage, "text", "line\n" * 100)
    numbers = [*range(1, STEPS), last]
    inputs = {"text": {"class": "File", "location": "text"}, "numbers": numbers}
    return [
        "--quiet",
        "--outdir",
        "out",
        write(stage, "flow.cwl", WORKFLOW),
        write(stage, "job.json", json.dumps(inputs)),
    ]


async def tasks(daemon: Daemon) -> list[Any]:
    """The jobs of all steps, with their tasks."""
    found: list[Any] = await daemon.call("GET", "/job?query&info.service=tes&limit=1000")
    return found


@ensureDeferred
async def test_a_runner_that_is_killed_again_and_again_goes_on_where_it_was(farm: Daemon) -> None:
    """No step is run twice, and the outputs are the same; two equal steps stay two."""
    arguments = ["--run-id", "word", *order(farm.stage)]
    arguments.remove("--quiet")
    for number in range(1, 11):
        program = runner(farm, *arguments)
        await program.said(rf"(?:step \S+: success[\s\S]*){{{number}}}")
        program.signal("KILL")
        await program.ended()
    program = runner(farm, *arguments)
    assert await program.ended() == 0, program.output
    made = farm.stage.folder / "out" / "all.txt"
    assert made.read_text().split() == ["1", "2", "3", "4", "5", "1"]
    jobs = await tasks(farm)
    assert len(jobs) == 2 * STEPS + 1
    assert {(one["state"], len(one["tasks"][0]["attempts"])) for one in jobs} == {("completed", 1)}


@ensureDeferred
async def test_the_runner_of_a_run_knows_its_steps_when_the_keys_are_forgotten(farm: Daemon) -> None:
    """Its job is known for as long as it runs, but a key for a day. Here another word makes other keys."""
    run = await farm.submit(job(shell("true"), clientgroups="nobody"))
    for word in ("one", "two"):
        program = runner(farm, "--run-id", word, *order(farm.stage), run=run["id"])
        assert await program.ended() == 0, program.output
    made = await farm.call("GET", f"/job?query&info.parent={run['id']}&limit=0")
    assert len(made) == 2 * STEPS + 1


@ensureDeferred
async def test_of_two_runners_of_one_run_the_first_ends_and_leaves_the_steps_to_the_second(farm: Daemon) -> None:
    """Its worker was given up, but lives."""
    run = await farm.submit(job(shell("true"), clientgroups="runners"))
    work, arguments = f"{run['id']}_0_0", order(farm.stage)
    arguments.remove("--quiet")
    runners = []
    for name in ("1", "2"):
        await farm.register(id=name, group="runners")
        attempt = (await farm.call("GET", f"/work?client={name}"))["attempt"]
        runners.append(runner(farm, *arguments, run=run["id"], work=work, attempt=str(attempt)))
        if name == "1":
            await runners[0].said(r"step \S+: success")
            await farm.call("PUT", f"/work/{work}?client=1&status=discarded")
    assert await runners[0].ended() == 1
    assert "given to another worker, as attempt 2: attempt 1 is over" in runners[0].output
    assert await runners[1].ended() == 0, runners[1].output
    jobs = await tasks(farm)
    assert len(jobs) == 2 * STEPS + 1
    assert {(one["state"], len(one["tasks"][0]["attempts"])) for one in jobs} == {("completed", 1)}


@ensureDeferred
async def test_a_runner_that_is_told_to_end_takes_its_steps_with_it(farm: Daemon) -> None:
    tool = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: [sleep, '1000']\ninputs: {}\noutputs: {}\n"
    program = runner(farm, write(farm.stage, "sleep.cwl", tool))
    await program.said(r"step \S+ is job")
    program.signal("TERM")
    assert await program.ended() == 143
    assert {one["state"] for one in await tasks(farm)} <= {"deleted"}


FAILS = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, "echo what went wrong >&2; exit 7"]
inputs: {}
outputs: {}
"""


@ensureDeferred
async def test_the_step_that_failed_is_named_with_its_reason(farm: Daemon) -> None:
    program = runner(farm, "--quiet", write(farm.stage, "fails.cwl", FAILS))
    assert await program.ended() == 1
    (made,) = await tasks(farm)
    assert re.search(rf"step fails.cwl \(job {made['id']}\) failed: .*exit status 7", program.output)
    assert "what went wrong" in program.output


TREE = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'mkdir -p d/empty "d/a b"; echo x > "d/a b/#1"; ln -s "a b" d/link; ln "d/a b/#1" d/x']
inputs: {}
outputs: {tree: {type: Directory, outputBinding: {glob: d}}}
"""


@ensureDeferred
async def test_directories_come_as_they_were_made(farm: Daemon) -> None:
    """With empty directories, odd names, and what links lead to. With --nodes, files stay nodes."""
    tool = write(farm.stage, "tree.cwl", TREE)
    program = runner(farm, "--quiet", "--outdir", "out", tool)
    assert await program.ended() == 0, program.output
    top = farm.stage.folder / "out" / "d"
    found = {str(path.relative_to(top)) for path in top.rglob("*")}
    assert found == {"empty", "a b", "a b/#1", "link", "link/#1", "x"}
    assert (top / "link" / "#1").read_text() == "x\n"
    program = runner(farm, "--quiet", "--nodes", tool)
    assert await program.ended() == 0, program.output
    listing = {one["basename"]: one for one in printed(program)["tree"]["listing"]}
    assert listing["x"]["location"] == listing["a b"]["listing"][0]["location"]
    node = await farm.call("GET", listing["x"]["location"].removeprefix(farm.url))
    assert node["file"]["size"] == 2
    assert json.loads((farm.stage.folder / "cwl.output.json").read_text()) == printed(program)


SIZE = 300 << 20

LARGE = f"""
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'head -c {SIZE} /dev/zero > zeros']
inputs: {{}}
outputs: {{zeros: {{type: File, outputBinding: {{glob: zeros}}}}}}
"""

MOST = 120 << 20
"""Bytes that the daemon may grow by, and that a runner may have beyond what it has for a small output."""


@ensureDeferred
async def test_a_large_output_is_in_nobodys_memory(farm: Daemon) -> None:
    """Nor does it come to the runner, unless it is asked for."""
    small = write(farm.stage, "small.cwl", LARGE.replace(str(SIZE), "1"))
    before = await _peak(farm, "--nodes", small), _held(farm)
    large = write(farm.stage, "large.cwl", LARGE)
    assert await _peak(farm, "--nodes", large) < before[0] + MOST
    assert await _peak(farm, "--outdir", "out", large) < before[0] + MOST
    assert (farm.stage.folder / "out" / "zeros").stat().st_size == SIZE
    assert _held(farm) < before[1] + MOST


async def _peak(daemon: Daemon, *arguments: str) -> int:
    """The most bytes that a runner had."""
    program = runner(daemon, "--quiet", *arguments, program=MEASURED)
    assert await program.ended(120) == 0, program.output
    return int((await program.said(r"peak (\d+)"))[1]) << 10


def _held(daemon: Daemon) -> int:
    """The most bytes that the daemon had so far."""
    status = Path(f"/proc/{daemon.program.transport.pid}/status").read_text()
    match = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert match
    return int(match[1]) << 10


@ensureDeferred
async def test_a_local_file_is_uploaded_once(farm: Daemon) -> None:
    arguments = order(farm.stage)
    for _ in range(2):
        program = runner(farm, *arguments)
        assert await program.ended() == 0, program.output
    md5 = hashlib.md5(b"line\n" * 100, usedforsecurity=False).hexdigest()
    nodes = await farm.call("GET", f"/node?querynode&file.checksum.md5={md5}")
    assert len(nodes) == 1
    assert printed(program)["result"]["checksum"].startswith("sha1$")


FILES = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'cat "$0" "$0.idx" "$1" "$2" "$3"/deep/*']
inputs:
  main: {type: File, secondaryFiles: .idx, inputBinding: {}}
  usual: {type: File, default: {class: File, location: usual.txt}, inputBinding: {position: 1}}
  text: {type: File, inputBinding: {position: 2}}
  folder: {type: Directory, inputBinding: {position: 3}}
stdout: all
outputs: {all: stdout}
"""


@ensureDeferred
async def test_a_run_is_left_to_the_workers(farm: Daemon) -> None:
    """With all files that it needs: secondary ones, defaults of the tool, literals, directories. Its step says so."""
    folder = farm.stage.folder
    (folder / "folder" / "deep").mkdir(parents=True)
    for name in ("main", "main.idx", "usual.txt", "folder/deep/a b"):
        (folder / name).write_text(f"{name}\n")
    order = {
        "main": {"class": "File", "path": "main"},
        "text": {"class": "File", "contents": "literal\n"},
        "folder": {"class": "Directory", "path": "folder"},
    }
    files = write(farm.stage, "files.cwl", FILES), write(farm.stage, "order.json", json.dumps(order))
    program = runner(farm, "--quiet", *files, program=SUBMITTER)
    assert await program.ended() == 0, program.output
    job_id = program.output.split()[-1]
    done = await reaches(farm, job_id, "completed", "suspend")
    assert (done["state"], done["info"]["name"]) == ("completed", "files.cwl")
    made = json.loads(await content(done["tasks"][0]["outputs"][0]))
    assert await content({"url": f"{made['all']['location']}?download"}) == (
        b"main\nmain.idx\nusual.txt\nliteral\nfolder/deep/a b\n"
    )
    (step,) = await tasks(farm)
    assert (step["info"]["parent"], step["info"]["name"]) == (job_id, "files.cwl")
    program = runner(farm, "--quiet", "--reuse", "--no-container", *files, program=SUBMITTER)
    assert await program.ended() == 0, program.output
    assert (await reaches(farm, program.output.split()[-1], "completed", "suspend"))["state"] == "completed"
    assert [one["id"] for one in await tasks(farm)] == [step["id"]], "its result does"


@ensureDeferred
async def test_what_steps_make_may_expire_and_outputs_of_the_workflow_stay(farm: Daemon) -> None:
    """Also those that another run takes; and what expires is not taken for a file that is uploaded."""

    async def nodes(name: str) -> list[str]:
        found = await farm.call("GET", f"/node?querynode&file.name={name}&limit=0")
        return [node["id"] for node in found if node["expiration"].startswith("0001")]

    for number, options in enumerate((["--expire", "1D"], ["--reuse"]), 1):
        program = runner(farm, *options, "--nodes", *order(farm.stage, last=STEPS)[3:])
        assert await program.ended() == 0, program.output
        location = printed(program)["result"]["location"]
        assert (await content({"url": f"{location}?download"})).split() == [b"1", b"2", b"3", b"4", b"5", b"6"]
        assert (len(await nodes("all.txt")), len(await nodes("count.txt"))) == (number, 0)
        assert location.rpartition("/")[2] in await nodes("all.txt")
    assert len(await tasks(farm)) == 2 * STEPS + 1
    (farm.stage.folder / "text").write_text("1\n2\n3\n4\n5\n6\n")
    for node in await nodes("all.txt"):
        await farm.call("DELETE", f"/node/{node}")
    program = runner(farm, "--nodes", write(farm.stage, "tool.cwl", COUNT), "--text", "text")
    assert await program.ended() == 0, program.output
    assert len(await nodes("text")) == 2, "with the one of the order"


COUNT = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [wc, -l]
inputs: {text: {type: File, inputBinding: {}}}
outputs: {}
"""


@ensureDeferred
async def test_results_of_another_run_are_taken_if_one_asks_for_that(farm: Daemon) -> None:
    """As long as their nodes are there."""
    arguments = order(farm.stage, last=STEPS)
    for options, made in (([], 1), ([], 2), (["--reuse"], 2)):
        program = runner(farm, *options, *arguments)
        assert await program.ended() == 0, program.output
        assert len(await tasks(farm)) == made * (2 * STEPS + 1)
    for node in await farm.call("GET", "/node?querynode&file.name=count.txt&limit=0"):
        await farm.call("DELETE", f"/node/{node['id']}")
    program = runner(farm, "--reuse", *arguments)
    assert await program.ended() == 0, program.output
    assert len(await tasks(farm)) == 2 * (2 * STEPS + 1) + STEPS + 1


@ensureDeferred
async def test_who_has_a_token_needs_no_more_at_a_closed_daemon(stage: Stage) -> None:
    """All files are that user's, also those that a run and its steps make."""
    daemon = await guarded(stage)
    token = str(stage.folder / "token")
    start(daemon, "w", "--group", "g", "--token-file", token, "--containers", "ignore", "--cores", "2")
    ann = await user(daemon, "ann")
    secret = str(ann["Authorization"]).split()[1]
    arguments = order(stage)
    program = runner(daemon, *arguments, token=secret)
    assert await program.ended() == 0, program.output
    assert (stage.folder / "out" / "all.txt").read_text().split() == ["1", "2", "3", "4", "5", "1"]
    program = runner(daemon, *arguments[3:], token=secret, program=SUBMITTER)
    assert await program.ended() == 0, program.output
    job_id = program.output.split()[-1]
    while (done := await daemon.call("GET", f"/job/{job_id}", headers=ann))["state"] in (
        "init",
        "queued",
        "in-progress",
    ):
        await deferLater(reactor, 0.05)
    assert done["state"] == "completed", done["error"]
    text = await treq.get(done["tasks"][0]["outputs"][0]["url"], headers=ann, persistent=False)
    made = json.loads(await text.content())["result"]["location"].removeprefix(daemon.url)
    assert (await daemon.call("GET", f"{made}/acl", headers=ann))["owner"] == "ann"


@pytest.fixture
def conformance(tmp_path: Path) -> Path:
    """A copy of CWL's conformance tests, fetched now."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("there is no git to fetch the conformance tests with")
    folder = tmp_path / "conformance"
    command = [git, "clone", "--quiet", "--depth", "1", SOURCE, str(folder)]
    fetched = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if fetched.returncode:
        pytest.skip(f"the conformance tests cannot be fetched: {fetched.stderr.strip()}")
    return folder


SAMPLE = range(4, 364, 9)
"""The numbers of the conformance tests that are run: 40 of all parts of CWL. None needs the network or an image."""


@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node.js to evaluate JavaScript with")
@ensureDeferred
async def test_a_sample_of_the_conformance_tests_passes(farm: Daemon, conformance: Path) -> None:
    """docs/reference/cwl.rst says how to run all of them."""
    script = f'#!/bin/sh\nAWE_SERVER={farm.url} PYTHONPATH={ROOT} exec {sys.executable} -c "{RUNNER}" "$@"\n'
    tool = farm.stage.folder / "runner"
    tool.write_text(script)
    tool.chmod(0o755)
    numbers = ",".join(map(str, SAMPLE))
    asked = ["-n", numbers, "--test", str(conformance / "conformance_tests.yaml"), "--tool", str(tool)]
    program = farm.stage.run("-m", "cwltest.main", "-j2", "--verbose", "--timeout", "120", *asked)
    status = await program.ended(120)
    assert status == 0, program.output
    assert program.output.count("\nRunning: ") == len(SAMPLE)
