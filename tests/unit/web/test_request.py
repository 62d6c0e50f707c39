"""Each answer has an id, and what is logged on the way to it as well."""

import pytest
from twisted.internet.defer import Deferred

from awed.tx.loglines import REQUEST
from tests.conftest import LoggedErrors
from tests.unit.api.served import Served
from tests.unit.web.wire import parse, raw


def test_every_answer_has_an_id_of_its_own(served: Served) -> None:
    connection, transport = served.connect()
    found = []
    for path in ("/queue", "/nowhere", "/job/x", "/node/x/index/y"):
        transport.clear()
        connection.dataReceived(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        found.append(parse(transport.value()).headers["X-Request-Id"])
    assert len(set(found)) == 4
    assert len({name.rpartition("-")[0] for name in found}) == 1


def test_also_what_is_no_request_gets_an_answer_with_an_id(served: Served) -> None:
    assert "X-Request-Id" in parse(raw(served.root, b"nonsense\r\n\r\n")).headers


@pytest.mark.parametrize("given", ["3fa85f64-5717-4562-b3fc-2c963f66afa6", "a", "x" * 64, "Root=1-67891233-abcdef"])
def test_the_id_of_a_request_is_kept(served: Served, given: str) -> None:
    assert served.call("GET", "/queue", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "a\tb", "<b>", '"', "\u00e4", "a,b", "{job}"])
def test_what_is_no_sane_id_is_replaced(served: Served, given: str) -> None:
    found = served.call("GET", "/queue", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert found
    assert found != given


def test_an_id_is_not_kept_for_the_next_request(served: Served) -> None:
    connection, transport = served.connect()
    connection.dataReceived(b"GET /queue HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n\r\n")
    transport.clear()
    connection.dataReceived(b"nonsense\r\n\r\n")
    assert parse(transport.value()).headers["X-Request-Id"] != "mine"


def test_a_handler_knows_its_request_also_after_a_wait_and_nobody_else_does(served: Served) -> None:
    seen: list[str] = []
    gates: list[Deferred[None]] = []

    async def check() -> None:
        gate: Deferred[None] = Deferred()
        gates.append(gate)
        await gate
        seen.append(REQUEST.get())

    served.store.check = check  # type: ignore[method-assign]
    for name in ("first", "second"):
        connection, _ = served.connect()
        connection.dataReceived(f"GET /ready HTTP/1.1\r\nHost: h\r\nX-Request-Id: {name}\r\n\r\n".encode())
        assert REQUEST.get() == ""
    for gate in reversed(gates):
        gate.callback(None)
    assert (seen, REQUEST.get()) == (["second", "first"], "")


def test_a_failure_is_logged_with_it(served: Served, logged_errors: LoggedErrors) -> None:
    seen: list[str] = []

    async def check() -> None:
        seen.append(REQUEST.get())
        raise KeyError

    served.store.check = check  # type: ignore[method-assign]
    reply = served.call("GET", "/ready", headers={"X-Request-Id": "mine"})
    assert (reply.status, reply.headers["X-Request-Id"], seen) == (500, "mine", ["mine"])
    logged_errors.flush(KeyError)
