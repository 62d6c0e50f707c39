"""What a job's commands wrote."""

from typing import Any

from awed.cli.logs import log_lines
from awed.client.jobs import TaskLogs, WorkLogs
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer

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
