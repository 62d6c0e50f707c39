"""HTTP as bytes: a connection for each request, which the server closes."""

from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.interfaces import IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

PATIENCE = 20.0
"""Seconds after which a test gives up waiting for an answer."""


class Reply(Struct):
    """One answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class _Exchange(Protocol):
    """Sends, takes everything until the server closes, and tells."""

    def __init__(self, data: bytes, end: bool) -> None:
        self._data = data
        self._end = end
        self._received: list[bytes] = []
        self.answer: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        transport = cast(ITCPTransport, self.transport)
        transport.write(self._data)
        if self._end:
            transport.loseWriteConnection()

    def dataReceived(self, data: bytes) -> None:
        self._received.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.answer.callback(b"".join(self._received))


async def send(url: str, data: bytes, *, end: bool = False) -> list[Reply]:
    """All answers to *data*, which must make the server close; with *end* nothing more is sent after it."""
    where = urlsplit(url)
    endpoint = HostnameEndpoint(global_reactor, str(where.hostname), where.port or 80)
    connection = await connectProtocol(endpoint, _Exchange(data, end))
    return _parse(await connection.answer.addTimeout(PATIENCE, cast(IReactorTime, global_reactor)))


def chunked(body: bytes, size: int = 100) -> bytes:
    """*body* in chunks of *size* bytes."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _parse(data: bytes) -> list[Reply]:
    replies = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", len(rest)))
        replies.append(Reply(int(first.split()[1]), headers, rest[:length]))
        data = rest[length:]
    return replies
