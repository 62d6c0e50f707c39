"""Commands about workers and the queue."""

from typing import Any

import pytest

from awed.model.client import Client
from awed.wire.clients import ShownClient
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import FakeServer


def test_workers_are_listed(server: FakeServer, awe: Awe, capsys: Any) -> None:
    client = Client(id="id-1", name="w1", group="g", current_work={"j_first_0": True})
    server.on("GET /client", [ShownClient.of(client)])
    server.on("GET /queue?json", {"clients": {"total": 3}})
    assert awe("workers") == 0
    printed = capsys.readouterr()
    assert printed.err == "2 workers of groups that you have no right to see\n"
    shown = printed.out
    assert "w1" in shown
    assert "j first" in shown
    assert "data" not in shown


def test_a_suspended_queue_is_mentioned(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("GET /queue?json", {"jobs": {"total": 1, "active": 1}})
    server.raw("GET /", (200, b'{"queue_status":"suspended"}'))
    assert awe("queue") == 0
    assert "nothing is handed out" in capsys.readouterr().out


def test_event_codes_are_explained(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("GET /logger?event", {"server": {"JD": "job done"}})
    assert awe("events") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["server", "JD", "job", "done"]


@pytest.mark.parametrize(
    ("arguments", "request_line", "told"),
    [
        (["workers", "suspend", "w1"], "PUT /client/id-1?suspend", "worker w1: suspended"),
        (["workers", "resume", "id-1"], "PUT /client/id-1?resume", "worker id-1: resumed"),
        (["queue", "suspend"], "PUT /queue?suspend", "The queue is suspended: nothing is handed out."),
        (["queue", "resume"], "PUT /queue?resume", "The queue is running."),
    ],
)
def test_workers_and_queue_are_stopped_and_go_on(
    server: FakeServer, awe: Awe, capsys: Any, *, arguments: list[str], request_line: str, told: str
) -> None:
    server.on("GET /client", [Client(id="id-1", name="w1"), Client(id="id-2", name="w2")])
    server.on(request_line, "it is done")
    assert awe(*arguments) == 0
    assert capsys.readouterr().out == f"{told}\n"


@pytest.mark.parametrize(
    ("worker", "told"),
    [
        ("w3", "awe: no worker is called w3 or has an id that begins so; see awe workers\n"),
        ("id", "awe: 2 workers are called id or have an id that begins so:\n  id-1  w1\n  id-2  w2\n"),
    ],
)
def test_which_worker_is_meant_must_be_clear(
    server: FakeServer, awe: Awe, capsys: Any, worker: str, told: str
) -> None:
    server.on("GET /client", [Client(id="id-1", name="w1"), Client(id="id-2", name="w2")])
    assert awe("workers", "suspend", worker) == 2
    assert capsys.readouterr().err == told


def test_no_worker_is_no_empty_table(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("GET /client", [])
    server.on("GET /queue?json", {"clients": {"total": 0}})
    assert awe("workers") == 0
    assert capsys.readouterr() == ("", "no worker is registered\n")
