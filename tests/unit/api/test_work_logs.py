"""``/work/ID/log``, as far as it is the API's own doing. Of the logs: ``tests/unit/service/test_livelogs.py``."""

import base64
from typing import Any

import msgspec
import pytest

from awed.web.eventstream import KEEP_ALIVE, LOOK
from tests.unit.api.served import Served, data, fault
from tests.unit.api.test_events import streamed

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


@pytest.fixture
def work(served: Served) -> str:
    served.submit(JOB)
    served.register(id="c1")
    return str(data(served.call("GET", "/work?client=c1"))["wuid"])


def send(served: Served, work: str, offset: int, text: bytes, **more: object) -> Any:
    piece = {
        "wuid": work,
        "attempt": 1,
        "stream": "stdout",
        "offset": offset,
        "data": base64.b64encode(text).decode(),
    }
    return served.call("PUT", "/work?log&client=c1", body=msgspec.json.encode([piece | more]))


def test_pieces_of_logs_are_taken_each_for_itself(served: Served, work: str) -> None:
    assert data(send(served, work, 0, b"hello\n")) == [{"wuid": work, "status": 200, "error": None}]
    (refused,) = data(send(served, work, 6, b"x", attempt=2))
    assert (refused["status"], refused["error"]) == (409, [f"attempt 2 of workunit {work} is over"])
    wrong = fault(send(served, work, 0, b"x" * 65537))
    assert wrong.startswith("the body must be a JSON list of pieces of logs: ")


def test_a_workunit_has_one_log_however_its_id_is_written(served: Served, work: str) -> None:
    """Others would never be removed."""
    encoded = f"base64:{base64.b64encode(work.encode()).decode()}"
    for number, written in enumerate((work, f"{work}0", encoded)):
        data(send(served, written, number, b"x"))
    assert served.call("GET", f"/work/{work}/log").body == b"xxx"


def test_a_log_says_where_it_begins_and_ends(served: Served, work: str) -> None:
    send(served, work, 0, b"hello\n\xff")
    reply = served.call("GET", f"/work/{work}/log")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "text/plain", b"hello\n\xff")
    told = {name: reply.headers[f"Awe-Log-{name}"] for name in ("Offset", "End", "Complete", "Attempt")}
    assert told == {"Offset": "0", "End": "7", "Complete": "false", "Attempt": "1"}
    send(served, work, 200, b"later")
    reply = served.call("GET", f"/work/{work}/log?offset=3")
    assert (reply.headers["Awe-Log-Offset"], reply.body) == ("200", b"later")
    assert served.call("GET", f"/work/{work}/log?stream=stderr").body == b""


def test_after_the_end_it_is_what_was_written_byte_for_byte(served: Served, work: str) -> None:
    written = b"begin" + b"\xff" * 100
    report = f"/work/{work}?status=done&client=c1&report"
    served.call("PUT", f"{report}&stdout_cut=1000,5,6", {"stdout": written[:5] + b"[line]" + written[5:]})
    reply = served.call("GET", f"/work/{work}/log")
    assert (reply.body, reply.headers["Awe-Log-End"], reply.headers["Awe-Log-Complete"]) == (b"begin", "1000", "true")
    reply = served.call("GET", f"/work/{work}/log?offset=5")
    assert (reply.body, reply.headers["Awe-Log-Offset"]) == (b"\xff" * 100, "900")
    assert data(served.call("GET", f"/work/{work}?report=stdout")).startswith("begin[line]\N{REPLACEMENT CHARACTER}")


def test_a_cut_that_does_not_fit_is_not_believed(served: Served, work: str) -> None:
    report = f"/work/{work}?status=done&client=c1&report"
    assert "stdout_cut must be three numbers" in fault(
        served.call("PUT", f"{report}&stdout_cut=1,2", {"stdout": "x"})
    )
    served.call("PUT", f"{report}&stdout_cut=1000,500,80", {"stdout": "x"})
    reply = served.call("GET", f"/work/{work}/log")
    assert (reply.body, reply.headers["Awe-Log-End"]) == (b"x", "1")


def test_ranges(served: Served, work: str) -> None:
    send(served, work, 0, b"0123456789")
    reply = served.call("GET", f"/work/{work}/log", headers={"Range": "bytes=2-4"})
    assert (reply.status, reply.body, reply.headers["Content-Range"]) == (206, b"234", "bytes 2-4/*")
    reply = served.call("GET", f"/work/{work}/log", headers={"Range": "bytes=8-"})
    assert (reply.status, reply.body) == (206, b"89")
    assert served.call("GET", f"/work/{work}/log", headers={"Range": "bytes=10-"}).status == 200
    for nothing in ("bytes=-", "bytes=-0"):
        assert served.call("GET", f"/work/{work}/log", headers={"Range": nothing}).body == b"0123456789"
    assert served.call("GET", f"/work/{work}/log", headers={"Range": "bytes=4-2"}).body == b"0123456789"


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(("asked", "found"), [("3", (7, b"789")), ("99", (0, b"0123456789"))])
def test_the_end_of_a_log(served: Served, work: str, done: bool, asked: str, found: tuple[int, bytes]) -> None:
    send(served, work, 0, b"0123456789")
    if done:
        served.call("PUT", f"/work/{work}?status=done&client=c1&report", {"stdout": b"0123456789"})
    reply = served.call("GET", f"/work/{work}/log", headers={"Range": f"bytes=-{asked}"})
    assert (reply.status, int(reply.headers["Awe-Log-Offset"]), reply.body) == (206, *found)


def test_what_is_no_workunit_has_no_log(served: Served, work: str) -> None:
    job = work.partition("_")[0]
    assert fault(served.call("GET", f"/work/{job}_0_7/log")) == f"no workunit found with id {job}_0_7"
    assert fault(served.call("GET", f"/work/{work}/log?stream=worknotes")).startswith("stream must be one of")


def test_a_stream_ends_soon_after_the_right_to_read_it(served: Served) -> None:
    job = served.submit(JOB, user="ann")["id"]
    served.register(id="c1")
    work = data(served.call("GET", "/work?client=c1"))["wuid"]
    served.call("PUT", f"/job/{job}/acl/read?users=bob", user="ann")
    connection, sent = served.connect()
    head = f"GET /work/{work}/log HTTP/1.1\r\nHost: a\r\nAuthorization: user bob\r\nAccept: text/event-stream\r\n\r\n"
    connection.dataReceived(head.encode())
    served.call("DELETE", f"/job/{job}/acl/read?users=bob", user="ann")
    served.clock.pump([1.0] * int(LOOK + KEEP_ALIVE))
    send(served, work, 0, b"secret")
    served.clock.advance(0)
    assert b"secret" not in sent.value()
    assert sent.value().endswith(b"0\r\n\r\n")


def test_a_stream_ends_with_the_log(served: Served, work: str) -> None:
    """Characters that come in two pieces are told whole."""
    connection, sent = served.connect()
    head = f"GET /work/{work}/log HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
    connection.dataReceived(head.encode())
    send(served, work, 0, "a\N{EURO SIGN}".encode()[:2])
    served.clock.advance(0)
    assert streamed(sent) == [("1", {"offset": 0, "text": "a", "attempt": 1, "complete": False})]
    send(served, work, 2, "\N{EURO SIGN}".encode()[1:])
    served.clock.advance(0)
    assert streamed(sent) == [("4", {"offset": 2, "text": "\N{EURO SIGN}", "attempt": 1, "complete": False})]
    served.call("PUT", f"/work/{work}?status=done&client=c1&report", {"stdout": "a\N{EURO SIGN}b"})
    served.clock.advance(0)
    assert streamed(sent) == [("5", {"offset": 4, "text": "b", "attempt": 1, "complete": True})]
    assert sent.disconnecting or not connection.requests
