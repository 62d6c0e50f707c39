"""The page of the API: all calls, by collection, each with a form to try it, made from the OpenAPI description."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote, urlencode

from twisted.web.template import Tag, tags

from awed.api.context import Context
from awed.api.openapi import describe
from awed.api.rights import may
from awed.model.errors import Invalid, NotFound
from awed.ui.frame import Links, Pages, Screen, meant
from awed.ui.view import query_string
from awed.web.calls import Call, Calls
from awed.web.kinds import Schema
from awed.web.pages import see_other

METHODS = ("get", "post", "put", "delete")

PATH, QUERY, PART, BODY = "path.", "query.", "part.", "body"
"""How the names of the fields of a form begin: variables of the path, parameters, parts of a form; the JSON body."""


class Operation(NamedTuple):
    """An operation of the description. *about*: its part of the document."""

    method: str
    path: str
    about: Schema

    @property
    def id(self) -> str:
        """Its ``operationId``."""
        return str(self.about["operationId"])

    @property
    def collection(self) -> str:
        """The name of its collection."""
        return str(self.about["tags"][0])

    @property
    def content(self) -> Schema:
        """The bodies that it takes, by media type."""
        found: Schema = self.about.get("requestBody", {}).get("content", {})
        return found

    @property
    def parameters(self) -> Sequence[Schema]:
        """Its parameters, in the path and in the query string."""
        found: Sequence[Schema] = self.about["parameters"]
        return found


class ApiPage(Pages):
    """``/ui/api``."""

    calls = Calls[Context]()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._description: Schema = {}

    @calls("GET /api", may("read"))
    async def api(self, call: Call[None], *, of: Annotated[str, "The name of the collection."] = "job") -> bytes:
        """The calls of a collection."""
        found, links = await self._operations(), Links(call.request)
        shown = [one for one in found if one.collection == of]
        if not shown:
            raise NotFound(f"there is no collection {of}")
        whole = tags.a("openapi.json", href=links.api("openapi.json"))
        title = tags.div(tags.h1("API"), tags.span("described in ", whole, class_="done"), class_="head")
        base = self.context.hosts.base(call.request)
        each = self.context.turns.paced(self._operation(call, one, base, links) for one in shown)
        content = [title, _collections(found, of, links), _token(), tags.div(each, id="calls")]
        return await self.show(call, Screen(f"API: {of}", content, here="API"))

    @calls("POST /api", meant(may("read")))
    async def tried(self, call: Call[None]) -> bytes:
        """Redirect to the address that a form of a GET call makes; for browsers without scripts."""
        fields = {part.name: part.text() for part in (await call.request.form()).parts}
        found = next((one for one in await self._operations() if one.id == fields.get("call")), None)
        if found is None or found.method != "get":
            raise Invalid("Without scripts only calls with GET can be tried.")
        return see_other(call.request, Links(call.request).api(_address(found, fields)))

    async def _operations(self) -> list[Operation]:
        if not self._description:
            self._description = await self.context.in_thread(describe, self.context.collections)
        return [
            Operation(method, path, operations[method])
            for path, operations in self._description["paths"].items()
            for method in METHODS
            if method in operations
        ]

    def _operation(self, call: Call[None], one: Operation, base: str, links: Links) -> Tag:
        method, is_get = one.method.upper(), one.method == "get"
        sure = {"data-sure": f"{method} {one.path}: this cannot be undone. Do it?"} if one.method == "delete" else {}
        button = tags.button("Try", type="submit", class_="main" if is_get else "main js-only", **sure)
        form = self.form(
            call,
            links("api"),
            tags.input(type="hidden", name="call", value=one.id),
            *_fields(one, self._description["components"]["schemas"]),
            tags.div(tags.code(_curl(one, base), class_="curl"), button, class_="buttons"),
            **{"data-try": method, "data-path": one.path, "data-api": links.api(""), "data-base": base},
        )
        head = tags.summary(
            tags.b(method, class_=f"method m-{one.method}"),
            tags.code(one.path),
            tags.span(_plain(one.about["summary"])),
        )
        answer = tags.div(class_="answer", **{"data-answer": "", "aria-live": "polite"})
        return tags.details(head, form, answer, class_="card call", id=one.id)


def _address(one: Operation, fields: Mapping[str, str]) -> str:
    """The path and query string, relative to the root, of a call with the *fields* of its form.

    Raises :class:`~awed.model.errors.Invalid` if a variable of the path is empty.
    """
    path, query = one.path, dict[str, str]()
    for parameter in one.parameters:
        name, where = parameter["name"], parameter["in"]
        value = fields.get(f"{where}.{name}", "")
        if where == "path":
            if not value.strip("."):
                raise Invalid(f"{name} must be given, as it is a part of the path {one.path}")
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        elif value:
            query[name] = "" if parameter.get("allowEmptyValue") else value
    return path.lstrip("/") + (f"?{urlencode(query)}" if query else "")


def _collections(found: Sequence[Operation], of: str, links: Links) -> Tag:
    names = dict.fromkeys(one.collection for one in found)
    shown = [
        tags.a(
            name,
            tags.b(str(sum(one.collection == name for one in found))),
            href=links("api") + query_string({"of": name}),
            **({"aria-current": "true"} if name == of else {}),
        )
        for name in names
    ]
    return tags.nav(*shown, class_="chips", **{"aria-label": "Collections"})


def _token() -> Tag:
    field = tags.input(
        type="password", id="authorization", autocomplete="off", placeholder="as who is logged in here"
    )
    return tags.p(tags.label("Authorization ", field), class_="js-only token")


def _fields(one: Operation, schemas: Schema) -> Iterator[Tag]:
    rows = [_row(parameter) for parameter in one.parameters]
    parts = one.content.get("multipart/form-data", {}).get("schema", {}).get("properties", {})
    rows += [
        tags.tr(
            tags.th(name, scope="row"),
            tags.td(tags.input(type="file", name=PART + name, class_="js-only", **{"aria-label": name})),
            tags.td(_plain(part.get("description", "")), tags.small("a part of the form")),
        )
        for name, part in parts.items()
    ]
    if rows:
        yield tags.div(tags.table(tags.tbody(*rows), class_="parameters"), class_="scroll")
    if body := one.content.get("application/json"):
        yield tags.label("The body, JSON", tags.textarea(name=BODY, rows="6", spellcheck="false", class_="js-only"))
        yield tags.details(tags.summary("What it may hold"), tags.pre(_schema(body["schema"], schemas), tabindex="0"))


def _row(parameter: Schema) -> Tag:
    name, schema = parameter["name"], parameter["schema"]
    told = [f"one of {', '.join(schema['enum'])}" if "enum" in schema else schema["type"]]
    if "default" in schema:
        told.append(f"{schema['default']} if absent")
    if parameter.get("allowEmptyValue"):
        told = ["a flag"]
    note = tags.small("; ".join(told if parameter["in"] == "query" else ["a part of the path"]))
    return tags.tr(
        tags.th(name, scope="row"),
        tags.td(_field(parameter)),
        tags.td(_plain(parameter.get("description", "")), note),
    )


def _field(parameter: Schema) -> Tag:
    where, name, schema = parameter["in"], parameter["name"], parameter["schema"]
    named = {"name": f"{where}.{name}", "aria-label": name}
    if parameter.get("allowEmptyValue"):
        return tags.input(type="checkbox", value="1", **named)
    if "enum" in schema:
        options = [tags.option(value, value=value) for value in ("", *schema["enum"])]
        return tags.select(*options, **named)
    required = {"required": "required"} if where == "path" else {}
    return tags.input(spellcheck="false", autocomplete="off", **named, **required)


def _plain(text: str) -> str:
    """A description, without the marks of code in it."""
    return text.replace("``", "")


def _schema(schema: Schema, schemas: Schema) -> str:
    """*schema* as a text, with the named schemas to which it refers."""
    shown: dict[str, Any] = {}
    text = json.dumps(schema, indent=2)
    left = [text]
    while left:
        for name in schemas:
            if f'/{name}"' in left[0] and name not in shown:
                shown[name] = json.dumps(schemas[name], indent=2)
                left.append(shown[name])
        del left[0]
    return "\n\n".join([text, *(f"{name}: {told}" for name, told in shown.items())])


def _curl(one: Operation, base: str) -> str:
    method = "" if one.method == "get" else f"-X {one.method.upper()} "
    return f"curl {method}'{base}{one.path}'"
