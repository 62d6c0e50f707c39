"""``/events``: what the API itself does; who may see which event is tested in ``tests/unit/service/test_feed.py``."""

import json
from pathlib import Path
from typing import Any

from twisted.internet.testing import StringTransport

from awed.model.access import User
from awed.service.feed import Keep
from awed.web.eventstream import KEEP_ALIVE, LOOK
from tests.unit.api.served import Served, data, done, fault
from tests.unit.web.wire import parse

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


def test_events_come_in_order_with_the_number_to_go_on_from(served: Served) -> None:
    job = served.submit(JOB)["id"]
    answer = served.call("GET", "/events?since=0").json
    assert answer["data"] == [
        {
            "id": 1,
            "time": "2026-11-23T20:41:05Z",
            "kind": "job",
            "state": "init",
            "job": job,
            "remaintasks": 1,
        },
        {
            "id": 2,
            "time": "2026-11-23T20:41:05Z",
            "kind": "task",
            "state": "queued",
            "job": job,
            "task": f"{job}_0",
            "remainwork": 1,
            "totalwork": 1,
        },
        {
            "id": 3,
            "time": "2026-11-23T20:41:05Z",
            "kind": "job",
            "state": "queued",
            "job": job,
            "remaintasks": 1,
        },
    ]
    assert (answer["last"], answer["oldest"]) == (3, 1)
    one = served.call("GET", "/events?since=0&limit=1").json
    assert ([event["id"] for event in one["data"]], one["last"]) == ([1], 1)
    none = served.call("GET", "/events").json
    assert (none["data"], none["last"]) == ([], 3)
    assert served.call("GET", "/events?since=0&kind=client,work").json["data"] == []
    assert [event["id"] for event in data(served.call("GET", f"/events?since=0&kind=task&job={job}"))] == [2]


def test_what_cannot_be_asked_for(served: Served) -> None:
    wrong = fault(served.call("GET", "/events?kind=job,jobs"))
    assert wrong == "kind must be one of job, task, work, client, found: jobs"
    assert fault(served.call("GET", "/events?limit=0")) == "limit must be at least 1, found: 0"
    reply = served.call("GET", "/events?stream", headers={"Last-Event-ID": "x"})
    assert fault(reply) == "Last-Event-ID must be a non-negative integer, found: x"
    reply = served.call("GET", "/events?since=7")
    assert (reply.status, reply.json["data"]) == (410, {"oldest": 1})
    assert reply.json["error"] == ["there was no event 7 yet: the last one is 0"]


def test_events_that_are_not_kept_any_more_are_gone(tmp_path: Path) -> None:
    served = Served(tmp_path, keep=Keep(most=3))
    for _ in range(3):
        served.submit(JOB)
    done(served.engine.events.age())
    reply = served.call("GET", "/events?since=1")
    assert (reply.status, reply.json["status"], reply.json["data"]) == (410, 410, {"oldest": 7})
    assert served.call("GET", "/events?stream&since=1").status == 410
    assert [event["id"] for event in data(served.call("GET", "/events?since=0"))] == [7, 8, 9]


def test_a_request_waits_for_the_next_event(served: Served) -> None:
    connection, sent = served.connect()
    connection.dataReceived(b"GET /events?wait=30 HTTP/1.1\r\nHost: a\r\n\r\n")
    served.clock.advance(10)
    assert not sent.value()
    served.submit(JOB)
    served.clock.advance(0)
    assert [event["id"] for event in data(parse(sent.value()))] == [1, 2, 3]
    sent.clear()
    connection.dataReceived(b"GET /events?since=3&wait=100 HTTP/1.1\r\nHost: a\r\n\r\n")
    served.clock.advance(60)
    assert parse(sent.value()).json == {"status": 200, "data": [], "error": None, "last": 3, "oldest": 1}


def streamed(sent: StringTransport) -> list[tuple[str, Any]]:
    """The messages that came, each with its id, and its data if it has any; the stream's chunks are put together."""
    body = sent.value().partition(b"\r\n\r\n")[2] if sent.value().startswith(b"HTTP") else sent.value()
    sent.clear()
    text = ""
    while body and not body.startswith(b"0\r\n"):
        size, _, body = body.partition(b"\r\n")
        text += body[: int(size, 16)].decode()
        body = body[int(size, 16) + 2 :]
    return [message(block) for block in text.split("\n\n")[:-1]]


def message(block: str) -> tuple[str, Any]:
    fields = dict(line.split(":", 1) for line in block.split("\n"))
    return fields.get("id", "").strip(), json.loads(fields.get("data", "null"))


def test_a_stream_goes_on_where_it_was_cut(served: Served) -> None:
    connection, sent = served.connect()
    connection.dataReceived(b"GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
    assert b"Content-Type: text/event-stream\r\n" in sent.value()
    assert streamed(sent) == [("0", None)]
    served.submit(JOB)
    served.clock.advance(0)
    found = streamed(sent)
    assert [(id, event["id"]) for id, event in found] == [("1", 1), ("2", 2), ("3", 3)]
    served.clock.advance(KEEP_ALIVE)
    assert streamed(sent) == [("", None)]
    connection, sent = served.connect()
    connection.dataReceived(b"GET /events?since=0&stream HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 1\r\n\r\n")
    assert streamed(sent) == [("1", None), *found[1:]]


def test_a_stream_ends_soon_after_the_session_in_which_it_was_begun(served: Served) -> None:
    secret = done(served.sessions.begin(User("ann")))
    connection, sent = served.connect()
    connection.dataReceived(
        f"GET /events?stream HTTP/1.1\r\nHost: a\r\nAuthorization: session {secret}\r\n\r\n".encode()
    )
    served.clock.pump([1.0] * int(LOOK + KEEP_ALIVE))
    served.submit(JOB, user="ann")
    served.clock.advance(0)
    assert [id for id, _ in streamed(sent)][-1] == "3"
    done(served.sessions.end(secret))
    served.clock.pump([1.0] * int(LOOK + KEEP_ALIVE))
    served.submit(JOB, user="ann")
    served.clock.advance(0)
    assert b'"job"' not in sent.value()
    assert sent.value().endswith(b"0\r\n\r\n")


def test_a_stream_says_how_far_it_came_where_there_was_nothing_to_tell(served: Served) -> None:
    """So that a listener who hears little is not told that it missed something."""
    connection, sent = served.connect()
    connection.dataReceived(b"GET /events?stream&kind=client HTTP/1.1\r\nHost: a\r\n\r\n")
    served.submit(JOB)
    served.clock.advance(0)
    served.clock.advance(KEEP_ALIVE)
    assert streamed(sent) == [("0", None), ("3", None)]


def test_a_listener_that_reads_slowly_holds_nothing_up(served: Served) -> None:
    """What it has not taken yet is read when it wants more."""
    connection, sent = served.connect()
    connection.dataReceived(b"GET /events?stream HTTP/1.1\r\nHost: a\r\n\r\n")
    streamed(sent)
    producer: Any = connection
    producer.pauseProducing()
    for _ in range(3):
        served.submit(JOB)
        served.clock.advance(0)
    assert len(streamed(sent)) <= 3
    producer.resumeProducing()
    assert [id for id, _ in streamed(sent)][-1] == "9"
