"""``/metrics``, ``/health`` and ``/ready``."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from awed.model.access import Verb
from tests.unit.api.served import Served, data, done
from tests.unit.web.wire import parse


def test_metrics_are_plain_text(served: Served) -> None:
    reply = served.call("GET", "/metrics")
    assert (reply.status, reply.body) == (200, b"up 1\n")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_anybody_may_ask_for_health_and_readiness(tmp_path: Path) -> None:
    served = Served(tmp_path, anonymous=())
    assert data(served.call("GET", "/health")) == "ok"
    assert data(served.call("GET", "/ready/")) == "ready"


@pytest.mark.parametrize(
    ("metrics_for", "expected"),
    [
        ("public", {"": 200, "nobody": 401, "bob": 200, "root": 200, "group g": 401}),
        ("token", {"": 401, "nobody": 401, "bob": 200, "root": 200, "group g": 401}),
        ("admin", {"": 401, "nobody": 401, "bob": 401, "root": 200, "group g": 401}),
    ],
)
@pytest.mark.parametrize("anonymous", [(), ("read", "write", "delete")])
def test_metrics_have_a_right_of_their_own(
    tmp_path: Path, anonymous: Collection[Verb], metrics_for: str, expected: dict[str, int]
) -> None:
    served = Served(tmp_path, anonymous=anonymous, metrics_for=metrics_for)
    assert {user: served.call("GET", "/metrics", user=user).status for user in expected} == expected
    foreign = {"Origin": "https://elsewhere.example"}
    assert served.call("GET", "/metrics", headers=foreign).status == 401


def test_without_its_store_the_daemon_lives_and_is_not_ready(served: Served) -> None:
    done(served.store.close())
    assert served.call("GET", "/health").status == 200
    reply = served.call("GET", "/ready")
    assert (reply.status, reply.json["error"]) == (503, ["database: it is not open"])
    assert reply.headers["Retry-After"] == "5"


def test_what_cannot_be_written_is_a_reason_until_it_is_written(served: Served) -> None:
    done(served.store.close())
    connection, _ = served.connect()
    connection.dataReceived(b"PUT /queue?suspend HTTP/1.1\r\nHost: h\r\nAuthorization: user root\r\n\r\n")
    done(served.store.open())
    assert served.call("GET", "/ready").json["error"] == ["changes cannot be written: database: it is not open"]
    served.clock.advance(1)
    assert served.call("GET", "/ready").status == 200


def test_a_store_that_does_not_answer_is_not_waited_for(served: Served) -> None:

    async def check() -> None:
        await Deferred()

    served.store.check = check  # type: ignore[method-assign]
    connection, transport = served.connect()
    connection.dataReceived(b"GET /ready HTTP/1.1\r\nHost: h\r\n\r\n")
    assert transport.value() == b""
    served.clock.advance(3)
    assert parse(transport.value()).json["error"] == ["the store did not answer within 3 s"]


def test_calls_have_names_without_ids(served: Served) -> None:
    """Of the path of a request nothing comes into the metrics that others could choose."""
    served.register(id="c")
    names: list[str] = []
    connection, _ = served.connect()
    site: Any = connection.factory
    site._log_access = lambda request: names.append(request.route)
    for method, path in [
        ("GET", "/"),
        ("GET", "/job/"),
        ("GET", "/job/x?report"),
        ("DELETE", "/job/x"),
        ("PUT", "/job/x/acl/read"),
        ("GET", "/work?client=c"),
        ("HEAD", "/work?client=c"),
        ("GET", "/work?client=c&wait=0.5"),
        ("GET", "/elsewhere/x"),
        ("BREW", "/job/x"),
        ("GET", "/health"),
    ]:
        connection.dataReceived(f"{method} {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        served.clock.advance(1)
    assert names == [
        "GET /",
        "GET /job",
        "GET /job/ID",
        "DELETE /job/ID",
        "PUT /job/ID/...",
        "GET /work?client",
        "HEAD /work",
        "GET /work?client&wait",
        "other other",
        "other other",
        "GET /health",
    ]
