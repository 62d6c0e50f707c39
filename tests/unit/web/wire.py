"""HTTP in memory: bytes in, bytes out, no socket and no waiting."""

from dataclasses import dataclass
from typing import Any

import msgspec
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource

from awed.web.channel import ApiChannel
from awed.web.request import ShortRequest
from awed.web.site import ApiSite

HOST = IPv4Address("TCP", "192.0.2.1", 8001)
PEER = IPv4Address("TCP", "192.0.2.9", 40000)


@dataclass(frozen=True)
class Reply:
    """One answer as it left the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def raw(
    root: IResource, data: bytes, request_factory: type[ShortRequest] = ShortRequest, *, then_closes: bool = False
) -> bytes:
    """All that the site around *root* sends when *data* arrives on a connection, whose peer may send no more then."""
    connection, transport = connect(root, request_factory)
    connection.dataReceived(data)
    if then_closes:
        connection.readConnectionLost()
    return bytes(transport.value())


def connect(
    root: IResource, request_factory: type[ShortRequest] = ShortRequest
) -> tuple[ApiChannel, StringTransport]:
    """A fresh connection to the site around *root*, and what it sends."""
    site = ApiSite(root, request_factory, Clock())
    connection = site.buildProtocol(PEER)
    assert isinstance(connection, ApiChannel)
    transport = StringTransport(HOST, PEER)
    connection.makeConnection(transport)  # type: ignore[no-untyped-call]
    return connection, transport


def call(
    root: IResource,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    *,
    request_factory: type[ShortRequest] = ShortRequest,
) -> Reply:
    """The answer to one request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: awe.example:8001", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return parse(raw(root, "\r\n".join(lines).encode() + b"\r\n\r\n" + body, request_factory))


def parse(data: bytes) -> Reply:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in rest)
    return Reply(int(first.split()[1]), headers, body)
