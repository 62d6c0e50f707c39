"""Connections end when nothing happens on them, and only then."""

import pytest
from klein import Klein
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.iweb import IRequest

from awed.api.request import ShortRequest
from awed.api.site import IDLE_TIMEOUT, ApiSite

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
    for piece in (b"GET /now", b" HTTP/1.1\r\n", b"Host: a\r\n\r\n"):
        world.clock.advance(60)
        connection.send(piece)
    world.clock.advance(60)
    assert not connection.closed
    world.clock.advance(30)
    assert connection.closed


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
