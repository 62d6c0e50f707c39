"""Finds the handler of a request: by a dictionary for the common paths, by Klein for the others.

Klein binds an adapter of werkzeug to each request, matches its path step by step, and passes the result through half
a dozen Deferreds, which takes more than half of the time of a short request. The calls on a collection and on one of
its things are therefore found in a dictionary, and the request runs their coroutine itself. All else (deeper paths,
unknown paths, methods that a path lacks) is left to Klein.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from klein import Klein
from klein.resource import KleinResource
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.server import NOT_DONE_YET
from werkzeug.exceptions import MethodNotAllowed

from awed.model.access import User
from awed.model.errors import AwedError, Invalid, TooLarge, Unimplemented
from awed.tx.turns import Turns
from awed.web.body import AwedRequest
from awed.web.calls import Asked, Calls, Declared, Right
from awed.web.form import IN_MEMORY
from awed.web.params import Params, params_of
from awed.web.request import ShortRequest
from awed.web.streaming import answer
from awed.web.traits import Traits

_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
_ONE_PART = re.compile(r"/<(?:\w+:)?(\w+)>")

Choice = Sequence[Declared]
"""The calls with the same method and path: those with a flag, then the one without, if there is one."""


class Collection(Protocol):
    """An object whose methods are the handlers of a collection.

    *context*: passed to the rights of its calls. *traits*: what HTTP needs to know before the call is found.
    """

    calls: Calls[Any]
    context: Any

    @property
    def traits(self) -> Traits: ...


class Route(NamedTuple):
    """An entry of the dictionary. *variable*: of the path, "" if it has none. *name*: for the metrics."""

    choice: Choice
    variable: str
    name: str


class CollectionResource(KleinResource):
    """Serves the calls of the collection at *path*."""

    def __init__(self, collection: Collection, turns: Turns, path: str = "") -> None:
        self.traits = collection.traits
        self._collection = collection
        self._turns = turns
        self._paths = paths = by_path(collection.calls)
        self._app = self._klein(paths)
        super().__init__(self._app)
        self._routes: dict[tuple[bytes, bool], Route] = {}
        """By method, and whether the path names a thing of the collection."""
        self._fixed = {path[1:].encode() for path in paths} - {b""}
        """Paths without a variable, which take precedence over those with one."""
        self._others = {method.encode(): f"{method} {path}/ID/..." for method in _METHODS}
        """Names for the metrics of all paths that Klein serves, by method."""
        for pattern, methods in paths.items():
            one = _ONE_PART.fullmatch(pattern)
            if one or pattern == "/":
                for method, choice in methods.items():
                    name = f"{method} {path}/ID" if one else f"{method} {path or '/'}"
                    self._routes[method.encode(), bool(one)] = Route(choice, one[1] if one else "", name)

    def _klein(self, paths: Mapping[str, Mapping[str, Choice]]) -> Klein:
        """A Klein app with all calls, without redirects, and with errors in the form of the collection."""
        app = Klein()
        app.url_map.merge_slashes = False
        app.handle_errors(Exception)(_failed)
        for path, methods in paths.items():
            app.route(path, methods=list(methods), endpoint=path)(self._at(methods))
        return app

    def _at(self, methods: Mapping[str, Choice]) -> Any:
        """Klein's handler for a path with these methods."""

        async def serve(request: AwedRequest, **names: str) -> bytes:
            return await self._serve(methods[request.method.decode()], request, names)

        return serve

    def render(self, request: IRequest) -> Any:
        path: list[bytes] = request.postpath or [b""]
        assert isinstance(request, AwedRequest)
        route = self._routes.get((request.method, path[0] != b""))
        if route is None or len(path) > 1 or b"/" in path[0] or path[0] in self._fixed:
            request.route = self._others.get(request.method, request.route)
            return super().render(request)
        request.route = route.name
        names = {route.variable: path[0].decode()} if path[0] else {}
        request.run(self._serve(route.choice, request, names))
        return NOT_DONE_YET

    async def _serve(self, choice: Choice, request: AwedRequest, names: Mapping[str, str]) -> bytes:
        """Answer a request for one of *choice*: find which, check its right, read its arguments, call its handler."""
        params = params_of(request)
        call, right = _chosen(choice, params)
        granted = await right.grant(self._collection.context, Asked(request, params, names))
        if call is None:
            raise self._no_operation(f"{request.method.decode()} {choice[-1].path}")
        taken = await call.arguments.read(request, params)
        data = await call.handler(self._collection, granted, *[names[name] for name in call.names], **taken)
        return data if isinstance(data, bytes) else await answer(request, self.traits.wrap(data), self._turns)

    async def user_of(self, request: ShortRequest, path: Sequence[bytes]) -> User:
        """The user of a request for *path* in the collection whose body is large and has not arrived yet.

        Raises what would be answered to a user without the right to the call, or if there is no such call.
        """
        assert isinstance(request, AwedRequest)
        url = "/" + b"/".join(path).decode()
        pattern, names = self._app.url_map.bind("").match(url, request.method.decode())
        params = params_of(request)
        _, right = _chosen(self._paths[pattern][request.method.decode()], params)
        if right.everybodys:
            raise TooLarge(f"the body has more than {IN_MEMORY} bytes")
        admit = right.admit or right.grant
        return (await admit(self._collection.context, Asked(request, params, names))).user

    def _no_operation(self, asked: str) -> AwedError:
        text = self.traits.no_operation.get(asked)
        return Unimplemented("Not Implemented") if text is None else Invalid(text)


def _chosen(choice: Choice, params: Params) -> tuple[Declared | None, Right[Any, Any]]:
    """The call that the parameters choose, None if they choose none; and the right to check."""
    if not choice:
        raise MethodNotAllowed(["GET"])  # HEAD, where GET would change something
    for call in choice:
        if not call.flag or call.flag in params:
            return call, call.right
    return None, choice[-1].right


def _failed(request: IRequest, failure: Failure) -> bytes:
    assert isinstance(request, AwedRequest)
    return request.failed(failure)


def by_path(calls: Iterable[Declared]) -> Mapping[str, Mapping[str, Choice]]:
    """The calls by path and method. HEAD has those of GET that change nothing."""
    paths: dict[str, dict[str, list[Declared]]] = defaultdict(lambda: defaultdict(list))
    for call in sorted(calls, key=lambda call: not call.flag):
        for method in call.methods:
            paths[call.path][method].append(call)
    for methods in paths.values():
        if "GET" in methods:
            methods["HEAD"] = [call for call in methods["GET"] if not call.acts]
    return paths
