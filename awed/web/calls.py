"""The calls of a collection, each declared at its handler: how it is asked for, what right it needs, what it takes,
what it answers::

    calls = Calls[Context]()

    @calls("PUT /<job_id>?suspend", to("write", a_job))
    async def suspend(self, call: Call[JobRecord]) -> str:

A call with a flag is chosen if that is among the parameters, the first declared of several, and the call without one
if none is. Where there is none without one, who may make the last is told that there is no such operation. What a
handler returns is the data of the answer; it returns bytes if it has set all headers itself.
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
    """What is asked for: a request, its query, and the names in its path."""

    request: AwedRequest
    params: Params
    names: Mapping[str, str]


class Call(Struct, Generic[T]):
    """A call that may be made: who makes it, and about what."""

    request: AwedRequest
    user: User
    thing: T


class Right(Struct, Generic[X, T], frozen=True):
    """What a call needs. *grant* is given what all resources work with, and raises
    :class:`~awed.model.errors.Unauthorized`, or another error for a thing that is not there. *query*: the parameters
    that it looks at."""

    grant: Callable[[X, Asked], Awaitable[Call[T]]]
    query: tuple[Parameter, ...] = ()


Handler = Callable[Concatenate[Any, Call[T], P], Coroutine[Any, Any, R]]
"""A method. After the call come names in the path, then what it takes."""


class Declared(Struct, frozen=True):
    """One call. *flag*: "" if it needs none. *acts*: it is a GET that changes something, so HEAD must pass it by.
    *names*: of the path, those that the handler takes."""

    methods: tuple[str, ...]
    path: str
    flag: str
    right: Right[Any, Any]
    acts: bool
    handler: Callable[..., Coroutine[Any, Any, Any]]
    arguments: Arguments
    names: tuple[str, ...]


class Calls(Generic[X]):
    """All calls of one collection, an attribute of its class. *inherited*: those of the class that it extends."""

    def __init__(self, inherited: Iterable[Declared] = ()) -> None:
        self._declared = list(inherited)

    def __iter__(self) -> Iterator[Declared]:
        return iter(self._declared)

    def __call__(
        self, route: str, right: Right[X, T], *, acts: bool = False
    ) -> Callable[[Handler[T, P, R]], Handler[T, P, R]]:
        """Declare a call. Raises :class:`TypeError` if the handler does not fit it."""
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
    """The arguments after the call that are not keyword-only, as far as the path has them."""
    for one in list(signature(handler).parameters.values())[2:]:
        if one.name in variables:
            yield one.name
        elif one.kind is not one.KEYWORD_ONLY and one.default is one.empty:
            raise TypeError(f"no {one.name} is in the path")
