"""Connections. They answer malformed requests in the envelope too, before they close."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import cast

from msgspec.json import encode
from twisted.internet.interfaces import IAddress, IDelayedCall, IHalfCloseableProtocol, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.http import RESPONSES, HTTPChannel, Request, datetimeToString
from twisted.web.http_headers import Headers
from zope.interface import implementer

from awed.tx.sending import send
from awed.web.request import RequestIds, ShortRequest
from awed.web.short import LONGEST, WholeRequest, whole_request
from awed.web.slow import SlowRequests
from awed.wire.envelope import Envelope


class IdleConnections:
    """Closes connections that have been idle, without a request to answer, for *limit* seconds."""

    def __init__(self, limit: float, reactor: IReactorTime) -> None:
        self._limit = limit
        self._reactor = reactor
        self._heard: OrderedDict[HTTPChannel, float] = OrderedDict()
        """Since when, in seconds of the reactor, each is idle; the longest first."""
        self._timer: IDelayedCall | None = None

    def heard(self, connection: HTTPChannel) -> None:
        """Count the time in which *connection* is idle from now on."""
        self._heard[connection] = self._reactor.seconds()
        self._heard.move_to_end(connection)
        if self._timer is None:
            self._timer = self._reactor.callLater(self._limit, self._look)

    def forget(self, connection: HTTPChannel) -> None:
        """*connection* has a request to answer, or is closed."""
        self._heard.pop(connection, None)

    def _look(self) -> None:
        self._timer = None
        now = self._reactor.seconds()
        while self._heard:
            connection, heard = next(iter(self._heard.items()))
            if heard + self._limit > now:
                self._timer = self._reactor.callLater(heard + self._limit - now, self._look)
                return
            del self._heard[connection]
            connection.timeoutConnection()


LINGER = 2.0
"""Seconds for which a refused peer may go on sending, so that it reads the answer before the connection is closed."""

_TLS = b"\x16\x03"
"""The first bytes from a client that uses TLS."""

_ALWAYS = (
    b"\r\nServer: %b\r\nAccess-Control-Allow-Origin: *\r\n"
    b"Access-Control-Allow-Methods: POST, GET, PUT, DELETE, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: Authorization, Datatoken\r\nX-Content-Type-Options: nosniff\r\n"
    b"X-Request-Id: %%b\r\nDate: %%b" % server.version
)
"""Headers of every answer. Any page may use the API from a browser, as with the original. No browser may take a file
of a user for a script or a page of this server."""


@implementer(IHalfCloseableProtocol)
class ApiChannel(HTTPChannel):
    """A connection. It refuses malformed requests with an answer, where twisted.web sends no body or just closes."""

    idle: IdleConnections
    slow: SlowRequests
    request_ids: RequestIds
    request_id = b""
    """The id of the request that is being answered."""
    _gathered: list[bytes] | None = None
    """Pieces of the answer, between :meth:`gather` and :meth:`send`; None if they are sent at once."""
    _in_body = False
    _answering = False
    _refused = False

    def connectionMade(self) -> None:
        HTTPChannel.connectionMade(self)
        # Each request needs these, and Twisted would ask the system each time.
        self._host: IAddress = HTTPChannel.getHost(self)
        self._secure: bool = HTTPChannel.isSecure(self)
        self.idle.heard(self)

    def getHost(self) -> IAddress:
        return self._host

    def isSecure(self) -> bool:
        return self._secure

    def dataReceived(self, data: bytes) -> None:
        is_new = self._is_between_requests() and not self._refused
        whole = whole_request(data) if is_new and len(data) <= LONGEST else None
        if whole is not None:
            self._take(whole)
            return
        if not self._answering:
            self.idle.heard(self)
        if self._refused:
            return
        if is_new and data.startswith(_TLS):
            self._refuse("this port speaks HTTP, not TLS: use http:// and not https://")
            HTTPChannel.loseConnection(self)
            return
        HTTPChannel.dataReceived(self, data)
        if not (self._answering or self._refused or self._is_between_requests()):
            self.slow.watch(self)

    def _is_between_requests(self) -> bool:
        return bool(self.persistent) and not (self.requests or self._buffer or self._busyReceiving)

    def _take(self, whole: WholeRequest) -> None:
        """Handle a request that arrived whole, as twisted.web does after parsing one line by line."""
        request = cast(ShortRequest, self.requestFactory(self))
        self.requests.append(request)
        request.requestHeaders = whole.headers
        self._command, self._path, self._version = whole.method, whole.target, b"HTTP/1.1"
        self.request_id = self.request_ids.of(whole.headers)
        request.aim(whole.method, whole.target)
        self.persistent = HTTPChannel.checkPersistence(self, request, self._version)
        request.gotWhole(whole.body)
        self.allContentReceived()

    def lineLengthExceeded(self, line: bytes) -> None:
        self._refuse(f"a line of the request's head is longer than {self.MAX_LENGTH} bytes")
        HTTPChannel.setTimeout(self, LINGER)

    def headerReceived(self, line: bytes) -> bool:
        try:
            return bool(HTTPChannel.headerReceived(self, line))
        except ValueError:  # a Content-Length with more digits than Python converts
            self._respondToBadRequestAndDisconnect()
            return False

    def allHeadersReceived(self) -> None:
        self._in_body = True
        request = cast(ShortRequest, self.requests[-1])
        self.request_id = self.request_ids.of(request.requestHeaders)
        request.aim(self._command, self._path)
        HTTPChannel.allHeadersReceived(self)

    def allContentReceived(self) -> None:
        self._in_body = False
        self._answering = True
        self.idle.forget(self)
        self.slow.forget(self)
        HTTPChannel.allContentReceived(self)

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        request_id = self.request_id or self.request_ids.new()
        head = [version, b" ", code, b" ", reason, _ALWAYS % (request_id, _date(int(time.time())))]
        for name, values in headers.getAllRawHeaders():
            for value in values:
                head += (b"\r\n", name, b": ", value)
        head.append(b"\r\n\r\n")
        self.write(b"".join(head))

    def write(self, data: bytes) -> None:
        if self._gathered is None:
            assert self.transport is not None
            self.transport.write(data)
        else:
            self._gathered.append(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        self.write(b"".join(iovec))

    def gather(self) -> None:
        """Gather what is written until :meth:`send`."""
        self._gathered = []

    def send(self) -> None:
        """Send what was gathered, in one piece."""
        gathered, self._gathered = self._gathered, None
        if gathered:
            send(self.transport, b"".join(gathered))

    def requestDone(self, request: Request) -> None:
        self._answering = False
        self.request_id = b""
        self.idle.heard(self)
        HTTPChannel.requestDone(self, request)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.idle.forget(self)
        self.slow.forget(self)
        HTTPChannel.connectionLost(self, reason)

    def readConnectionLost(self) -> None:
        """The peer has closed its side. If it waits for an answer, it is treated as gone all the same."""
        if self._in_body:
            self._refuse("the body of the request was cut off")
        HTTPChannel.loseConnection(self)

    def writeConnectionLost(self) -> None:
        """The peer does not read any more."""
        HTTPChannel.loseConnection(self)

    def _respondToBadRequestAndDisconnect(self) -> None:
        # twisted.web's own answer has no body.
        self._refuse("not a valid HTTP request")
        HTTPChannel.loseConnection(self)

    @property
    def body_bytes(self) -> int | None:
        return cast(ShortRequest, self.requests[-1]).received_bytes if self._in_body else None

    @property
    def is_held_up(self) -> bool:
        return cast(ShortRequest, self.requests[-1]).is_held_up

    def too_slow(self, text: str) -> None:
        self._refuse(text, 408)
        self.idle.forget(self)
        HTTPChannel.timeoutConnection(self)

    def _refuse(self, text: str, status: int = 400) -> None:
        if self._refused or self.transport is None:
            return
        self._refused = True
        HTTPChannel.clearLineBuffer(self)
        body = encode(Envelope(status, None, [text]))
        headers = {"Connection": "close", "Content-Type": "application/json", "Content-Length": str(len(body))}
        raw = Headers({name: [value] for name, value in headers.items()})
        self.writeHeaders(b"HTTP/1.1", b"%d" % status, RESPONSES[status], raw)
        self.transport.write(body)


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """The time, Unix time in seconds, as headers have it. Cached, so it is made once a second."""
    text: bytes = datetimeToString(second)
    return text
