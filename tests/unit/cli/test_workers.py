"""Commands about workers and the queue."""

from typing import Any

from awed.model.client import Client
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import FakeServer


def test_workers_are_listed(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("GET /client", [Client(id="id-1", name="w1", group="g")])
    assert awe("workers") == 0
    assert "w1" in capsys.readouterr().out


def test_a_suspended_queue_is_mentioned(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("GET /queue?json", {"jobs": {"total": 1, "active": 1}})
    server.raw("GET /", (200, b'{"queue_status":"suspended"}'))
    assert awe("queue") == 0
    assert "nothing is handed out" in capsys.readouterr().out


def test_event_codes_are_explained(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on("GET /logger?event", {"server": {"JD": "job done"}})
    assert awe("events") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["server", "JD", "job", "done"]
