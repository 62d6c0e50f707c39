"""The calls of a collection, declared at their handlers: route, right, arguments and type of the answer::

    calls = Calls[Context]()

    @calls("PUT /<job_id>?suspend", to("write", a_job))
    async def suspend(self, call: Call[JobRecord]) -> str:

Among the calls with the same method and path, that one is made whose flag is among the parameters: the first declared
if there are several, the call without a flag if there is none. If there is no such call either, the request is
refused as an unknown operation, after the right of the last declared call has been checked. A handler returns the
data of the answer, or bytes if it has set all headers itself.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from inspect import signature
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from msgspec import Struct

from awed.model.access import User
from awed.web.arguments import Arguments, Parameter, arguments_of
from awed.web.body import AwedRequest
from awed.web.params import Params

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
X = TypeVar("X")

_ROUTE = re.compile(r"([A-Z]+(?:\|[A-Z]+)*) (/[^?]*)(?:\?(\w+))?")
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")


class Asked(Struct):
    """A request, with the parameters of its query and the values of the variables in its path (*names*)."""

    request: AwedRequest
    params: Params
    names: Mapping[str, str]


class Call(Struct, Generic[T]):
    """A call whose right is granted: the request, its user, and the thing that it is about."""

    request: AwedRequest
    user: User
    thing: T


class Right(Struct, Generic[X, T], frozen=True):
    """The right that a call needs.

    *grant* checks it. It is called with the context of the collection, and raises
    :class:`~awed.model.errors.Unauthorized`, or another error if the thing does not exist. *query*: the parameters
    that it uses. *everybodys*: whether it asks for no authentication; then only short bodies are taken. *admit*: what
    is checked in place of *grant* before a large body is read, if *grant* needs the body.
    """

    grant: Callable[[X, Asked], Awaitable[Call[T]]]
    query: tuple[Parameter, ...] = ()
    everybodys: bool = False
    admit: Callable[[X, Asked], Awaitable[Call[T]]] | None = None


Handler = Callable[Concatenate[Any, Call[T], P], Coroutine[Any, Any, R]]
"""A method whose arguments are the call, then variables of the path, then keyword arguments."""


class Declared(Struct, frozen=True):
    """A declared call.

    *flag*: the parameter by which it is chosen, "" if there is none. *acts*: whether it is a GET that changes
    something, which HEAD must not make. *names*: the variables in the path that the handler takes.
    """

    methods: tuple[str, ...]
    path: str
    flag: str
    right: Right[Any, Any]
    acts: bool
    handler: Callable[..., Coroutine[Any, Any, Any]]
    arguments: Arguments
    names: tuple[str, ...]


class Calls(Generic[X]):
    """The calls of a collection, an attribute of its class. *inherited*: those of a base class."""

    def __init__(self, inherited: Iterable[Declared] = ()) -> None:
        self._declared = list(inherited)

    def __iter__(self) -> Iterator[Declared]:
        return iter(self._declared)

    def __call__(
        self, route: str, right: Right[X, T], *, acts: bool = False
    ) -> Callable[[Handler[T, P, R]], Handler[T, P, R]]:
        """Decorator that declares a call. Raises :class:`TypeError` if the handler does not fit the route."""
        match = _ROUTE.fullmatch(route)
        if match is None:
            raise TypeError(f"not a route: {route}")
        methods, path, flag = match.groups()

        def declare(handler: Handler[T, P, R]) -> Handler[T, P, R]:
            arguments = arguments_of(handler, flag)
            if any(not one.about and one.name != flag for one in arguments.parameters):
                raise TypeError(f"{route}: a parameter is not described")
            declared = Declared(
                methods=tuple(methods.split("|")),
                path=path,
                flag=flag or "",
                right=right,
                acts=acts,
                handler=handler,
                arguments=arguments,
                names=tuple(_names(handler, _VARIABLE.findall(path))),
            )
            self._declared.append(declared)
            return handler

        return declare


def _names(handler: Callable[..., Any], variables: Collection[str]) -> Iterator[str]:
    """The positional arguments of *handler* after ``self`` and the call, which must be *variables* of the path."""
    for one in list(signature(handler).parameters.values())[2:]:
        if one.name in variables:
            yield one.name
        elif one.kind is not one.KEYWORD_ONLY and one.default is one.empty:
            raise TypeError(f"no {one.name} is in the path")
