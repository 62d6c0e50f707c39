"""The site: the collections of the API by name, and answers to requests that are of no collection."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.web.http import Request as HTTPRequest
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site
from werkzeug.exceptions import NotFound

from awed.model.access import User
from awed.model.errors import Invalid
from awed.web.channel import ApiChannel, IdleConnections
from awed.web.envelope import answer, answer_error
from awed.web.errors import no_resource
from awed.web.forwarded import HOST_HEADER
from awed.web.request import RequestIds, ShortRequest
from awed.web.routes import CollectionResource
from awed.web.slow import SlowRequests

IDLE_TIMEOUT = 90.0
"""Seconds after which an idle connection is closed. Longer than the pauses of workers between two requests."""


class ApiSite(Site):
    """The factory of the API's connections. Bodies are read by the requests themselves, not by twisted.web."""

    protocol = ApiChannel  # type: ignore[assignment]
    noisy = False  # or its start would be logged as "Starting factory <... at 0x7f...>"

    def __init__(
        self,
        root: IResource,
        request_factory: Callable[..., ShortRequest],
        reactor: IReactorTime,
        log_access: Callable[[HTTPRequest], object] = lambda request: None,
    ) -> None:
        """*log_access* is called with each request when it is answered."""
        super().__init__(  # type: ignore[no-untyped-call]
            root,
            requestFactory=request_factory,
            timeout=None,
            reactor=reactor,
            parsePOSTFormSubmission=False,
        )
        self._log_access = log_access
        self._idle = IdleConnections(IDLE_TIMEOUT, reactor)
        self._slow = SlowRequests(reactor)
        self._request_ids = RequestIds(secrets.token_hex(4))

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel: Any = super().buildProtocol(addr)  # type: ignore[no-untyped-call]
        channel.idle = self._idle
        channel.slow = self._slow
        channel.request_ids = self._request_ids
        return channel

    def log(self, request: HTTPRequest) -> None:
        self._log_access(request)


EXPOSED = b"X-Request-Id, ETag, Idempotency-Replayed, Awe-Log-Offset, Awe-Log-End, Awe-Log-Complete, Awe-Log-Attempt"
"""Headers that pages of other sites may read."""


class Root(Resource):
    """Finds the collection by the first part of the path. Refuses requests that Klein cannot handle."""

    def __init__(self, front: IResource, collections: Mapping[str, IResource]) -> None:
        """*front* answers ``/``, each of *collections* the paths that begin with its name."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.putChild(b"", front)
        self.traits = {
            name.encode(): resource.traits
            for name, resource in collections.items()
            if isinstance(resource, CollectionResource)
        }
        """The traits of each collection, by name."""
        for name, resource in collections.items():
            self.putChild(name.encode(), resource)

    async def user_of(self, request: ShortRequest) -> User:
        """The user of a request whose large body has not arrived yet. Raises an error if the request is refused."""
        name, *path = request.names
        request.prepath, request.postpath = [], [name, *path]
        if fault := _fault(request):
            raise Invalid(fault)
        child = self.children.get(name)
        if not isinstance(child, CollectionResource):
            raise NotFound  # of werkzeug, as for an unknown path in a collection
        return await child.user_of(request, _without_trailing_slash(path))

    def getChildWithDefault(self, path: bytes, request: IRequest) -> IResource:
        fault = _fault(request)
        if fault:
            return _Fixed(lambda request: answer_error(request, 400, [fault]))
        child: IResource | None = self.children.get(path)
        if child is None:
            return _Fixed(no_resource)
        if request.requestHeaders.hasHeader(b"origin"):
            request.setHeader(b"access-control-expose-headers", EXPOSED)
        if request.method == b"OPTIONS":
            # besides those of every answer
            request.setHeader(b"access-control-allow-headers", b"Content-Type, Idempotency-Key")
            return _Fixed(lambda request: answer(request, None))
        request.postpath = _without_trailing_slash(request.postpath)
        return child


class _Fixed(Resource):
    """A resource that gives the same answer to every request."""

    isLeaf = True

    def __init__(self, give: Callable[[IRequest], bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._give = give

    def render(self, request: IRequest) -> bytes:
        return self._give(request)


def _without_trailing_slash(path: list[bytes]) -> list[bytes]:
    """The rest of a path as the routes have it, without a slash at the end; ``[b""]`` for the collection itself."""
    rest = path[:-1] if path[-1:] == [b""] else path
    return rest or [b""]


def _fault(request: IRequest) -> str:
    """What is wrong with the request's path or Host header, "" if nothing is."""
    try:
        b"/".join([*request.prepath, *request.postpath]).decode()
    except UnicodeDecodeError:
        return "the path is not valid UTF-8"
    host = request.getHeader(b"host")
    if host is not None and not HOST_HEADER.match(host):
        return "the Host header is not a host name"
    return ""
