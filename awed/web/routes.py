"""The straight way from a request to the handler of its route.

Klein binds an adapter of werkzeug to each request, matches its path step by step, and passes the outcome through half
a dozen Deferreds: that is more than half of what a short request costs. Here the routes of a collection on itself and
on one of its things are found in a dictionary, and the request itself runs their coroutine. All routes are declared
to Klein alone; what is not found here (deeper paths, unknown ones, methods that a path does not have) goes its way.
"""

import re
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any, NamedTuple, Protocol

from klein import Klein
from klein.resource import KleinResource
from twisted.web.iweb import IRequest
from twisted.web.server import NOT_DONE_YET

from awed.web.body import AwedRequest

Handler = Callable[..., Coroutine[Any, Any, bytes]]

_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
_ONE_PART = re.compile(r"/<[^/]+>")


class Collection(Protocol):
    """An object with the routes of one collection, which are its methods."""

    @property
    def app(self) -> Klein:
        """The routes, bound to the object."""


class Route(NamedTuple):
    """What answers, and what the metrics call that."""

    handler: Handler
    name: str


class CollectionResource(KleinResource):
    """Serves the routes of the collection that has *path*."""

    def __init__(self, collection: Collection, path: str = "") -> None:
        super().__init__(collection.app)
        self._routes: dict[tuple[bytes, bool], Route] = {}
        """By method, and whether the path names one of the collection's things."""
        self._others = {method.encode(): f"{method} {path}/ID/..." for method in _METHODS}
        """What the metrics call all other ways, by method."""
        for rule in collection.app.url_map.iter_rules():
            handler = getattr(collection, rule.endpoint)
            one = _ONE_PART.fullmatch(rule.rule) is not None
            if iscoroutinefunction(handler) and (one or rule.rule == "/"):
                for method in rule.methods or ():
                    name = f"{method} {path}/ID" if one else f"{method} {path or '/'}"
                    self._routes[method.encode(), one] = Route(handler, name)

    def render(self, request: IRequest) -> Any:
        path: list[bytes] = request.postpath or [b""]
        assert isinstance(request, AwedRequest)
        route = self._routes.get((request.method, path[0] != b""))
        if route is None or len(path) > 1 or b"/" in path[0]:
            request.route = self._others.get(request.method, request.route)
            return super().render(request)
        handler, request.route = route
        request.run(handler(request, path[0].decode()) if path[0] else handler(request))
        return NOT_DONE_YET
