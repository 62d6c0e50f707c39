"""``awed-calls``: every call of the REST API, from the text of ``GET /openapi.json``."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from awed.api.assembly import RESOURCES
from awed.api.openapi import describe
from fromcode.text import FromCode, code, escaped, heading, table

Schema = Mapping[str, Any]


class Calls(FromCode):
    """Collections and their calls, then the types of data."""

    def text(self) -> Iterator[str]:
        description = describe(RESOURCES)
        for collection, paths in groupby(description["paths"].items(), lambda item: _collection(item[0])):
            yield heading(collection)
            for path, operations in paths:
                for method, operation in operations.items():
                    yield from _call(f"{method.upper()} {path}", operation)
        yield heading("Types of data")
        for name, schema in description["components"]["schemas"].items():
            yield from _data(name, schema)


def _collection(path: str) -> str:
    return "/" + path.split("/")[1]


def _call(title: str, operation: Schema) -> Iterator[str]:
    yield heading(title, "~")
    yield escaped(operation["summary"])
    if parameters := [parameter for parameter in operation["parameters"] if parameter["in"] == "query"]:
        yield table(("Parameter", "Value", "Meaning"), map(_parameter, parameters), (3, 5, 10))
    yield from (_body(*form) for form in operation.get("requestBody", {}).get("content", {}).items())
    answers = operation["responses"]["200"]["content"].items()
    yield f"Answer: {' or '.join(_answer(*answer) for answer in answers)}."


def _body(media: str, content: Schema) -> str:
    schema = content["schema"]
    if media == "multipart/form-data":
        return f"Parts of the form: {', '.join(map(code, schema['properties']))}."
    return f"Body: {_type(schema)}, as JSON."


def _answer(media: str, content: Schema) -> str:
    schema = content["schema"]
    if media == "application/json":
        return _type(schema.get("properties", {}).get("data", schema))
    return "text" if media == "text/plain" else "the bytes of a file"


def _parameter(parameter: Schema) -> tuple[str, str, str]:
    value = "a flag, without a value" if parameter.get("allowEmptyValue") else _type(parameter["schema"])
    return code(parameter["name"]), value, escaped(parameter["description"])


def _data(name: str, schema: Schema) -> Iterator[str]:
    yield f".. _data-{name.lower()}:"
    yield heading(name, "~")
    if about := schema.get("description"):
        yield escaped(about)
    if properties := schema.get("properties"):
        rows = ((code(field), _type(kind)) for field, kind in properties.items())
        yield table(("Field", "Type"), rows, (1, 3))
    else:
        yield f"{_type(schema)}."


def _type(schema: Schema) -> str:
    """What values there are."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f":ref:`{name} <data-{name.lower()}>`"
    if arms := schema.get("anyOf"):
        return " or ".join(map(_type, arms))
    if words := schema.get("enum"):
        return ", ".join(code(word) for word in words)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if inner := schema.get("additionalProperties"):
        return f"map to {_type(inner)}"
    return f"{schema.get('type', 'anything')}{_range(schema)}"


def _range(schema: Schema) -> str:
    return f" (default {code(schema['default'])})" if schema.get("default", "") != "" else ""
