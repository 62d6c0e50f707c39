"""``awed-fields``: the fields of a type, as a document has them.

Names, types and defaults are the code's; what a field is for stands in the directive's body: ``name: text`` on a
line, further lines of it indented. A field that is not there or not told of is an error of the build.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from docutils.parsers.rst.directives import unchanged
from msgspec import NODEFAULT, UNSET, Struct, UnsetType
from msgspec.structs import FieldInfo

import awed.workflow.document as documents
from awed.model.job import NO_NODE
from awed.model.times import NO_TIME
from fromcode.text import FromCode, code, table

_WORDS: dict[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    Any: "anything",
    datetime: "time",
}


class Fields(FromCode):
    """Argument: a type of ``awed.workflow.document``. Option ``beyond``: one whose fields are told of elsewhere."""

    required_arguments = 1
    has_content = True
    option_spec = {"beyond": unchanged}

    def text(self) -> Iterator[str]:
        fields = _fields(self.arguments[0])
        for name in _fields(self.options["beyond"]) if "beyond" in self.options else ():
            fields.pop(name)
        told = dict(_told(self.content))
        if odd := told.keys() ^ fields.keys():
            raise self.error(f"{self.arguments[0]}: not told of, or not there: {', '.join(sorted(odd))}")
        rows = ((*_row(fields[name]), about) for name, about in told.items())
        yield table(("Field", "Type", "Default", "What it is"), rows, (3, 4, 2, 11))


def _fields(name: str) -> dict[str, FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(getattr(documents, name))}


def _row(field: FieldInfo) -> tuple[str, ...]:
    return code(field.encode_name), _type(field.type), code(_default(field))


def _told(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for entry in re.split(r"\n(?=\S)", "\n".join(lines)):
        name, _, about = entry.partition(":")
        yield name, " ".join(about.split())


def _type(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(filter(None, map(_type, get_args(kind))))
    if get_origin(kind) is list:
        return f"list of {_type(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"map to {_type(get_args(kind)[1])}"
    if isinstance(kind, type) and issubclass(kind, Struct):
        return "object"
    return "" if kind in (UnsetType, NoneType) else _WORDS[kind]


def _default(field: FieldInfo) -> str:
    if field.default_factory is not NODEFAULT or field.default in (UNSET, "", NO_TIME, NO_NODE, None):
        return ""
    return msgspec.json.encode(field.default).decode()
