"""Commands that change jobs: what they ask the server, and what they ask the user."""

from io import StringIO
from typing import Any

import pytest

from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer

JOB = f"/job/{JOB_ID}"


@pytest.mark.parametrize(
    ("arguments", "request_line"),
    [
        (["suspend", JOB_ID], f"PUT {JOB}?suspend"),
        (["resume", JOB_ID], f"PUT {JOB}?resume"),
        (["resume", "--all"], "PUT /job?resumeall"),
        (["delete", JOB_ID], f"DELETE {JOB}"),
        (["delete", JOB_ID, "--full", "--yes"], f"DELETE {JOB}?full"),
        (["delete", "--all", "--yes"], "DELETE /job?suspend"),
        (["delete", "--all", "--full", "--yes"], "DELETE /job?suspend&full"),
        (["recompute", JOB_ID, "orfs", "--yes"], f"PUT {JOB}?recompute=orfs"),
        (["resubmit", JOB_ID, "--yes"], f"PUT {JOB}?resubmit"),
        (["priority", JOB_ID, "7"], f"PUT {JOB}?priority=7"),
        (["group", JOB_ID, "a,b&c"], f"PUT {JOB}?clientgroup=a%2Cb%26c"),
        (["expire", JOB_ID, "7D"], f"PUT {JOB}?expiration=7D"),
    ],
)
def test_a_change_prints_what_the_server_says(
    server: FakeServer, awe: Awe, capsys: Any, arguments: list[str], request_line: str
) -> None:
    server.on(request_line, "it is done")
    assert awe(*arguments) == 0
    assert capsys.readouterr().out == "it is done\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["delete", JOB_ID, "--full"],
        ["delete", "--all"],
        ["recompute", JOB_ID, "orfs"],
        ["resubmit", JOB_ID],
    ],
)
def test_nothing_is_lost_without_a_yes(
    server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: list[str]
) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert awe(*arguments) == 1
    assert server.requests == []
    assert "nothing was done" in capsys.readouterr().err


def test_nobody_there_to_say_yes(server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdin", StringIO())
    assert awe("delete", "--all") == 1
    assert server.requests == []
    assert "nothing was done" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["resume"], ["resume", JOB_ID, "--all"], ["delete"], ["delete", JOB_ID, "--all"]]
)
def test_one_job_or_all_is_said_clearly(server: FakeServer, awe: Awe, arguments: list[str]) -> None:
    assert awe(*arguments) == 2
    assert server.requests == []


def test_a_refused_change(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.refuse(f"PUT {JOB}?resume", 400, "fail to resume job: it is not suspended")
    assert awe("resume", JOB_ID) == 3
    assert capsys.readouterr().err == "awe: fail to resume job: it is not suspended\n"
