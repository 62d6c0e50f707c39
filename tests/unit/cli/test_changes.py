"""Commands that change jobs: what they ask the server, and what they ask the user."""

from io import StringIO
from typing import Any

import pytest

from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, job, task

JOB = f"/job/{JOB_ID}"
LOOK = f"GET /job?id_prefix={JOB_ID}&limit=5&verbosity=minimal"
OTHER = "228068d0-9ebf-4027-a1c9-1578d354c940"


def line(state: str, ident: str = JOB_ID, name: str = "lambda") -> dict[str, Any]:
    """A job in the minimal view."""
    return {"id": ident, "name": name, "state": [state]}


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers a question."""
    monkeypatch.setattr("sys.stdin", StringIO())


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("state", "arguments", "request_line", "told"),
    [
        ("queued", ["suspend", JOB_ID], f"PUT {JOB}?suspend", "suspended"),
        ("suspend", ["resume", JOB_ID], f"PUT {JOB}?resume", "resumed"),
        ("queued", ["delete", JOB_ID, "--yes"], f"DELETE {JOB}", "deleted"),
        (
            "deleted",
            ["delete", JOB_ID, "--full", "--yes"],
            f"DELETE {JOB}?full",
            "deleted with documents, logs and files",
        ),
        ("completed", ["resubmit", JOB_ID, "--yes"], f"PUT {JOB}?resubmit", "runs again from its beginning"),
        ("queued", ["priority", JOB_ID, "7"], f"PUT {JOB}?priority=7", "priority 7"),
        ("queued", ["group", JOB_ID, "a,b&c"], f"PUT {JOB}?clientgroup=a%2Cb%26c", "groups a,b&c"),
        ("queued", ["expire", JOB_ID, "7D"], f"PUT {JOB}?expiration=7D", "expires in 7D"),
    ],
)
def test_a_change_is_told_in_a_line(  # noqa: PLR0917 - fixtures and parameters
    server: FakeServer, awe: Awe, capsys: Any, state: str, arguments: list[str], request_line: str, told: str
) -> None:
    server.on(LOOK, [line(state)])
    server.on(request_line, "job changed")
    assert awe(*arguments) == 0
    assert capsys.readouterr().out == f"job 128068d0 (lambda): {told}\n"
    assert server.paths() == [LOOK, request_line]


@pytest.mark.parametrize(
    ("line", "request_line", "answer", "told"),
    [
        ("resume --all", "PUT /job?resumeall", "1 suspended jobs resumed", "1 suspended job: resumed"),
        ("delete --all --yes", "DELETE /job?suspend", "deleted 3 suspended jobs", "3 suspended jobs: deleted"),
        (
            "delete --all --full --yes",
            "DELETE /job?suspend&full",
            "deleted 0 suspended jobs",
            "0 suspended jobs: deleted with documents, logs and files",
        ),
        ("resume --all", "PUT /job?resumeall", "all of them", "all of them"),
    ],
)
def test_to_how_many_suspended_jobs_something_was_done(
    server: FakeServer, awe: Awe, capsys: Any, *, line: str, request_line: str, answer: str, told: str
) -> None:
    """In words of our own, as the server's text is the original's."""
    server.on(request_line, answer)
    assert awe(*line.split()) == 0
    assert capsys.readouterr().out == f"{told}\n"


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("state", "arguments", "why"),
    [
        ("completed", ["resume", JOB_ID], "job 128068d0 (lambda) is completed: there is nothing to resume"),
        ("queued", ["resume", JOB_ID], "job 128068d0 (lambda) is active: there is nothing to resume"),
        ("completed", ["suspend", JOB_ID], "job 128068d0 (lambda) is completed: there is nothing to suspend"),
        (
            "deleted",
            ["delete", JOB_ID],
            "job 128068d0 (lambda) is deleted: there is nothing to delete without --full",
        ),
        (
            "queued",
            ["resubmit", JOB_ID],
            "job 128068d0 (lambda) is active: only what is completed or suspended runs again",
        ),
    ],
)
def test_what_cannot_be_is_noticed_before_the_question(  # noqa: PLR0917
    server: FakeServer, awe: Awe, capsys: Any, state: str, arguments: list[str], why: str
) -> None:
    server.on(LOOK, [line(state)])
    assert awe(*arguments) == 3
    assert capsys.readouterr().err == f"awe: {why}\n"
    assert server.paths() == [LOOK]


SUSPENDED = "GET /job?query=&state=suspend&info.project=soil&words=run&owner=ann&mine=true&limit=0&verbosity=minimal"
SELECTION = ["--state", "failed", "--project", "soil", "--name", "run", "--user", "ann", "--mine"]


def test_a_selection_is_counted_asked_about_and_changed(
    server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    asked: list[str] = []

    def yes(text: str) -> str:
        asked.append(text)
        return "y"

    monkeypatch.setattr("click.termui.visible_prompt_func", yes)
    server.on(SUSPENDED, [line("suspend"), line("suspend", OTHER, ""), line("completed", "3-3")])
    for ident in (JOB_ID, OTHER):
        server.on(f"PUT /job/{ident}?resume", "job resumed")
    assert awe("resume", *SELECTION) == 0
    printed = capsys.readouterr()
    assert "Resume 2 jobs: 128068d0 (lambda), 228068d0?" in asked[0]
    assert printed.out == "2 jobs: resumed\n"
    assert "awe: 1 job left alone: there is nothing to resume\n" in printed.err
    assert "PUT /job/3-3?resume" not in server.paths()


def test_a_selection_of_nothing_is_no_failure(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(SUSPENDED, [])
    assert awe("delete", *SELECTION, "--yes") == 0
    assert capsys.readouterr().err == "awe: no job is like that\n"


def test_several_ids_are_asked_about_and_each_failure_is_told(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(LOOK, [line("queued")])
    server.on(LOOK.replace(JOB_ID, OTHER), [line("queued", OTHER, "other")])
    server.on(f"PUT {JOB}?suspend", "job suspended")
    server.refuse(f"PUT /job/{OTHER}?suspend", 401, "User Unauthorized")
    assert awe("suspend", JOB_ID, OTHER, "--yes") == 3
    printed = capsys.readouterr()
    assert printed.out == "1 job: suspended\n"
    assert printed.err == "awe: job 228068d0 (other): User Unauthorized\n"


def test_the_last_job_of_the_user(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("GET /job?mine&top&order=info.submittime&limit=1&verbosity=minimal", [line("queued")])
    server.on(f"PUT {JOB}?suspend", "job suspended")
    assert awe("suspend", "last") == 0
    assert capsys.readouterr().out == "job 128068d0 (lambda): suspended\n"


DANGEROUS = [
    ["delete", JOB_ID],
    ["delete", JOB_ID, "--full"],
    ["delete", "--all"],
    ["recompute", JOB_ID, "orfs"],
    ["rerun", JOB_ID, "--from", "orfs"],
    ["resubmit", JOB_ID],
    ["suspend", JOB_ID, OTHER],
]


AGAIN = (["recompute", JOB_ID, "orfs"], ["rerun", JOB_ID, "--from", "orfs"])


@pytest.mark.parametrize("arguments", AGAIN)
def test_a_job_runs_again_from_a_task(server: FakeServer, awe: Awe, capsys: Any, arguments: list[str]) -> None:
    server.on(LOOK, [line("suspend")])
    server.on(f"GET {JOB}", job(task("orfs")))
    server.on(f"PUT {JOB}?recompute=orfs", "job changed")
    assert awe(*arguments, "--yes") == 0
    assert capsys.readouterr().out == "job 128068d0 (lambda): runs again from task orfs\n"


@pytest.mark.parametrize("arguments", AGAIN)
def test_a_task_that_is_not_there_is_told_before_the_question(
    server: FakeServer, awe: Awe, capsys: Any, arguments: list[str]
) -> None:
    server.on(LOOK, [line("suspend")])
    server.on(f"GET {JOB}", job(task("gc"), task("trim")))
    assert awe(*arguments) == 2
    assert capsys.readouterr().err == "awe: there is no task orfs; there are gc, trim\n"


@pytest.mark.parametrize("arguments", DANGEROUS)
def test_nothing_is_lost_without_a_yes(
    server: FakeServer, awe: Awe, monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: list[str]
) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    server.on(LOOK, [line("suspend")])
    server.on(LOOK.replace(JOB_ID, OTHER), [line("suspend", OTHER)])
    server.on(f"GET {JOB}", job(task("orfs")))
    assert awe(*arguments) == 1
    assert {request.method for request in server.requests} <= {"GET"}
    assert "nothing was done" in capsys.readouterr().err


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("arguments", DANGEROUS)
def test_nobody_there_to_say_yes(server: FakeServer, awe: Awe, capsys: Any, arguments: list[str]) -> None:
    server.on(LOOK, [line("suspend")])
    server.on(LOOK.replace(JOB_ID, OTHER), [line("suspend", OTHER)])
    server.on(f"GET {JOB}", job(task("orfs")))
    assert awe(*arguments) == 2
    assert {request.method for request in server.requests} <= {"GET"}
    printed = capsys.readouterr()
    assert "nothing was done" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    "arguments",
    [["resume"], ["resume", JOB_ID, "--all"], ["delete"], ["delete", JOB_ID, "--mine"], ["priority", "7"]],
)
def test_which_jobs_is_said_in_one_way(server: FakeServer, awe: Awe, capsys: Any, arguments: list[str]) -> None:
    assert awe(*arguments) == 2
    assert server.requests == []
    assert "which jobs" in capsys.readouterr().err


def test_a_value_alone_names_no_job_and_is_told_for_what_it_was_taken(awe: Awe, capsys: Any) -> None:
    assert awe("group", "last") == 2
    assert "which jobs get groups last? Give either IDs or options" in capsys.readouterr().err


def test_of_a_deleted_job_nothing_is_changed(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(LOOK, [line("deleted")])
    assert awe("priority", JOB_ID, "5") == 3
    assert capsys.readouterr().err == "awe: job 128068d0 (lambda) is deleted: nothing of it is changed\n"


def test_a_job_runs_again_from_what_failed(server: FakeServer, awe: Awe, capsys: Any) -> None:
    failed = job(task("orfs"), state="suspend", error={"taskfailed": f"{JOB_ID}_orfs"})  # type: ignore[arg-type]
    server.on(LOOK, [line("suspend")])
    server.on(f"GET {JOB}", failed)
    server.on(f"PUT {JOB}?resume", "job resumed")
    assert awe("rerun", JOB_ID) == 0
    assert capsys.readouterr().out == "job 128068d0 (lambda): runs again from task orfs\n"


def test_where_nothing_failed_rerun_asks_from_where(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(LOOK, [line("completed")])
    assert awe("rerun", JOB_ID) == 2
    assert "in job 128068d0 (lambda) nothing failed: --from TASK" in capsys.readouterr().err
