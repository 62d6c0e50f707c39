"""Clients of TES that others wrote, unchanged, on a real daemon and a plain worker.

pip installs each where only its test sees it. The test is skipped where the index does not have it.
"""

import json
import os
import sys
from pathlib import Path

import pytest
import pytest_twisted

from tests.integration.daemon import Daemon, Stage
from tests.integration.installing import environment, pip
from tests.integration.jobs import start
from tests.integration.test_tes import call
from tests.integration.test_tes import pytestmark as needs_a_sandbox

pytestmark = [pytest.mark.slow, needs_a_sandbox]

LONG = 150.0
"""Seconds after which a client that says nothing is given up. Snakemake waits for 40 s before it asks first."""

a_while = pytest.mark.timeout(400)


@pytest_twisted.async_fixture
async def shared(stage: Stage) -> Path:
    """A directory that workers and clients share."""
    shared = stage.folder / "shared"
    shared.mkdir()
    return shared


@pytest_twisted.async_fixture
async def daemon(stage: Stage, shared: Path) -> Daemon:
    """A daemon that says so."""
    (stage.folder / "awed.conf").write_text(f"[Tes]\nstorage = file://{shared}\n")
    daemon = stage.daemon("--config", str(stage.folder / "awed.conf"))
    await daemon.start()
    return daemon


def worker(daemon: Daemon, shared: Path) -> None:
    """A worker that takes TES tasks."""
    start(daemon, "w", "--containers", "ignore", "--file-root", str(shared))


async def said(stage: Stage, command: list[str | Path], **environment: str) -> str:
    """What a client says, which must do well."""
    program = stage.start(command, {**os.environ, **environment})
    assert await program.ended(LONG) == 0, program.output
    return program.output


PY_TES = """\
import json, sys, tes
client = tes.HTTPClient(sys.argv[1])
def task(command):
    return tes.Task(name="py", executors=[tes.Executor(image="alpine", command=command)], tags={"a": "b"})
ran = client.create_task(task(["echo", "hello"]))
client.wait(ran)
full = client.get_task(ran, "FULL")
cancelled = client.create_task(task(["sleep", "3"]))
client.cancel_task(cancelled)
print(json.dumps({
    "states": [full.state, client.get_task(cancelled, "MINIMAL").state],
    "stdout": full.logs[0].logs[0].stdout,
    "listed": len(client.list_tasks(view="BASIC").tasks),
    "storage": client.get_service_info().storage,
}))
"""

PYDANTIC_TES = """\
import json, sys, time
from pydantictes.api import TesClient
from pydantictes.models import TesExecutor, TesTask
client = TesClient(sys.argv[1] + "/ga4gh/tes/")
def task(command):
    return TesTask(executors=[TesExecutor(image="alpine", command=command)])
ran = client.create_task(task(["echo", "hello"]))
while (full := client.get_task(ran, "FULL")).state.value in ("QUEUED", "RUNNING"):
    time.sleep(0.1)
cancelled = client.create_task(task(["sleep", "3"]))
client.cancel_task(cancelled)
print(json.dumps({
    "states": [full.state.value, client.get_task(cancelled, "FULL").state.value],
    "stdout": full.logs[0].logs[0].stdout,
    "listed": len(client.list_tasks().tasks),
    "storage": client.service_info().storage,
}))
"""


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("package", "script"),
    [("py-tes==0.4.2", PY_TES), ("py-tes==1.1.4", PY_TES), ("pydantic-tes==0.4.0", PYDANTIC_TES)],
    ids=lambda value: value.split("==")[0] if "==" in value and "\n" not in value else "",
)
async def test_libraries_submit_wait_read_list_and_cancel(
    daemon: Daemon, shared: Path, package: str, script: str
) -> None:
    pip("install", "--target", daemon.stage.folder / "packages", package)
    worker(daemon, shared)
    environment = {"PYTHONPATH": str(daemon.stage.folder / "packages")}
    told = await said(daemon.stage, [sys.executable, "-c", script, daemon.url], **environment)
    assert json.loads(told.splitlines()[-1]) == {
        "states": ["COMPLETE", "CANCELED"],
        "stdout": "hello\n",
        "listed": 2,
        "storage": [f"file://{shared}"],
    }


SNAKEFILE = """\
rule all:
    input: "total.txt"
rule count:
    input: "data/{name}.txt"
    output: "counts/{name}.txt"
    shell: "wc -l < {input} > {output}"
rule total:
    input: expand("counts/{name}.txt", name=["a", "b"])
    output: "total.txt"
    shell: "cat {input} | awk '{{s += $1}} END {{print s}}' > {output}"
"""


@a_while
@pytest_twisted.ensureDeferred
async def test_snakemake_runs_a_workflow(
    daemon: Daemon, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its plugins as they are: each step installs one of them in its own /tmp, and fetches and stores its files."""
    programs = environment(
        tmp_path / "venv",
        *("snakemake==9.27.1", "snakemake-executor-plugin-tes==0.1.3", "snakemake-storage-plugin-fs", "six"),
    )
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    worker(daemon, shared)
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (shared / "results" / "data").mkdir(parents=True)
    for name in ("a", "b"):
        (shared / "results" / "data" / f"{name}.txt").write_text("line\n" * 100)
    await said(
        daemon.stage,
        [
            *(programs / "snakemake", "--executor", "tes", "--tes-url", f"{daemon.url}/ga4gh/tes", "--jobs", "4"),
            *("--default-storage-provider", "fs", "--default-storage-prefix", shared / "results"),
            *("--shared-fs-usage", "none", "--seconds-between-status-checks", "1"),
        ],
        HOME=str(tmp_path),
    )
    assert (shared / "results" / "total.txt").read_text() == "200\n"


HELLO = """\
from toil.common import Toil
from toil.job import Job

class Hello(Job):
    def __init__(self, name):
        super().__init__(memory="200M", cores=1, disk="100M")
        self.name = name
    def run(self, store):
        return f"hello {self.name}"

if __name__ == "__main__":
    with Toil(Job.Runner.getDefaultArgumentParser().parse_args()) as toil:
        print(toil.start(Hello("world")))
"""


@a_while
@pytest_twisted.ensureDeferred
async def test_toil_runs_a_workflow(
    daemon: Daemon, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job runs in a task that mounts its store where it is."""
    programs = environment(tmp_path / "venv", "toil==7.0.0", "toil-batch-system-tes==2.0.0")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    worker(daemon, shared)
    script = tmp_path / "script" / "hello.py"
    script.parent.mkdir()  # Toil takes along all that lies beside it
    script.write_text(HELLO)
    commit = await said(daemon.stage, [programs / "python", "-c", "import toil.version as v; print(v.currentCommit)"])
    told = await said(
        daemon.stage,
        [
            *(programs / "python", script, "--batchSystem", "tes", "--tesEndpoint", daemon.url),
            *("--clean", "always", "--workDir", shared, f"file:{shared}/store"),
        ],
        TOIL_APPLIANCE_SELF=f"example.org/toil:7.0.0-{commit.strip()}",
        HOME=str(tmp_path),
    )
    assert "hello world" in told
    assert [task["state"] for task in (await call(daemon, "GET", "/tasks"))["tasks"]] == ["COMPLETE"]
