"""``make demo``: a real daemon, two workers and the lambda workflow, from submission to result."""

import runpy
from pathlib import Path

import pytest
import pytest_twisted

from tests.integration.daemon import Stage
from tests.integration.program import ROOT, Program

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"


def children(pid: int) -> set[int]:
    """The processes that a process started, and those that they started."""
    found = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return found.union(*map(children, found))


def running(pids: set[int]) -> set[int]:
    """Those that have not ended; who is only not buried yet has."""
    return {pid for pid in pids if _state(pid) not in {"", "Z"}}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


async def started(stage: Stage) -> tuple[Program, set[int]]:
    """The demo at the point where everything runs, and the processes that run."""
    demo = stage.run(str(EXAMPLES / "run_demo.py"))
    await demo.said("awe submit")
    programs = children(demo.transport.pid)
    assert len(programs) >= 3
    return demo, programs


@pytest_twisted.ensureDeferred
async def test_the_workflow_comes_to_what_a_direct_computation_comes_to(stage: Stage) -> None:
    demo, programs = await started(stage)
    assert await demo.ended() == 0, demo.output
    direct = runpy.run_path(str(EXAMPLES / "direct.py"))["report"]
    assert direct((EXAMPLES / "lambda_virus.fa").read_text()) in demo.output
    assert "completed, tasks done: 8/8" in demo.output
    assert not running(programs)


@pytest.mark.parametrize(("signal", "status"), [("INT", 130), ("TERM", 143)])
@pytest_twisted.ensureDeferred
async def test_everything_is_stopped_when_the_demo_is(stage: Stage, signal: str, status: int) -> None:
    demo, programs = await started(stage)
    demo.signal(signal)
    assert await demo.ended() == status, demo.output
    assert not running(programs)
