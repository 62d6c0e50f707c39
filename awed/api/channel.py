"""Connections that answer even what is not a request, in the envelope, before they close."""

from msgspec.json import encode
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from awed.api.envelope import Envelope

LINGER = 2.0
"""Seconds for which a refused peer may go on sending, so that it reads the answer before the connection breaks."""

_HEAD = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


@implementer(IHalfCloseableProtocol)
class ApiChannel(HTTPChannel):
    """One connection. Of what is refused here twisted.web answers some with no body, and closes on the rest."""

    _in_body = False
    _refused = False

    def connectionMade(self) -> None:
        HTTPChannel.connectionMade(self)
        # Each request asks for these, and Twisted would ask the system.
        self._host: IAddress = HTTPChannel.getHost(self)
        self._secure: bool = HTTPChannel.isSecure(self)

    def getHost(self) -> IAddress:
        return self._host

    def isSecure(self) -> bool:
        return self._secure

    def dataReceived(self, data: bytes) -> None:
        if not self._refused:
            HTTPChannel.dataReceived(self, data)

    def lineLengthExceeded(self, line: bytes) -> None:
        self._refuse(f"a line of the request's head is longer than {self.MAX_LENGTH} bytes")
        HTTPChannel.setTimeout(self, LINGER)

    def allHeadersReceived(self) -> None:
        self._in_body = True
        HTTPChannel.allHeadersReceived(self)

    def allContentReceived(self) -> None:
        self._in_body = False
        HTTPChannel.allContentReceived(self)

    def readConnectionLost(self) -> None:
        """The peer will send no more. If it sent a whole request and waits, it is taken for gone."""
        if self._in_body:
            self._refuse("the body of the request was cut off")
        HTTPChannel.loseConnection(self)

    def writeConnectionLost(self) -> None:
        """The peer reads no more."""
        HTTPChannel.loseConnection(self)

    def _respondToBadRequestAndDisconnect(self) -> None:
        # twisted.web's own answer has no body.
        self._refuse("not a valid HTTP request")
        HTTPChannel.loseConnection(self)

    def _refuse(self, text: str) -> None:
        if self._refused or self.transport is None:
            return
        self._refused = True
        HTTPChannel.clearLineBuffer(self)
        body = encode(Envelope(400, None, [text]))
        self.transport.write(_HEAD % len(body) + body)
