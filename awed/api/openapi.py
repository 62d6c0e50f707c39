"""``GET /openapi.json``: the API described in OpenAPI 3.1, made from the routes and the model's types."""

import re
from collections.abc import Iterable, Iterator, Mapping
from inspect import getdoc
from typing import Any

import msgspec
from klein import Klein
from werkzeug.routing import Rule

from awed import __version__
from awed.api.operations import OPERATIONS, Operation, Parameter, Schema
from awed.web.body import AwedRequest
from awed.web.envelope import send_json
from awed.web.errors import new_app

ROOT = "root"
"""The collection that the front page counts as."""

_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
_COMPONENTS = "#/components/schemas/{name}"
_FILE: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
_PAGE_KEYS = ("limit", "offset", "total_count")


class OpenApiResource:
    """The description. *resources*: the classes of all resources, by the name of their collection."""

    app = new_app()

    def __init__(self, resources: Mapping[str, type[Any]]) -> None:
        self._document = msgspec.Raw(msgspec.json.encode(describe(resources)))

    @app.route("/", methods=["GET"])
    def show(self, request: AwedRequest) -> bytes:
        """This description."""
        return send_json(request, self._document)


def describe(resources: Mapping[str, type[Any]]) -> Schema:
    """The OpenAPI document. Raises :class:`KeyError` for a route that :data:`OPERATIONS` does not have."""
    types = _Types(OPERATIONS.values())
    paths: dict[str, Schema] = {}
    for collection, resource in resources.items():
        for path, method, endpoint in _routes(collection, resource.app):
            operation = OPERATIONS[f"{collection}.{endpoint}"]
            summary = getdoc(getattr(resource, endpoint)) or ""
            paths.setdefault(path, {})[method] = {
                "operationId": "_".join([method, *re.findall(r"\w+", path)]),
                "tags": [collection],
                "summary": " ".join(summary.split()),
                "parameters": [*_path_parameters(path), *map(_parameter, operation.query)],
                **_request_body(operation, method, types),
                "responses": _responses(operation, types),
            }
    return {
        "openapi": "3.1.0",
        "info": {"title": "awed, the AWE workflow server", "version": __version__},
        "servers": [{"url": "/"}],
        "paths": paths,
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
    """The schemas of all types of data that there are."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        used = [kind for operation in operations for kind in (*operation.data, operation.body)]
        unique = list({str(kind): kind for kind in used}.values())
        schemas, self.components = msgspec.json.schema_components(unique, ref_template=_COMPONENTS)
        self._schemas = dict(zip(map(str, unique), schemas, strict=True))

    def one_of(self, kinds: tuple[Any, ...]) -> Schema:
        """The schema of data that is of one of these types."""
        schemas = [self._schemas[str(kind)] for kind in kinds]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _routes(collection: str, app: Klein) -> Iterator[tuple[str, str, str]]:
    """Path, method and name of the handler of each route."""
    for rule in app.url_map.iter_rules():
        path = _path(collection, rule)
        for method in sorted(rule.methods or ()):
            if method != "HEAD":
                yield path, method.lower(), rule.endpoint


def _path(collection: str, rule: Rule) -> str:
    base = "" if collection == ROOT else f"/{collection}"
    return base + _VARIABLE.sub(r"{\1}", rule.rule.rstrip("/")) or "/"


def _path_parameters(path: str) -> list[Schema]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _parameter(parameter: Parameter) -> Schema:
    shown = {"name": parameter.name, "in": "query", "description": parameter.about, "schema": parameter.schema}
    return {**shown, "allowEmptyValue": True} if parameter.is_flag else shown


def _request_body(operation: Operation, method: str, types: _Types) -> Schema:
    if operation.form and method != "get":
        form = {"type": "object", "properties": dict.fromkeys(operation.form, _FILE)}
        return {"requestBody": {"content": {"multipart/form-data": {"schema": form}}}}
    if operation.body is not None:
        return {"requestBody": {"content": {"application/json": {"schema": types.one_of((operation.body,))}}}}
    return {}


def _responses(operation: Operation, types: _Types) -> Schema:
    data = types.one_of(operation.data)
    done = data if operation.bare else _envelope(data, {"type": "null"}, operation.page)
    content: Schema = {operation.media: {"schema": done}}
    if operation.file:
        content["application/octet-stream"] = {"schema": _FILE}
    texts = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    refused = {"application/json": {"schema": _envelope({"type": "null"}, texts, page=False)}}
    return {
        "200": {"description": "It is done.", "content": content},
        "default": {"description": "It is not done, and why.", "content": refused},
    }


def _envelope(data: Schema, error: Schema, page: bool) -> Schema:
    keys = {name: {"type": "integer", "minimum": 0} for name in _PAGE_KEYS} if page else {}
    return {
        "type": "object",
        "properties": {"status": {"type": "integer"}, "data": data, "error": error, **keys},
        "required": ["status", "data", "error"],
    }
