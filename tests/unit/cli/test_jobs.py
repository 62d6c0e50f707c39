"""Commands that show jobs."""

import json
from typing import Any

import pytest

from awed.model.client import Client
from awed.model.states import JobState, TaskState
from awed.wire.jobs import whole_line
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, job, task


def test_the_list_says_what_it_leaves_out(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.raw(
        "GET /job?top=true&order=info.submittime&limit=1",
        (200, b'{"status":200,"data":[{"id":"%s"}],"error":null,"total_count":7}' % JOB_ID.encode()),
    )
    assert awe("jobs", "--limit", "1") == 0
    printed = capsys.readouterr()
    assert "128068d0" in printed.out
    assert printed.err == "1 of 7 jobs; --limit shows more\n"


def test_a_list_by_states(server: FakeServer, awe: Awe) -> None:
    server.on("GET /job?query=&state=queued%2Csuspend&top=true&order=info.submittime&limit=25", [])
    assert awe("jobs", "--state", "queued", "--state", "suspend") == 0


def test_a_list_for_programs_is_whole_or_says_that_it_is_not(server: FakeServer, awe: Awe, capsys: Any) -> None:
    answer = b'{"status":200,"data":[],"error":null,"total_count":7}'
    server.raw("GET /job?mine=true&top=true&order=info.name&direction=asc&limit=2", (200, answer))
    assert awe("jobs", "--json", "--limit", "2", "--mine", "--sort", "name") == 0
    printed = capsys.readouterr()
    assert printed.out == "[]\n"
    assert printed.err == "truncated: 2 of 7\n"


@pytest.mark.parametrize("text", ["yesterday", "2", "2026-13-01"])
def test_a_time_that_is_none_is_a_mistake(awe: Awe, capsys: Any, text: str) -> None:
    assert awe("jobs", "--since", text) == 2
    assert f"must be like 30m, 12h, 2d, 2026-11-30 or an RFC 3339 time, found: {text}" in capsys.readouterr().err


WATCHED = "GET /job?top=true&order=info.submittime&limit=25&verbosity=line"


def test_a_list_that_is_watched_is_asked_for_again_at_each_change(server: FakeServer, awe: Awe, capsys: Any) -> None:
    """What ends it here is that the server refuses; it waits for one that is away."""
    one = job(task("a"))
    heard = b'{"status":200,"data":[],"error":null,"last":%d}'
    server.on(WATCHED, [], [whole_line(one)])
    server.raw("GET /events", (200, heard % 7))
    server.raw("GET /events?since=7&wait=5.000", (200, heard % 8))
    server.refuse("GET /events?since=8&wait=5.000", 401, "Invalid Auth Header")
    assert awe("jobs", "--watch") == 3
    assert "lambda" in capsys.readouterr().out
    assert server.paths().count(WATCHED) == 2


def test_top_says_what_it_needs_where_there_is_no_terminal(awe: Awe, capsys: Any) -> None:
    assert awe("top") == 2
    assert "awe top needs a terminal; awe queue, awe jobs and awe workers print tables" in capsys.readouterr().err


def test_an_unknown_state_is_a_mistake(awe: Awe, capsys: Any) -> None:
    assert awe("jobs", "--state", "lost") == 2
    assert "in-progress" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "request_line"),
    [
        (["jobs"], "GET /job?top=true&order=info.submittime&limit=0"),
        (["job", JOB_ID], f"GET /job/{JOB_ID}"),
        (["logs", JOB_ID], f"GET /job/{JOB_ID}?report"),
        (["why", JOB_ID], f"GET /job/{JOB_ID}?explain"),
        (["workers"], "GET /client"),
        (["queue"], "GET /queue?json"),
        (["groups"], "GET /cgroup?limit=0"),
        (["events"], "GET /logger?event"),
    ],
)
def test_programs_get_the_servers_data_exactly(
    server: FakeServer, awe: Awe, capsys: Any, arguments: list[str], request_line: str
) -> None:
    data = {"unknown to awe": [1.5, None, "\u00fc", 123456789012345678901234567890], "time": "0001-01-01T00:00:00Z"}
    server.raw(request_line, (200, json.dumps({"status": 200, "data": data, "error": None}).encode()))
    assert awe(*arguments, "--json") == 0
    assert json.loads(capsys.readouterr().out) == data


def test_a_job_with_its_tasks_and_who_ran_them(server: FakeServer, awe: Awe, capsys: Any) -> None:
    split = task("map", TaskState.COMPLETED, totalwork=3)
    server.on(f"GET /job/{JOB_ID}", job(split, task("join"), state=JobState.IN_PROGRESS))
    measured = {"runtime": 20, "time_data_in": 1, "time_data_out": 4.0}
    clients = {"1": "id-1", "2": "id-of-one-gone", "3": "id-1"}
    work_stats = {f"{split.taskid}_{rank}": {"client_id": client, **measured} for rank, client in clients.items()}
    server.on(f"GET /job/{JOB_ID}?perf", {"id": JOB_ID, "work_stats": work_stats})
    server.on("GET /client", [Client(id="id-1", name="w1")])
    assert awe("job", JOB_ID) == 0
    printed = capsys.readouterr().out
    assert "in-progress, tasks done: 1/2" in printed
    assert printed.splitlines()[-2].split()[3:] == ["60s", "15s", "w1,", "id-of-on"]


@pytest.mark.parametrize("work_stats", [None, {"x_y_0": {"runtime": "long"}}])
def test_a_job_without_a_performance_record_that_is_understood(
    server: FakeServer, awe: Awe, capsys: Any, work_stats: Any
) -> None:
    server.on(f"GET /job/{JOB_ID}", job(task("a")))
    server.on(f"GET /job/{JOB_ID}?perf", {"work_stats": work_stats})
    server.on("GET /client", [Client(id="id-1", name="w1", current_work={f"{JOB_ID}_a_0": True})])
    assert awe("job", JOB_ID) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["a", "queued", "0/1", "w1"]
