"""Requests on connections that are kept while they are good, and what happens when they are not."""

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from awed.client.asynchronous import IDLE, Connection, Connections
from awed.client.calls import CONNECT_LIMIT, NO_TLS, Request, Response

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Endpoint:
    """Whom it connects is on a transport in memory."""

    def __init__(self) -> None:
        self.connected: list[Connection] = []

    def connect(self, factory: Any) -> Deferred[Any]:
        connection = factory.buildProtocol(None)
        connection.makeConnection(StringTransport())
        self.connected.append(connection)
        return succeed(connection)

    def sent(self, number: int = -1) -> bytes:
        transport: Any = self.connected[number].transport
        return bytes(transport.value())

    def closed(self, number: int) -> bool:
        transport: Any = self.connected[number].transport
        return bool(transport.disconnecting or transport.aborting)


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.endpoint = Endpoint()
        self.http = Connections(self.endpoint, self.clock, "server:8001")  # type: ignore[arg-type]

    def ask(self, path: str = "/work", body: bytes | None = None) -> Deferred[Response]:
        return Deferred.fromCoroutine(self.http.send(Request("PUT", path, body, {"Authorization": "x"})))

    def answer(self, content: bytes = ANSWER, number: int = -1) -> None:
        self.endpoint.connected[number].dataReceived(content)

    def lose(self, why: Exception | None = None) -> None:
        self.endpoint.connected[-1].connectionLost(Failure(why or ConnectionDone()))


@pytest.fixture
def world() -> World:
    return World()


def failure(asked: Deferred[Response]) -> BaseException:
    """Why it failed."""
    failures: list[Failure] = []
    asked.addErrback(failures.append)
    (found,) = failures
    assert isinstance(found.value, BaseException)
    return found.value


def test_a_request_is_written_in_one_piece(world: World) -> None:
    world.ask("/work?client=x", b"[]")
    assert world.endpoint.sent() == (
        b"PUT /work?client=x HTTP/1.1\r\nHost: server:8001\r\nAuthorization: x\r\nContent-Length: 2\r\n\r\n[]"
    )


def test_a_connection_is_used_again_and_only_when_it_is_free(world: World) -> None:
    first = world.ask()
    world.ask()
    assert len(world.endpoint.connected) == 2
    world.answer(number=0)
    assert first.result == Response(200, {"content-length": "2"}, b"ok")
    world.ask()
    assert len(world.endpoint.connected) == 2
    assert world.endpoint.sent(0).count(b"PUT") == 2


@pytest.mark.parametrize("why", ["closed", "old", "to be closed"])
def test_a_connection_that_is_not_good_any_more_is_not_used_again(world: World, why: str) -> None:
    asked = world.ask()
    world.answer(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") if why == "to be closed" else ANSWER)
    if why == "closed":
        world.lose()
    if why == "old":
        world.clock.advance(IDLE)
    world.ask()
    assert asked.called
    assert len(world.endpoint.connected) == 2
    assert why == "closed" or world.endpoint.closed(0)


def test_a_connection_that_is_lost_before_the_answer_is_an_error_and_nothing_is_sent_twice(world: World) -> None:
    asked = world.ask()
    world.lose()
    assert "in the middle of an answer" in str(failure(asked))
    assert len(world.endpoint.connected) == 1


def test_why_a_connection_was_lost_is_told(world: World) -> None:
    asked = world.ask()
    world.lose(OSError("certificate verify failed"))
    assert str(failure(asked)) == "certificate verify failed"


def test_what_is_no_http_is_an_error_and_ends_the_connection(world: World) -> None:
    asked = world.ask()
    world.answer(b"SSH-2.0\r\n\r\n")
    assert "not HTTP" in str(failure(asked))
    assert world.endpoint.closed(0)


def test_an_answer_that_was_not_asked_for_ends_the_connection(world: World) -> None:
    world.ask()
    world.answer()
    world.answer()
    world.ask()
    assert len(world.endpoint.connected) == 2


def test_a_request_that_is_cancelled_ends_its_connection(world: World) -> None:
    asked = world.ask()
    asked.cancel()
    assert isinstance(failure(asked), CancelledError)
    assert world.endpoint.closed(0)
    world.answer()
    world.lose()
    world.ask()
    assert len(world.endpoint.connected) == 2


def test_a_server_that_is_not_there_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: Deferred[Any] = Deferred()
    monkeypatch.setattr(world.endpoint, "connect", lambda factory: refused)
    asked = world.ask()
    refused.errback(ConnectionRefusedError())
    assert isinstance(failure(asked), ConnectionRefusedError)


@pytest.fixture
def secure(world: World) -> World:
    """The same by TLS."""
    world.http = Connections(world.endpoint, world.clock, "server:8001", is_secure=True)  # type: ignore[arg-type]
    return world


def test_by_tls_nothing_is_sent_before_the_server_has_agreed(secure: World) -> None:
    asked = secure.ask()
    assert secure.endpoint.sent() == b""
    secure.endpoint.connected[0].handshakeCompleted()
    assert secure.endpoint.sent().startswith(b"PUT /work")
    secure.answer()
    assert asked.called


def test_a_server_that_never_agrees_speaks_no_tls(secure: World) -> None:
    asked = secure.ask()
    secure.clock.advance(CONNECT_LIMIT)
    assert str(failure(asked)).startswith(NO_TLS)
    assert secure.endpoint.closed(0)


@pytest.mark.parametrize(("why", "text"), [("wrong version number", NO_TLS), ("certificate verify failed", "cert")])
def test_a_connection_that_is_lost_before_that(secure: World, why: str, text: str) -> None:
    asked = secure.ask()
    secure.lose(OSError(why))
    assert str(failure(asked)).startswith(text)
