"""Whatever arrives on a connection is answered in the envelope."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from klein import Klein
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from zope.interface.verify import verifyClass

from awed.tx.streams import BATCH
from awed.web.body import Bodies, requests_with
from awed.web.channel import ApiChannel
from awed.web.envelope import answer
from awed.web.form import Spool
from awed.web.request import ShortRequest
from awed.web.site import IDLE_TIMEOUT, ApiSite
from awed.web.slow import HEAD_TIMEOUT, INTERVAL, SLOWEST, WINDOW
from tests.unit.web.traversal import at_once
from tests.unit.web.wire import connect, parse, raw

P = ParamSpec("P")
T = TypeVar("T")


class Waiting:
    """Answers ``/now`` at once and ``/later`` never."""

    app = Klein()

    def __init__(self) -> None:
        self.cancelled = False

    @app.route("/now", methods=["GET", "PUT"])
    def now(self, request: IRequest) -> bytes:
        return answer(request, "now")

    @app.route("/later", methods=["GET"])
    async def later(self, request: IRequest) -> bytes:
        try:
            await Deferred[None]()
        except CancelledError:
            self.cancelled = True
            raise
        return b""


def test_a_channel_is_what_it_says() -> None:
    verifyClass(IHalfCloseableProtocol, ApiChannel)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"nonsense\r\n\r\n", "not a valid HTTP request"),
        (b"\x16\x03\x01\x02\x00\x01", "this port speaks HTTP, not TLS: use http:// and not https://"),
        (b"GET /\xc3\xa4 HTTP/1.1\r\n\r\n", "not a valid HTTP request"),
        (b"GET /now HTTP/1.1\r\nno colon\r\n\r\n", "not a valid HTTP request"),
        (b"GET /now HTTP/1.1\r\nContent-Length: x\r\n\r\n", "not a valid HTTP request"),
        (
            b"GET /now?" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
            "a line of the request's head is longer than 16384 bytes",
        ),
        (
            b"GET /now HTTP/1.1\r\nA: " + b"a" * 20000,
            "a line of the request's head is longer than 16384 bytes",
        ),
    ],
)
def test_what_is_no_request(data: bytes, text: str) -> None:
    replies = raw(Waiting().app.resource(), data)
    reply = parse(replies)
    assert replies.count(b"HTTP/1.1") == 1
    assert (reply.status, reply.json) == (400, {"status": 400, "data": None, "error": [text]})
    assert reply.headers["Connection"] == "close"
    assert int(reply.headers["Content-Length"]) == len(reply.body)


def test_a_body_that_is_cut_off() -> None:
    data = b"PUT /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
    assert raw(Waiting().app.resource(), data) == b""
    assert parse(raw(Waiting().app.resource(), data, then_closes=True)).json["error"] == [
        "the body of the request was cut off"
    ]


def test_a_chunked_body_that_is_malformed() -> None:
    data = b"PUT /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"
    assert parse(raw(Waiting().app.resource(), data)).json["error"] == ["not a valid HTTP request"]


def test_an_answer_that_was_given_is_still_sent_to_a_peer_that_sends_no_more() -> None:
    data = b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n"
    assert parse(raw(Waiting().app.resource(), data, then_closes=True)).json["data"] == "now"


def test_a_handler_hears_that_its_peer_is_gone() -> None:
    waiting = Waiting()
    connection, transport = connect(waiting.app.resource())
    connection.dataReceived(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.readConnectionLost()
    assert transport.disconnecting
    connection.connectionLost(Failure(ConnectionDone()))
    assert waiting.cancelled
    assert transport.value() == b""


GET = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n"


class Slow:
    """Answers ``/now`` at once and ``/later`` when it is told to."""

    app = Klein()

    def __init__(self) -> None:
        self.answer: Deferred[bytes] = Deferred()

    @app.route("/now")
    def now(self, request: IRequest) -> bytes:
        return b"now"

    @app.route("/later")
    async def later(self, request: IRequest) -> bytes:
        return await self.answer


class World:
    """Connections to a site whose time moves when it is told to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.slow = Slow()
        self.site = ApiSite(self.slow.app.resource(), ShortRequest, self.clock)

    def connect(self) -> "Connection":
        return Connection(self.site)


class Connection:
    def __init__(self, site: ApiSite) -> None:
        self.protocol = site.buildProtocol(IPv4Address("TCP", "192.0.2.9", 40000))
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    @property
    def closed(self) -> bool:
        return self.transport.disconnecting


@pytest.fixture
def world() -> World:
    return World()


def test_a_silent_connection_is_closed(world: World) -> None:
    connection = world.connect()
    world.clock.advance(IDLE_TIMEOUT - 1)
    assert not connection.closed
    world.clock.advance(1)
    assert connection.closed


def test_each_has_its_own_time(world: World) -> None:
    early = world.connect()
    world.clock.advance(60)
    late = world.connect()
    world.clock.advance(30)
    assert (early.closed, late.closed) == (True, False)
    world.clock.advance(60)
    assert late.closed


def test_whatever_comes_counts(world: World) -> None:
    connection = world.connect()
    world.clock.advance(IDLE_TIMEOUT - 1)
    for piece in (b"GET /now", b" HTTP/1.1\r\n", b"Host: a\r\n\r\n"):
        connection.send(piece)
        world.clock.advance(HEAD_TIMEOUT / 4)
    world.clock.advance(IDLE_TIMEOUT - HEAD_TIMEOUT / 4 - 1)
    assert not connection.closed
    world.clock.advance(1)
    assert connection.closed


def test_a_head_that_is_not_there_in_time_is_refused_however_it_comes(world: World) -> None:
    connections = [world.connect() for _ in range(3)]
    connections[0].send(GET % b"now")  # a request before makes no difference
    for letter in b"GET /now HTTP/1.1\r\nHost: a\r\nX: ".ljust(int(HEAD_TIMEOUT + INTERVAL), b"x"):
        for connection in connections[:2]:
            connection.send(bytes([letter]))
        world.clock.advance(1)
    assert [connection.closed for connection in connections] == [True, True, False]
    reply = parse(connections[1].transport.value())
    assert (reply.status, reply.json["error"]) == (408, ["the head of the request was not there within 30 s"])
    assert connections[0].transport.value().count(b"HTTP/1.1 ") == 2


def test_a_body_must_get_on_and_may_pause(world: World, tmp_path: Path) -> None:
    world.site = ApiSite(world.slow.app.resource(), requests_with(Bodies(Spool(tmp_path, at_once))), world.clock)
    steady, pausing, trickling = connections = [world.connect() for _ in range(3)]
    for connection in connections:
        connection.send(b"PUT /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
    for second in range(180):
        steady.send(SLOWEST * b"x")
        pausing.send(b"" if second % 60 < 40 else 3 * SLOWEST * b"x")
        trickling.send(SLOWEST // 2 * b"x")
        world.clock.advance(1)
    assert [connection.closed for connection in connections] == [False, False, True]
    reply = parse(trickling.transport.value())
    assert reply.status == 408
    assert "at least 1024 a second are expected" in reply.json["error"][0]


def never(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
    """An InThread of a disk that comes to no end."""
    return Deferred()


def test_who_is_asked_to_wait_is_not_slow(world: World, tmp_path: Path) -> None:
    spool = Spool(tmp_path, never)
    world.site = ApiSite(world.slow.app.resource(), requests_with(Bodies(spool)), world.clock)
    connection = world.connect()
    connection.send(b"PUT /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
    connection.send(BATCH * b"x")
    connection.send(BATCH * b"x")
    for _ in range(20):
        world.clock.advance(WINDOW / 4)
        world.site._idle.heard(connection.protocol)  # that is another matter
    assert not connection.closed


def test_a_request_may_take_its_time(world: World) -> None:
    connection = world.connect()
    connection.send(GET % b"later")
    world.clock.advance(10 * IDLE_TIMEOUT)
    assert not connection.closed
    world.slow.answer.callback(b"")
    world.clock.advance(IDLE_TIMEOUT - 1)
    assert not connection.closed
    world.clock.advance(1)
    assert connection.closed


def test_there_is_one_timer_for_all(world: World) -> None:
    for _ in range(10):
        world.connect().send(GET % b"now")
    assert len(world.clock.getDelayedCalls()) == 1
