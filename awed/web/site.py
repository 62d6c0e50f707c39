"""The site: one child for each collection of the API, found by a dictionary, and what no Klein app can answer."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.web.http import Request as HTTPRequest
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site

from awed.web.channel import ApiChannel, IdleConnections
from awed.web.envelope import answer, answer_error
from awed.web.errors import no_resource
from awed.web.forwarded import HOST_HEADER
from awed.web.request import RequestIds, ShortRequest
from awed.web.routes import CollectionResource

IDLE_TIMEOUT = 90.0
"""Seconds after which a connection without a request is closed; longer than a worker waits for work."""


class ApiSite(Site):
    """The factory of the API's connections, which are kept alive. Their requests read bodies, never twisted.web."""

    protocol = ApiChannel  # type: ignore[assignment]

    def __init__(
        self,
        root: IResource,
        request_factory: Callable[..., ShortRequest],
        reactor: IReactorTime,
        log_access: Callable[[HTTPRequest], object] = lambda request: None,
    ) -> None:
        """*log_access* is told of each request when it is answered."""
        super().__init__(  # type: ignore[no-untyped-call]
            root,
            requestFactory=request_factory,
            timeout=None,
            reactor=reactor,
            parsePOSTFormSubmission=False,
        )
        self._log_access = log_access
        self._idle = IdleConnections(IDLE_TIMEOUT, reactor)
        self._request_ids = RequestIds(secrets.token_hex(4))

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel: Any = super().buildProtocol(addr)  # type: ignore[no-untyped-call]
        channel.idle = self._idle
        channel.request_ids = self._request_ids
        return channel

    def log(self, request: HTTPRequest) -> None:
        self._log_access(request)


class Root(Resource):
    """Finds the collection by the first part of the path, and refuses what must not reach a Klein app."""

    def __init__(self, front: IResource, collections: Mapping[str, IResource]) -> None:
        """*front* answers ``/``, *collections* everything below their names."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.putChild(b"", front)
        self.traits = {
            name.encode(): resource.traits
            for name, resource in collections.items()
            if isinstance(resource, CollectionResource)
        }
        """What the collections say of themselves."""
        for name, resource in collections.items():
            self.putChild(name.encode(), resource)

    def getChildWithDefault(self, path: bytes, request: IRequest) -> IResource:
        fault = _fault(request)
        if fault:
            return _Fixed(lambda request: answer_error(request, 400, [fault]))
        child: IResource | None = self.children.get(path)
        if child is None:
            return _Fixed(no_resource)
        if request.requestHeaders.hasHeader(b"origin"):
            request.setHeader(b"access-control-expose-headers", b"X-Request-Id, ETag, Idempotency-Replayed")
        if request.method == b"OPTIONS":
            request.setHeader(
                b"access-control-allow-headers", b"Content-Type, Idempotency-Key"
            )  # beside what every answer allows
            return _Fixed(lambda request: answer(request, None))
        request.postpath = _without_trailing_slash(request.postpath)
        return child


class _Fixed(Resource):
    """Gives one answer to every request that reaches it."""

    isLeaf = True

    def __init__(self, give: Callable[[IRequest], bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._give = give

    def render(self, request: IRequest) -> bytes:
        return self._give(request)


def _without_trailing_slash(path: list[bytes]) -> list[bytes]:
    """The rest of a path in the form of Klein's routes: ``/`` for the collection, ``/a`` for one of its things."""
    rest = path[:-1] if path[-1:] == [b""] else path
    return rest or [b""]


def _fault(request: IRequest) -> str:
    """What makes the request's path or Host header unreadable, "" if nothing does."""
    try:
        b"/".join([*request.prepath, *request.postpath]).decode()
    except UnicodeDecodeError:
        return "the path is not valid UTF-8"
    host = request.getHeader(b"host")
    if host is not None and not HOST_HEADER.match(host):
        return "the Host header is not a host name"
    return ""
