"""Calls with Twisted, on connections that are reused.

twisted.web's Agent takes over three times as long for a request, which was a quarter of all time with short commands.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from typing import Protocol as Interface
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IHandshakeListener,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from awed.client.calls import CONNECT_LIMIT, NO_TLS, Call, Request, Response
from awed.client.reader import Reader
from awed.model.addresses import Address, address
from awed.model.errors import Unavailable
from awed.tx.http import host_endpoint
from awed.tx.sending import send
from awed.wire.headers import authorization

Answered = Callable[[], None]
T = TypeVar("T")

IDLE = 30.0
"""Seconds for which an idle connection is kept: less than servers keep theirs, as a request that is sent while the
server closes the connection would fail."""


class Http(Interface):
    """Sends requests to a server."""

    async def send(self, request: Request) -> Response:
        """The response, whatever its status. Raises any exception if there is none. May be cancelled."""


class Server:
    """The server at *url*.

    *authorization*: the value of that header, "" for anonymous requests. *answered* is called after each call that
    succeeded.
    """

    def __init__(
        self, http: Http, clock: IReactorTime, url: str, authorization: str = "", answered: Answered = lambda: None
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = url.rstrip("/")
        self._prefix = urlsplit(self._url).path
        self._headers = {"Authorization": authorization} if authorization else {}
        self._answered = answered

    async def ask(self, call: Call[T]) -> T:
        """Make *call* and return its result.

        Raises the :class:`~awed.model.errors.AwedError` with which the server refuses, and
        :class:`~awed.model.errors.Unavailable` if there is no answer, or not one of an AWE server.
        """
        found = call.read(await self.send(call.request))
        self._answered()
        return found

    async def send(self, request: Request) -> Response:
        """The response to a request, whatever its status.

        Raises :class:`~awed.model.errors.Unavailable` if there is none within the request's patience.
        """
        url = f"{self._url}{request.path.partition('?')[0]}"
        path, headers = f"{self._prefix}{request.path}", {**self._headers, **request.headers}
        try:
            sending = Deferred.fromCoroutine(self._http.send(request._replace(path=path, headers=headers)))
            response = await sending.addTimeout(request.patience, self._clock)
        except CancelledError:
            raise
        except Exception as error:  # the network and the peer may cause any
            raise Unavailable(f"{request.method} {url}: {str(error) or type(error).__name__}") from error
        return response._replace(url=url)


@implementer(IHandshakeListener)
class Connection(Protocol):
    """A connection to a server, for one request at a time. *idle_since*: seconds by the clock of its owner."""

    transport: ITCPTransport

    def __init__(self) -> None:
        self.is_open = True
        self.idle_since = 0.0
        self._reader = Reader()
        self._answered: Deferred[Response] | None = None
        self._secured: Deferred[None] | None = None

    def secured(self) -> Deferred[None]:
        """Fires when the TLS handshake is done; fails if the connection is lost before. If cancelled, closes it."""
        self._secured = Deferred(lambda _: self.close())
        return self._secured

    def handshakeCompleted(self) -> None:
        secured, self._secured = self._secured, None
        if secured is not None and not secured.called:
            secured.callback(None)

    def ask(self, request: bytes) -> Deferred[Response]:
        """Send a request. Fires with the response; cancelling it closes the connection."""
        answered: Deferred[Response] = Deferred(lambda _: self.close())
        self._answered = answered
        send(self.transport, request)
        return answered

    def close(self) -> None:
        """Close the connection at once."""
        self.is_open = False
        self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        if self._answered is None:
            self.close()  # data without a request
            return
        try:
            response = self._reader.feed(data)
        except ValueError as error:
            self.close()
            self._fire(error)
        else:
            if response is not None:
                if self._reader.closes:
                    self.close()
                self._fire(response)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_open = False
        secured, self._secured = self._secured, None
        if secured is not None and not secured.called:
            secured.errback(reason)
        try:
            self._fire(self._reader.end())
        except ValueError as error:
            self._fire(error if reason.check(ConnectionDone) else cast(Exception, reason.value))

    def _fire(self, result: Response | Exception) -> None:
        answered, self._answered = self._answered, None
        if answered is not None and not answered.called:
            answered.callback(result) if isinstance(result, Response) else answered.errback(result)


class Connections:
    """An :class:`Http` that opens connections to *endpoint* as needed.

    *host*: the server's name and port. *is_secure*: whether *endpoint* uses TLS.
    """

    def __init__(
        self, endpoint: IStreamClientEndpoint, clock: IReactorTime, host: str, *, is_secure: bool = False
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._host = host
        self._is_secure = is_secure
        self._idle: list[Connection] = []

    async def send(self, request: Request) -> Response:
        """See :class:`Http`. A request that failed is not sent again: a second checkout would bring other work."""
        connection = self._idle_one() or await self._connected()
        response = await connection.ask(_encoded(request, self._host))
        if connection.is_open:
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
        connection = cast(Connection, await self._endpoint.connect(factory))
        if self._is_secure:
            try:
                await connection.secured().addTimeout(CONNECT_LIMIT, self._clock)
            except CancelledError:
                raise
            except Exception as error:
                connection.close()
                if "certificate" in str(error):
                    raise
                raise ConnectionError(f"{NO_TLS} ({str(error) or type(error).__name__})") from error
        return connection


def connections(reactor: Any, url: Address, ca: IPolicyForHTTPS) -> Connections:
    """Connections to the host of *url*. *ca* decides which certificates are valid."""
    endpoint = host_endpoint(reactor, url.host, url.port, CONNECT_LIMIT)
    if url.scheme == "https":
        endpoint = wrapClientTLS(ca.creatorForNetloc(url.host.encode(), url.port), endpoint)
    return Connections(endpoint, reactor, url.authority, is_secure=url.scheme == "https")


def server(reactor: Any, url: str, token: str = "") -> Server:
    """The server at *url*, whose certificate the system trusts. Raises :class:`ValueError` for what is no URL."""
    where = address(url)
    http = connections(reactor, where, BrowserLikePolicyForHTTPS())
    return Server(http, reactor, where.uri, authorization(token, "Bearer"))


def _encoded(request: Request, host: str) -> bytes:
    body = request.body if isinstance(request.body, bytes | None) else b"".join(request.body)
    headers = {"Host": host, **request.headers}
    if body is not None:
        headers["Content-Length"] = str(len(body))
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
