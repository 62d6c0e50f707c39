"""Whatever arrives on a connection is answered in the envelope."""

import pytest
from klein import Klein
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from zope.interface.verify import verifyClass

from awed.api.channel import ApiChannel
from awed.api.envelope import answer
from awed.api.errors import install_errors
from tests.unit.api.wire import connect, parse, raw


class Waiting:
    """Answers ``/now`` at once and ``/later`` never."""

    app = Klein()
    install_errors(app)

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
