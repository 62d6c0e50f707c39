"""Requests to one server, on connections that are kept.

twisted.web's agent does it at more than three times the cost, which for short commands was a quarter of everything.
"""

from collections.abc import Awaitable, Mapping
from typing import Protocol as Interface
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocolFactory, IReactorTime, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from awed.tx.sending import send
from awed.worker.response import Reader, Response

IDLE = 30.0
"""Seconds for which a connection is kept: less than a server keeps it, lest we use a closed one."""


class Http(Interface):
    """Asks a server."""

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Awaitable[Response]:
        """The response, whatever its status. Raises what a network and a peer can do. It may be cancelled."""


class Connection(Protocol):
    """One connection, for one request after another."""

    transport: ITCPTransport

    def __init__(self) -> None:
        self.is_open = True
        self.idle_since = 0.0
        self._reader = Reader()
        self._answered: Deferred[Response] | None = None

    def ask(self, request: bytes) -> Deferred[Response]:
        """Send a request; its response."""
        self._reader = Reader()
        answered: Deferred[Response] = Deferred(lambda _: self.close())
        self._answered = answered
        send(self.transport, request)
        return answered

    def close(self) -> None:
        """Not to be used again."""
        self.is_open = False
        self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        try:
            response = self._reader.feed(data)
        except ValueError as error:
            self.close()
            self._fire(error)
        else:
            if response is not None:
                self._fire(response)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_open = False
        try:
            self._fire(self._reader.end())
        except ValueError as error:
            self._fire(error if reason.check(ConnectionDone) else cast(Exception, reason.value))

    def _fire(self, result: Response | Exception) -> None:
        answered, self._answered = self._answered, None
        if answered is not None and not answered.called:
            answered.callback(result) if isinstance(result, Response) else answered.errback(result)


class Connections:
    """An :class:`Http` that opens connections to *endpoint* as it needs them. *host*: the server's name and port."""

    def __init__(self, endpoint: IStreamClientEndpoint, clock: IReactorTime, host: str) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._host = host
        self._idle: list[Connection] = []

    async def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        """See :class:`Http`. Nothing is sent twice: a checkout that is asked for twice would be handed out twice."""
        connection = self._idle_one() or await self._connected()
        response = await connection.ask(_request(method, path, {"Host": self._host, **headers}, body))
        if response.closes:
            connection.close()
        else:
            connection.idle_since = self._clock.seconds()
            self._idle.append(connection)
        return response

    def _idle_one(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and self._clock.seconds() < connection.idle_since + IDLE:
                return connection
            connection.close()
        return None

    async def _connected(self) -> Connection:
        factory = cast(IProtocolFactory, Factory.forProtocol(Connection))
        return cast(Connection, await self._endpoint.connect(factory))


def _request(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
