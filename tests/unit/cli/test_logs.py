"""What a job's commands wrote."""

import json
from typing import Any

import pytest

from awed.cli.logs import log_lines
from awed.client.jobs import TaskLogs, WorkLogs
from awed.model.reasons import Explained, Waits, Why
from awed.model.states import JobState
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, job, task

REPORT = {
    "id": JOB_ID,
    "tasks": [
        {"taskid": f"{JOB_ID}_a", "totalwork": 1, "workunits": [{"rank": 0, "logs": {"stdout": "out of a\n"}}]},
        {"taskid": f"{JOB_ID}_b", "totalwork": 1, "workunits": [{"rank": 0, "logs": {"stdout": "out of b\n"}}]},
    ],
}


def test_each_text_stands_under_whose_it_is() -> None:
    split = TaskLogs(f"{JOB_ID}_orfs", 2, [WorkLogs(1, {"stdout": "", "stderr": "x\ny\n"}), WorkLogs(2)])
    assert list(log_lines([split])) == ["==> orfs, part 1 of 2: stderr <==", "x\ny"]


def test_of_one_task_alone(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}?report", REPORT)
    assert awe("logs", JOB_ID, "b") == 0
    assert capsys.readouterr().out == "==> b: stdout <==\nout of b\n"


def test_a_task_that_is_not_there(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}?report", REPORT)
    assert awe("logs", JOB_ID, "c") == 2
    assert "there is no task c; there are a, b" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "arguments", "told"),
    [
        (JobState.QUEUED, [], "nothing of job 128068d0 has ended yet: awe logs -f prints"),
        (JobState.IN_PROGRESS, ["a"], "nothing of task a of job 128068d0 has ended yet: awe logs -f prints"),
        (JobState.COMPLETED, [], "job 128068d0 has written nothing"),
    ],
)
def test_where_there_are_no_logs_it_is_said_why(  # noqa: PLR0917 - fixtures and parameters
    server: FakeServer, awe: Awe, capsys: Any, state: JobState, arguments: list[str], told: str
) -> None:
    server.on(f"GET /job/{JOB_ID}?report", {"id": JOB_ID, "tasks": [{"taskid": f"{JOB_ID}_a"}]})
    server.on(f"GET /job/{JOB_ID}", job(task("a"), state=state))
    assert awe("logs", JOB_ID, *arguments) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"awe: {told}")


def test_who_follows_what_no_worker_can_run_is_told_so(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}", job(task("a"), state=JobState.QUEUED))
    why = "0 of 1 tasks done, 0 running; task a waits: no worker is registered of an open group"
    server.on(f"GET /job/{JOB_ID}?explain", Explained(JOB_ID, "queued", why, [Waits("a", Why.NOBODY, "waits: ...")]))
    server.raw("GET /events", (200, b'{"status":200,"data":[],"error":null,"last":2}'))
    heard = json.dumps({"status": 200, "data": [event(2, "job", "deleted")], "error": None, "last": 2})
    server.raw(f"GET /events?since=0&job={JOB_ID}&wait=60.000", (200, heard.encode()))
    server.raw(f"GET /events?since=2&job={JOB_ID}", (200, b'{"status":200,"data":[],"error":null,"last":2}'))
    assert awe("logs", "-f", JOB_ID) == 0
    assert capsys.readouterr().err == f"awe: job 128068d0: {why}\n"


def event(number: int, kind: str, state: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "time": "2026-11-30T12:00:00Z", "kind": kind, "state": state, "job": JOB_ID, **fields}


def test_each_line_is_followed_with_the_name_of_its_task(server: FakeServer, awe: Awe, capsys: Any) -> None:
    """A line that comes in two pieces is one, and what is no text controls no terminal."""
    begun = [
        event(1, "work", "checkout", task=f"{JOB_ID}_{name}", work=f"{JOB_ID}_{name}_0", attempt=1) for name in "ab"
    ]
    server.on(f"GET /job/{JOB_ID}", job(task("a"), task("b")))
    server.raw("GET /events", (200, b'{"status":200,"data":[],"error":null,"last":2}'))
    heard = json.dumps({"status": 200, "data": [*begun, event(2, "job", "completed")], "error": None, "last": 2})
    server.raw(f"GET /events?since=0&job={JOB_ID}&wait=60.000", (200, heard.encode()))
    server.raw(f"GET /events?since=2&job={JOB_ID}", (200, b'{"status":200,"data":[],"error":null,"last":2}'))
    server.log(f"{JOB_ID}_a_0", "stdout", b"one\ntw", b"o\n  three \xff")
    server.log(f"{JOB_ID}_a_0", "stderr", b"")
    server.log(f"{JOB_ID}_b_0", "stdout", b"other\n")
    server.log(f"{JOB_ID}_b_0", "stderr", b"\x1b[2Jfault\n")
    assert awe("logs", "-f", JOB_ID) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.startswith("a | ")] == ["a | one", "a | two", "a |   three \ufffd"]
    assert sorted(line for line in printed if line.startswith("b | ")) == ["b | fault", "b | other"]
