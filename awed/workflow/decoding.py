"""Decoding of JSON into typed values, with all values of a wrong type reported by their places.

msgspec decodes a document of the right types in one go, and reports just the first fault of another. Such a document
is walked value by value. On that walk null means "not given": programs in Go send it for empty lists and maps.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from awed.model.errors import Invalid
from awed.wire.json import plain
from awed.workflow.faults import Faults, Place, walk

Document = TypeVar("Document", bound=Struct)
T = TypeVar("T")

_MISFIT = object()

PIECE = 1 << 20
"""Bytes of a document that are searched, or decoded, in one call. A call that takes long holds the interpreter, and
with it the reactor."""

FREED = 1000
"""Tasks of a document that are freed within a millisecond."""

_NUL = rb"\u0000"

_NAMES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    NoneType: "null",
    datetime: "time (such as 2026-11-23T20:41:15Z)",
}


def decode(body: bytes, kind: type[Document], faults: Faults) -> Document:
    """Decode *body* as a *kind*, all fields of which must have defaults.

    Values of a wrong type are noted in *faults* and left out. Raises :class:`~awed.model.errors.Invalid` for
    malformed JSON.
    """
    if any(body.find(_NUL, first, first + PIECE + len(_NUL) - 1) >= 0 for first in range(0, len(body), PIECE)):
        with parsed(body) as document:
            _note_nuls(document, faults)
    try:
        return parse_as(body, kind)
    except msgspec.ValidationError:
        with parsed(body) as document:
            fitting = _fitting(document, kind, (), faults)
        return msgspec.convert({} if fitting is _MISFIT else fitting, kind)


def _note_nuls(document: Any, faults: Faults) -> None:
    """Note NUL characters, which are refused everywhere, as commands, file names and databases cannot hold them."""
    for place, value in walk(document, ()):
        if isinstance(value, str) and "\0" in value:
            faults.at(place, "contains a NUL character")
        elif place and "\0" in str(place[-1]):
            faults.at(place[:-1], "a name contains a NUL character")


def _fitting(value: Any, kind: Any, place: Place, faults: Faults) -> Any:
    """*value* without nulls and without values of a wrong type, which are noted; ``_MISFIT`` if it is one itself."""
    for arm in arms(kind):
        if isinstance(value, dict) and is_struct(arm):
            return dict(_fitting_fields(value, arm, place, faults))
        if isinstance(value, dict) and get_origin(arm) is dict:
            return dict(_fitting_entries(value, get_args(arm)[1], place, faults))
        if isinstance(value, list) and get_origin(arm) is list:
            return list(_fitting_items(value, get_args(arm)[0], place, faults))
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        faults.misfit(place, _expected(kind), _NAMES[type(value)])
        return _MISFIT
    return value


def _fitting_fields(value: dict[str, Any], kind: Any, place: Place, faults: Faults) -> Iterator[tuple[str, Any]]:
    kinds = field_kinds(kind)
    for name, item in value.items():
        if name in kinds and item is not None:
            fitting = _fitting(item, kinds[name], (*place, name), faults)
            if fitting is not _MISFIT:
                yield name, fitting


def _fitting_entries(value: dict[str, Any], kind: Any, place: Place, faults: Faults) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if kind is not Any and item is None:
            fitting: Any = {} if is_struct(kind) else _MISFIT
        else:
            fitting = _fitting(item, kind, (*place, name), faults)
        if fitting is not _MISFIT:
            yield name, fitting


def _fitting_items(value: list[Any], kind: Any, place: Place, faults: Faults) -> Iterator[Any]:
    for number, item in enumerate(value):
        fitting = _fitting(item, kind, (*place, number), faults)
        if fitting is not _MISFIT:
            yield fitting
        elif is_struct(kind):
            yield {}  # so that the items after it keep their numbers


def arms(kind: Any) -> tuple[Any, ...]:
    """The types of the union *kind*; *kind* alone if it is no union."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def is_struct(kind: Any) -> bool:
    """Whether the type *kind* is a Struct."""
    return isinstance(kind, type) and issubclass(kind, Struct)


@cache
def field_kinds(kind: type[Struct]) -> dict[str, Any]:
    """The types of a Struct's fields, by their names in a document."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _expected(kind: Any) -> str:
    return " or ".join(name for arm in arms(kind) if (name := _expected_arm(arm)))


def _expected_arm(arm: Any) -> str:
    return "object" if is_struct(arm) else _NAMES.get(get_origin(arm) or arm, "")


@contextmanager
def parsed(body: bytes) -> Iterator[Any]:
    """*body*, decoded as JSON, which is let go of afterwards.

    Raises :class:`~awed.model.errors.Invalid`, with line and column if possible.
    """
    document = _parse(body)
    yield document
    for part in document.values() if isinstance(document, dict) else ():
        if isinstance(part, list):
            let_go(part)


def let_go(items: list[Any]) -> None:
    """Free *items*, some at a time: to free very many in one step would hold the interpreter."""
    while items:
        del items[-FREED:]


def _parse(body: bytes) -> Any:
    try:
        return _in_steps(plain(body).lstrip(b" \t\r\n"), 2)
    except (ValueError, RecursionError):
        pass  # what is wrong, and where in the whole, the one call says that decodes it
    try:
        return parse_as(body, Any)
    except msgspec.ValidationError:  # msgspec does not say where
        raise Invalid("malformed JSON: number out of range") from None


def _in_steps(text: bytes | Raw, levels: int) -> Any:
    """The JSON *text* decoded: of a large object or list each item by itself, and of such an item again, in so many
    *levels*."""
    view = memoryview(text)
    if levels and view.nbytes > PIECE:
        if view[0] == ord("{"):
            members = msgspec.json.decode(text, type=dict[str, Raw])
            return {name: _in_steps(item, levels - 1) for name, item in members.items()}
        if view[0] == ord("["):
            return [_in_steps(item, levels - 1) for item in msgspec.json.decode(text, type=list[Raw])]
    return msgspec.json.decode(text)


def parse_as(body: bytes, kind: type[T]) -> T:
    """Decode *body* as a *kind*.

    Raises :class:`~awed.model.errors.Invalid` for malformed JSON, :class:`msgspec.ValidationError` for a wrong type.
    """
    body = plain(body)
    try:
        if not body.isascii():
            body.decode()  # msgspec does not check the texts of keys and values that it skips
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise
    except UnicodeDecodeError as error:
        raise _malformed(body, error.start, "invalid UTF-8") from None
    except RecursionError:
        raise Invalid("malformed JSON: nested too deeply") from None
    except msgspec.DecodeError as error:
        raise _malformed(body, *_position(str(error), body)) from None


_ESCAPE = re.compile(rb"\\(?:u(d[89ab]..)(?!\\ud[c-f]..)|.)", re.IGNORECASE)
"""An escape in a text, with a group if it is the first half of a pair of surrogates without the second."""


def _position(message: str, body: bytes) -> tuple[int, str]:
    """The byte and the reason that a message of msgspec names.

    If it names none something lacks: half a pair of surrogates, or the end of the body.
    """
    match = re.fullmatch(r"(?:JSON is malformed: )?(.*) \(byte (\d+)\)", message, re.DOTALL)
    if match:
        return int(match[2]), match[1]
    for escape in _ESCAPE.finditer(body):
        if escape[1]:
            return escape.start(), "invalid utf-16 surrogate pair"
    return len(body), "unexpected end"


def _malformed(body: bytes, position: int, reason: str) -> Invalid:
    before = body[:position].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Invalid(f"malformed JSON: {reason} (line {line}, column {column})")
