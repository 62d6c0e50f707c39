"""``GET /openapi.json``: the description of the API in OpenAPI 3.1, made from the declared calls and their types."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from inspect import getdoc
from types import UnionType
from typing import Annotated, Any, NoReturn, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import replace

from awed import __version__
from awed.api.context import Context, Resource
from awed.api.rights import ANYONE
from awed.model.remarks import Remark
from awed.web.arguments import Parameter
from awed.web.calls import Call, Calls, Declared
from awed.web.envelope import send_json
from awed.web.kinds import FLAG, Schema
from awed.web.routes import Choice, by_path
from awed.web.traits import Traits, bare
from awed.wire.envelope import Envelope, Warned

ROOT = "root"
"""The name of the collection that is the front page."""

_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
_FILE: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}


class OpenApiResource(Resource):
    """The description of the API."""

    calls = Calls[Context]()
    is_listed = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._document = msgspec.Raw()

    @calls("GET /", ANYONE)
    async def show(self, call: Call[None]) -> bytes:
        """This description."""
        if not self._document:
            self._document = await self.context.in_thread(_encoded, self.context.collections)
        return send_json(call.request, self._document)


def _encoded(collections: Mapping[str, type[Resource]]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(describe(collections)))


def describe(collections: Mapping[str, type[Resource]]) -> Schema:
    """The OpenAPI document.

    All calls with the same method and path are one operation. Calls whose handlers never return, or return bytes of
    an undeclared type, are left out.
    """
    types = _Types()
    paths: defaultdict[str, Schema] = defaultdict(dict)
    for name, collection in collections.items():
        base = "" if name == ROOT else f"/{name}"
        for pattern, methods in by_path(call for call in collection.calls if _answers(call)).items():
            path = base + _VARIABLE.sub(r"{\1}", pattern.rstrip("/")) or "/"
            for method in (method for method in methods if method != "HEAD"):
                operation = _operation(path, method.lower(), methods[method], collection.traits, types)
                paths[path][method.lower()] = {"tags": [name], **operation}
    return {
        "openapi": "3.1.0",
        "info": {"title": "awed, the AWE workflow server", "version": __version__},
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {"schemas": types.components, "securitySchemes": _SECURITY},
        "security": [{}, {"token": []}],
    }


_SECURITY: Schema = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "A word and a token: of a user, of an identity server, or of a client group (CG_TOKEN).",
    }
}


class _Types:
    """Makes the schemas of types. Those of named types are collected in *components*."""

    def __init__(self) -> None:
        self.components: Schema = {}

    def one_of(self, kinds: Iterable[Any]) -> Schema:
        """The schema of data that has one of these types.

        Raises :class:`TypeError` if one is called as another type, as both are known by their names.
        """
        found, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
        made: Schema = msgspec.json.decode(msgspec.json.encode(components))  # defaults may be tuples
        if twice := [name for name, schema in made.items() if self.components.get(name, schema) != schema]:
            raise TypeError(f"two types of answers have one name: {', '.join(twice)}")
        self.components |= made
        unique = [schema for number, schema in enumerate(found) if schema not in found[:number]]
        return unique[0] if len(unique) == 1 else {"anyOf": unique}


def _operation(path: str, method: str, calls: Choice, traits: Traits, types: _Types) -> Schema:
    names = re.findall(r"{(\w+)}", path)
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    plain = [call for call in calls if not call.flag]
    return {
        "operationId": "_".join([method, *re.findall(r"\w+", path)]),
        "summary": " ".join(map(_about, plain or calls)),
        "parameters": [*in_path, *map(_parameter, _parameters(calls))],
        **(_request_body(calls, types) if method != "get" else {}),
        "responses": _responses(path, [*plain, *calls], traits, types),
    }


def _about(call: Declared) -> str:
    return " ".join((getdoc(call.handler) or "").split())


def _answers(call: Declared) -> Sequence[Any]:
    """The types that a call may answer with; none if its handler does not declare them."""
    answer = get_type_hints(call.handler, include_extras=True)["return"]
    arms = get_args(answer) if get_origin(answer) in (Union, UnionType) else (answer,)
    return [] if answer in (bytes, NoReturn) else arms


def _parameters(calls: Choice) -> Iterable[Parameter]:
    """The parameters of all *calls*, each once. A flag is described by the docstring of its call."""
    found: dict[str, Parameter] = {}
    for call in calls:
        flag = [Parameter(call.flag, _about(call), FLAG)] if call.flag else []
        for one in (*call.right.query, *call.arguments.parameters, *flag):
            found.setdefault(one.name, one if one.about else replace(one, about=_about(call)))
    return found.values()


def _parameter(parameter: Parameter) -> Schema:
    default = parameter.default
    schema = parameter.kind.schema | ({"default": default} if default or type(default) is int else {})
    shown = {"name": parameter.name, "in": "query", "description": parameter.about, "schema": schema}
    return {**shown, "allowEmptyValue": True} if parameter.kind.is_flag else shown


def _request_body(calls: Choice, types: _Types) -> Schema:
    content: Schema = {}
    if parts := [part for call in calls for part in call.arguments.parts]:
        properties = {part.name: _FILE | ({"description": part.about} if part.about else {}) for part in parts}
        content["multipart/form-data"] = {"schema": {"type": "object", "properties": properties}}
    if bodies := [call.arguments.body.type for call in calls if call.arguments.body]:
        content["application/json"] = {"schema": types.one_of(bodies)}
    return {"requestBody": {"content": content}} if content else {}


def _responses(path: str, calls: Choice, traits: Traits, types: _Types) -> Schema:
    answers = [answer for call in calls for answer in _answers(call)]
    wrapped = [answer for answer in answers if _is_envelope(get_origin(answer))]
    plain = [answer for answer in answers if get_origin(answer) is not Annotated and answer not in wrapped]
    keys: Schema = {}
    for origin in {get_origin(answer) for answer in wrapped}:
        kind = types.one_of([list[Remark]]) if origin is Warned else {"type": "integer", "minimum": 0}
        keys |= {name: kind for name in origin.__struct_fields__ if name not in Envelope.__struct_fields__}
    content: Schema = {}
    if data := [*(get_args(answer)[0] for answer in wrapped), *plain]:
        schema = types.one_of(data)
        done = schema if traits.wrap is bare else _envelope(schema, {"type": "null"}, keys)
        content["application/json"] = {"schema": done}
    for media in (answer.__metadata__[0] for answer in answers if get_origin(answer) is Annotated):
        content[media] = {"schema": {"type": "string", "contentMediaType": media}}
    refused = {"application/json": {"schema": _refusal(path, traits, types)}}
    return {
        "200": {"description": "It is done.", "content": content},
        "default": {"description": "It is not done, and why.", "content": refused},
    }


def _refusal(path: str, traits: Traits, types: _Types) -> Schema:
    for begin, error in traits.error_types.items():
        if path.startswith(begin):
            return types.one_of([error])
    texts = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    return _envelope({"type": "null"}, texts, {})


def _is_envelope(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Envelope)


def _envelope(data: Schema, error: Schema, keys: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"status": {"type": "integer"}, "data": data, "error": error, **keys},
        "required": ["status", "data", "error"],
    }
