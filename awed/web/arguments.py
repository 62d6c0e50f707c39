"""The arguments that a handler takes from a request, declared as its keyword-only arguments. Requests are read, and
the description of the API is made, by these declarations::

    async def delete(self, call: Call[JobRecord], *, full: Annotated[bool, "Remove files as well."] = False) -> str:

An argument is a parameter of the query string, except these types: ``Part | None`` is a part of the form; ``Form``
the whole form (annotated with the names of its parts); ``bytes`` the body (annotated with a :class:`Body`);
:data:`Rest` all parameters that are not declared; a Struct stands for its fields. The :class:`~awed.web.kinds.Kind`
of a parameter follows from its type, unless one is given before the description. An underscore at the end of a name
is left off in the request.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import signature
from types import NoneType
from typing import Annotated, Any, NewType, get_args, get_origin, get_type_hints

from msgspec import Struct

from awed.web.body import AwedRequest
from awed.web.form import Form, Part
from awed.web.kinds import Kind, kind_of
from awed.web.params import Params

Rest = NewType("Rest", Params)
"""All parameters that the call does not declare."""


class Body(Struct, frozen=True):
    """A body that is no form: JSON of this *type*, at most *limit* bytes."""

    limit: int
    type: Any


class Parameter(Struct, frozen=True):
    """A parameter of the query string. *about*: its description; "" for a flag, which the call describes."""

    name: str
    about: str
    kind: Kind[Any]
    default: Any = None


class FormPart(Struct, frozen=True):
    """A part of the form."""

    name: str
    about: str = ""


class Arguments:
    """The arguments of a handler, or the fields of a Struct.

    *body*: the declaration of the body, None if it is not taken. *flag*: name of the parameter by which the call is
    chosen.
    """

    def __init__(self, fields: Iterable[tuple[str, Any, Any]], flag: str | None = None) -> None:
        """*fields*: name, type and default of each. Raises :class:`TypeError` for an unsupported type."""
        self._flag = flag
        self.parameters: list[Parameter] = []
        self.parts: list[FormPart] = []
        self.body: Body | None = None
        self._body_name = ""
        self._defaults: dict[str, Any] = {}
        """Of the parameters, by the names of their arguments."""
        self._reads: dict[str, tuple[str, Callable[[str, Sequence[str]], Any]]] = {}
        """By parameter, the name of the argument, and the function that reads it."""
        self._take: dict[str, Callable[[Params, Form | None], Any]] = {}
        """Functions that take all other arguments from the query and the form."""
        for keyword, annotated, default in fields:
            hint, *more = get_args(annotated) if get_origin(annotated) is Annotated else (annotated,)
            name = keyword.removesuffix("_")
            if hint is bytes:
                self._body_name, (self.body,) = keyword, more
            elif taker := self._taker(name, hint, more):
                self._take[keyword] = taker
            else:
                kind = more[0] if more and isinstance(more[0], Kind) else kind_of(hint)
                about = "".join(one for one in more if one is not kind)
                self.parameters.append(Parameter(name, about, kind, default))
                self._defaults[keyword], self._reads[name] = default, (keyword, kind.read)

    def _taker(self, name: str, hint: Any, more: Sequence[Any]) -> Callable[[Params, Form | None], Any] | None:
        """The function that takes an argument, whose declaration it notes; None for a parameter."""
        if hint is Rest:
            return self._rest
        if hint is Form:
            self.parts += map(FormPart, *more)
            return lambda params, form: form
        if set(get_args(hint)) == {Part, NoneType}:
            self.parts.append(FormPart(name, *more))
            return lambda params, form: None if form is None else form.get(name)
        if isinstance(hint, type) and issubclass(hint, Struct):
            group = Arguments(_fields(hint))
            self.parameters += group.parameters
            self.parts += group.parts
            return lambda params, form: hint(**group.values(params, form))
        return None

    def _rest(self, params: Params, form: Form | None) -> Params:
        known = {self._flag, *(parameter.name for parameter in self.parameters)}
        return {name: texts for name, texts in params.items() if name not in known}

    async def read(self, request: AwedRequest, params: Params) -> dict[str, Any]:
        """The arguments of *request*, by name.

        Raises :class:`~awed.model.errors.Invalid`, and :class:`~awed.model.errors.TooLarge` for the body.
        """
        values = self.values(params, await request.form() if self.parts else None)
        if self.body is not None:
            values[self._body_name] = await request.body(self.body.limit)
        return values

    def values(self, params: Params, form: Form | None = None) -> dict[str, Any]:
        """The arguments but the body, by name. Raises :class:`~awed.model.errors.Invalid`."""
        values = self._defaults.copy()
        for name, texts in params.items():
            if name in self._reads:
                keyword, read = self._reads[name]
                values[keyword] = read(name, texts)
        for keyword, take in self._take.items():
            values[keyword] = take(params, form)
        return values


def arguments_of(handler: Callable[..., Any], flag: str | None = None) -> Arguments:
    """The arguments that *handler* declares.

    *flag*: name of the parameter by which the call is chosen. Raises :class:`TypeError` for a type that no argument
    can have.
    """
    hints = get_type_hints(handler, include_extras=True)
    declared = [one for one in signature(handler).parameters.values() if one.kind is one.KEYWORD_ONLY]
    defaults = {one.name: None if one.default is one.empty else one.default for one in declared}
    return Arguments(((name, hints[name], default) for name, default in defaults.items()), flag)


def _fields(group: type[Struct]) -> Iterator[tuple[str, Any, Any]]:
    hints, default = get_type_hints(group, include_extras=True), group()
    return ((name, hints[name], getattr(default, name)) for name in group.__struct_fields__)
