"""``etc/slurm/awe-worker.sbatch``, run by bash with stubs in the place of Slurm and of the worker."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from awed.worker.command import main
from awed.worker.lifetime import MARGIN
from tests.slurm import SCRIPT, FakeSlurm, directives

WORKER = f"""#!{sys.executable}
import json, os, signal, sys
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(3))
os.makedirs(sys.argv[sys.argv.index("--workdir") + 1] + "/cache")
print(json.dumps(sys.argv[1:]), flush=True)
if "stay" in sys.argv:
    signal.alarm(60)
    signal.pause()
sys.exit(5)
"""
"""Tells its arguments; then ends with status 5, or waits for a SIGTERM and ends with 3."""

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run() -> Iterator[Run]:
    """Starts the script as a job of some Slurm."""
    started = []

    def start(slurm: FakeSlurm, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        slurm.put("awe-worker", WORKER)
        job = subprocess.Popen(
            ["/bin/bash", SCRIPT, *arguments],
            env={**slurm.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(job)
        return job

    yield start
    for job in started:
        job.kill()
        job.wait()
        assert job.stdout
        job.stdout.close()


def arguments(job: "subprocess.Popen[str]") -> list[str]:
    """What the worker was started with."""
    assert job.stdout
    found: list[str] = json.loads(job.stdout.readline())
    return found


def options(found: list[str]) -> dict[str, object]:
    """The same, understood by the worker itself."""
    return dict(main.make_context("awe-worker", [*found, "--server", "http://h"]).params)


def test_the_directives_are_read_and_leave_time_to_drain() -> None:
    found = directives()
    assert set(found) == {"job-name", "nodes", "ntasks", "cpus-per-task", "time", "signal"}
    kind, _, seconds = found["signal"].partition("@")
    assert kind == "B:TERM"
    assert int(seconds) >= MARGIN


def test_the_worker_gets_a_directory_its_slots_its_time_and_what_the_user_says(tmp_path: Path, run: Run) -> None:
    slurm = FakeSlurm(tmp_path, left="1-02:03:04")
    found = options(arguments(run(slurm, "--group", "a b", "--slots", "7")))
    assert (found["walltime"], found["slots"], found["group"]) == (93784, 7, "a b")
    assert str(found["name"]).endswith("-4711")
    assert Path(str(found["workdir"])).parent == slurm.scratch
    assert slurm.asked.read_text() == "--noheader --format=%L --jobs=4711\n"


def test_without_a_word_of_the_user_s_there_is_a_slot_for_each_cpu(tmp_path: Path, run: Run) -> None:
    assert options(arguments(run(FakeSlurm(tmp_path))))["slots"] == int(directives()["cpus-per-task"])


def test_the_time_of_a_task_of_an_array_is_asked_for_by_both_its_numbers(tmp_path: Path, run: Run) -> None:
    slurm = FakeSlurm(tmp_path, left="59:30")
    job = run(slurm, SLURM_ARRAY_JOB_ID="4700", SLURM_ARRAY_TASK_ID="11")
    assert options(arguments(job))["walltime"] == 3570
    assert slurm.asked.read_text() == "--noheader --format=%L --jobs=4700_11\n"


def test_a_slurm_that_tells_the_end_is_not_asked(tmp_path: Path, run: Run) -> None:
    slurm = FakeSlurm(tmp_path, tells_end=7200)
    walltime = options(arguments(run(slurm)))["walltime"]
    assert isinstance(walltime, int)
    assert 7000 < walltime <= 7200
    assert not slurm.asked.exists()


@pytest.mark.parametrize("left", ["UNLIMITED", "INVALID", ""])
def test_a_job_without_a_limit_has_a_worker_without_one(tmp_path: Path, run: Run, left: str) -> None:
    assert options(arguments(run(FakeSlurm(tmp_path, left))))["walltime"] is None


def test_told_to_end_the_worker_is_told_and_waited_for(tmp_path: Path, run: Run) -> None:
    """By a signal to the script alone, as ``--signal=B:`` sends it."""
    slurm = FakeSlurm(tmp_path)
    job = run(slurm, "stay")
    arguments(job)
    job.send_signal(signal.SIGTERM)
    output, _ = job.communicate()
    assert (job.returncode, output) == (3, "")
    assert list(slurm.scratch.iterdir()) == []


def test_the_job_ends_as_its_worker_does_and_leaves_nothing(tmp_path: Path, run: Run) -> None:
    slurm = FakeSlurm(tmp_path)
    job = run(slurm)
    job.communicate()
    assert job.returncode == 5
    assert list(slurm.scratch.iterdir()) == []


def test_shellcheck_has_nothing_to_say() -> None:
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:/usr/bin")
    if program is None:
        pytest.skip("no shellcheck here")
    checked = subprocess.run([program, SCRIPT], check=False, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
