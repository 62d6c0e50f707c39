"""The straight way from a request to the handler of its route.

Klein binds an adapter of werkzeug to each request, matches its path step by step, and passes the outcome through half
a dozen Deferreds: that is more than half of what a short request costs. Here the routes of a collection on itself and
on one of its things are found in a dictionary, and the request itself runs their coroutine. All routes are declared
to Klein alone; what is not found here (deeper paths, unknown ones, methods that a path does not have) goes its way.
"""

import re
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any, Protocol

from klein import Klein
from klein.resource import KleinResource
from twisted.web.iweb import IRequest
from twisted.web.server import NOT_DONE_YET

from awed.api.body import AwedRequest

Handler = Callable[..., Coroutine[Any, Any, bytes]]

_ONE_PART = re.compile(r"/<[^/]+>")


class Collection(Protocol):
    """An object with the routes of one collection, which are its methods."""

    @property
    def app(self) -> Klein:
        """The routes, bound to the object."""


class CollectionResource(KleinResource):
    """Serves the routes of a collection."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection.app)
        self._handlers: dict[tuple[bytes, bool], Handler] = {}
        """By method, and whether the path names one of the collection's things."""
        for rule in collection.app.url_map.iter_rules():
            handler = getattr(collection, rule.endpoint)
            one = _ONE_PART.fullmatch(rule.rule) is not None
            if iscoroutinefunction(handler) and (one or rule.rule == "/"):
                self._handlers |= {(method.encode(), one): handler for method in rule.methods or ()}

    def render(self, request: IRequest) -> Any:
        path: list[bytes] = request.postpath or [b""]
        handler = self._handlers.get((request.method, path[0] != b""))
        if handler is None or len(path) > 1 or b"/" in path[0]:
            return super().render(request)
        assert isinstance(request, AwedRequest)
        request.run(handler(request, path[0].decode()) if path[0] else handler(request))
        return NOT_DONE_YET
