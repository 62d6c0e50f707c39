"""HTTP in memory: bytes in, bytes out, no socket and no waiting."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource

from awed.model.access import User
from awed.tx.turns import Turns
from awed.web.body import Bodies, requests_with
from awed.web.calls import Asked, Call, Right
from awed.web.channel import ApiChannel
from awed.web.form import Spool
from awed.web.request import ShortRequest
from awed.web.routes import Collection, CollectionResource
from awed.web.site import ApiSite, Root
from awed.web.traits import PLAIN, Traits
from tests.unit.web.traversal import at_once

HOST = IPv4Address("TCP", "192.0.2.1", 8001)
PEER = IPv4Address("TCP", "192.0.2.9", 40000)
BODIES = Bodies(Spool(Path("/nowhere"), at_once))
"""Bodies that fit into memory."""

REQUESTS = requests_with(BODIES)


async def _anyone(context: None, asked: Asked) -> Call[None]:
    return Call(asked.request, User(), None)


ANYONE = Right(_anyone)


class Plain:
    """A collection with nothing but calls."""

    traits: Traits = PLAIN
    context = None


def resource(collection: Collection, path: str = "") -> CollectionResource:
    """What serves a collection."""
    return CollectionResource(collection, Turns(Clock()), path)


def root(collection: Collection, name: str) -> Root:
    """A site's root with this collection, which is its front as well."""
    return Root(resource(collection), {name: resource(collection, f"/{name}")})


@dataclass(frozen=True)
class Reply:
    """One answer as it left the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def unchunked(self) -> bytes:
        """What has come of a body in chunks."""
        chunks, whole = self.body, b""
        while chunks:
            size, _, rest = chunks.partition(b"\r\n")
            whole += rest[: int(size, 16)]
            chunks = rest[int(size, 16) + 2 :]
        return whole


def raw(
    root: IResource, data: bytes, request_factory: type[ShortRequest] = REQUESTS, *, then_closes: bool = False
) -> bytes:
    """All that the site around *root* sends when *data* arrives on a connection, whose peer may send no more then."""
    connection, transport = connect(root, request_factory)
    connection.dataReceived(data)
    if then_closes:
        connection.readConnectionLost()
    return bytes(transport.value())


def connect(root: IResource, request_factory: type[ShortRequest] = REQUESTS) -> tuple[ApiChannel, StringTransport]:
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
    request_factory: type[ShortRequest] = REQUESTS,
) -> Reply:
    """The answer to one request."""
    return parse(raw(root, message(method, path, headers, body), request_factory))


def message(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """A request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: awe.example:8001", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def is_whole(data: bytes) -> bool:
    """Whether all of an answer is there, of one that never ends its head."""
    if b"\r\n\r\n" not in data:
        return False
    reply = parse(data)
    if reply.headers.get("Content-Type", "").startswith("text/event-stream"):
        return True
    length = reply.headers.get("Content-Length")
    return reply.body.endswith(b"0\r\n\r\n") if length is None else len(reply.body) >= int(length)


def parse(data: bytes) -> Reply:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in rest)
    return Reply(int(first.split()[1]), headers, body)
