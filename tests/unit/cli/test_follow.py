"""Following a job to its end."""

import itertools
import re
from io import StringIO

import msgspec
import pytest
from rich.console import Console

from awed.cli.follow import Hearing, follow, steps
from awed.client.blocking import Server
from awed.model.errors import NotFound
from awed.model.job import Job
from awed.model.reasons import Explained, Waits, Why
from awed.model.states import JobState, TaskState
from tests.unit.cli.fake import JOB_ID, FakeServer, envelope, job, task

BEGIN = job(task("a"), task("b", TaskState.PENDING, totalwork=2))
MIDDLE = job(task("a", TaskState.COMPLETED), task("b", TaskState.IN_PROGRESS, totalwork=2, remainwork=1))
END = job(task("a", TaskState.COMPLETED), task("b", TaskState.COMPLETED, totalwork=2), state=JobState.COMPLETED)


def followed(server: FakeServer, *looks: Job) -> tuple[Job, str]:
    """How the job ended, and what was printed elsewhere than on a terminal."""
    server.on(f"GET /job/{JOB_ID}", *looks)
    out = StringIO()
    return follow(Server(server.url), BEGIN, Console(file=out), sleep=lambda _: None), out.getvalue()


def test_each_step_of_a_task_is_a_line() -> None:
    assert list(steps(BEGIN, MIDDLE)) == ["a: completed", "b: in-progress 1/2"]
    assert list(steps(MIDDLE, MIDDLE)) == []


def test_it_looks_until_the_job_is_completed(server: FakeServer) -> None:
    end, printed = followed(server, BEGIN, MIDDLE, END)
    assert end == END
    assert printed.splitlines() == ["a: completed", "b: in-progress 1/2", "b: completed 2/2"]
    assert len(server.requests) == 3


@pytest.mark.parametrize("state", [JobState.SUSPEND, JobState.DELETED])
def test_a_job_that_stands_still_is_waited_for_no_longer(server: FakeServer, state: JobState) -> None:
    end, _ = followed(server, msgspec.structs.replace(MIDDLE, state=state))
    assert end.state is state


def test_a_server_that_is_away_is_waited_for_and_said_once(server: FakeServer) -> None:
    server.raw(f"GET /job/{JOB_ID}", (200, b"?"), (200, b"?"), (200, envelope(END)))
    out = StringIO()
    assert follow(Server(server.url), MIDDLE, Console(file=out, width=400), sleep=lambda _: None) == END
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("waiting for it")


def test_a_job_that_is_gone_ends_the_wait(server: FakeServer) -> None:
    server.refuse(f"GET /job/{JOB_ID}", 404, "job not found")
    with pytest.raises(NotFound):
        follow(Server(server.url), BEGIN, Console(file=StringIO()), sleep=lambda _: None)


def test_pauses_grow_to_a_modest_pace(server: FakeServer) -> None:
    pauses: list[float] = []
    server.on(f"GET /job/{JOB_ID}", *[BEGIN, MIDDLE] * 15, END)
    follow(Server(server.url), BEGIN, Console(file=StringIO()), sleep=pauses.append)
    assert pauses[0] == 0.2
    assert pauses[-1] == 2.0
    assert all(a <= b for a, b in itertools.pairwise(pauses))


def test_why_nothing_happens_is_told_once(server: FakeServer) -> None:
    server.on(f"GET /job/{JOB_ID}", *[BEGIN] * 30, END)
    server.on("GET /client", [])
    nobody = Waits("a", Why.NOBODY, "waits: no worker is registered")
    server.on(f"GET /job/{JOB_ID}?explain", Explained(JOB_ID, "queued", "", [nobody]))
    out = StringIO()
    follow(Server(server.url), BEGIN, Console(file=out), sleep=lambda _: None)
    assert out.getvalue().count("Task a waits: no worker is registered") == 1


def test_a_terminal_shows_a_bar_of_tasks(server: FakeServer) -> None:
    server.on(f"GET /job/{JOB_ID}", MIDDLE, END)
    out = StringIO()
    follow(Server(server.url), BEGIN, Console(file=out, force_terminal=True, width=100), sleep=lambda _: None)
    assert "2/2" in out.getvalue()


def test_a_terminal_shows_what_running_commands_wrote_last(server: FakeServer) -> None:
    """Each stream by itself; of what is written over itself, as bars are, the last; the names of further ones."""
    server.on(f"GET /job/{JOB_ID}", MIDDLE, END)
    query = f"query&jobid={JOB_ID}&state=checkout&order=checkout_time&direction=asc&limit=5"
    works = [{"wuid": f"{JOB_ID}_{name}"} for name in ("b_0", "b_1")]
    answer = {"status": 200, "data": works, "error": None, "total_count": 9}
    server.raw(f"GET /work?{query}", (200, msgspec.json.encode(answer)))
    said = {("b_0", "stdout"): b"one\n 5 %\r 9 %\x1b[0m\n\n", ("b_0", "stderr"): b"warned", ("b_1", "stdout"): b""}
    for (name, stream), text in {**said, ("b_1", "stderr"): b""}.items():
        path = f"/work/{JOB_ID}_{name}/log?stream={stream}"
        server.headers[path] = {"Awe-Log-Offset": "0", "Awe-Log-End": str(len(text))}
        server.raw(f"GET {path}", (206 if text else 200, text))
    out = StringIO()
    follow(Server(server.url), BEGIN, Console(file=out, force_terminal=True, width=100), sleep=lambda _: None)
    lines = [line.strip() for line in re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", out.getvalue()).splitlines()]
    assert [line for line in lines if "|" in line][:3] == ["b | 9 % [0m", "b | warned", "b/1 |"]
    assert "and 7 more" in lines


def test_a_pause_ends_when_something_happens_to_the_job(server: FakeServer) -> None:
    """An hour would not end before the time limit of the test."""
    server.raw("GET /events", (200, b'{"status":200,"data":[],"error":null,"last":7}'))
    server.raw(
        f"GET /events?since=7&job={JOB_ID}&wait=60.000", (200, b'{"status":200,"data":[],"error":null,"last":8}')
    )
    pause = Hearing(Server(server.url), JOB_ID)
    pause(3600)
    pause(3600)
    assert len(server.requests) == 2


def test_a_server_that_tells_of_nothing_is_paused_for(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    Hearing(Server(server.url), JOB_ID)(3600)
    assert slept[0] > 3500
