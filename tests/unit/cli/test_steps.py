"""A run of a workflow is shown with its steps."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from awed.model.job import Job, JobError
from awed.model.states import JobState
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, job, task

STEP = "10000000-0000-4000-8000-000000000001"
ORDER = "order=info.submittime&direction=asc&limit=1000"


def a_run(state: JobState, **fields: Any) -> Job:
    return job(task("run", resources={"runs": 1}), state=state, **fields)


def a_step(state: JobState, **fields: Any) -> Job:
    return replace(job(task("tes"), state=state, name="count lines", **fields), id=STEP)


FAILED = JobError(
    taskfailed=f"{STEP}_tes",
    servernotes="failed",
    worknotes="exit status 7",
    apperror="no such file",
    clientfailed="w",
)


@pytest.fixture
def failed(server: FakeServer) -> FakeServer:
    """A run that failed by a step."""
    server.on(
        f"GET /job/{JOB_ID}", a_run(JobState.SUSPEND, error=JobError(servernotes="workunit failed", cause="exit"))
    )
    server.on(f"GET /job?query&info.parent={JOB_ID}&{ORDER}", [a_step(JobState.SUSPEND, error=FAILED)])
    server.on(f"GET /job?query&info.parent={JOB_ID}&state=suspend&{ORDER}", [a_step(JobState.SUSPEND, error=FAILED)])
    server.on("GET /client", [])
    return server


def test_a_job_that_is_a_run_lists_its_steps_and_names_the_one_that_failed(
    failed: FakeServer, awe: Awe, capsys: Any
) -> None:
    assert awe("job", JOB_ID) == 0
    printed = capsys.readouterr().out
    assert "failed by step count lines (10000000): exit status 7" in printed
    assert any("count lines" in line and "suspend" in line for line in printed.splitlines())


def test_why_a_run_failed_is_why_its_step_did(failed: FakeServer, awe: Awe, capsys: Any) -> None:
    assert awe("why", JOB_ID) == 0
    printed = capsys.readouterr().out
    assert "Step count lines (10000000) failed:" in printed
    assert "no such file" in printed


def test_why_a_run_is_not_done_is_why_its_steps_are_not(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}", a_run(JobState.IN_PROGRESS))
    server.on(f"GET /job/{JOB_ID}?explain", {"id": JOB_ID, "state": "in-progress", "why": "", "tasks": []})
    server.on("GET /client", [])
    explained = [{"id": STEP, "state": "queued", "why": "task tes waits: no worker", "tasks": []}]
    order = "order=info.submittime&direction=asc"
    server.on(f"GET /job?explain&query&active=true&info.parent={JOB_ID}&{order}&limit=10", explained)
    server.on(f"GET /job?query&info.parent={JOB_ID}&active=true&{ORDER}", [a_step(JobState.QUEUED)])
    assert awe("why", JOB_ID) == 0
    assert "Step count lines (10000000): task tes waits: no worker" in capsys.readouterr().out


def test_the_output_of_steps_is_followed_with_that_of_the_run(server: FakeServer, awe: Awe, capsys: Any) -> None:
    def event(kind: str, state: str, of: str, **fields: Any) -> dict[str, Any]:
        return {"id": 1, "time": "2026-11-30T12:00:00Z", "kind": kind, "state": state, "job": of, **fields}

    def begun(of: str, name: str) -> dict[str, Any]:
        return event("work", "checkout", of, task=f"{of}_{name}", work=f"{of}_{name}_0", attempt=1)

    server.on(f"GET /job/{JOB_ID}", a_run(JobState.IN_PROGRESS))
    server.on(f"GET /job/{STEP}", a_step(JobState.COMPLETED))
    server.raw("GET /events", (200, b'{"status":200,"data":[],"error":null,"last":1}'))
    done = [event("job", "completed", STEP), event("job", "completed", JOB_ID)]
    events = [begun(JOB_ID, "run"), begun(STEP, "tes"), *done]
    heard = json.dumps({"status": 200, "data": events, "error": None, "last": 1})
    server.raw(f"GET /events?since=0&job={JOB_ID}&steps=true&wait=60.000", (200, heard.encode()))
    server.raw(
        f"GET /events?since=1&job={JOB_ID}&steps=true", (200, b'{"status":200,"data":[],"error":null,"last":1}')
    )
    for work, text in ((f"{JOB_ID}_run_0", b"of the run\n"), (f"{STEP}_tes_0", b"of the step\n")):
        server.log(work, "stdout", text)
        server.log(work, "stderr", b"")
    assert awe("logs", "-f", JOB_ID) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == ["count lines | of the step", "run | of the run"]
