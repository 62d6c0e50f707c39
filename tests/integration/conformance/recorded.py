"""The recorded exchanges of the original, and what it means to answer like it."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

FOLDER = Path(__file__).parents[2] / "data" / "exchanges"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( \+0000 UTC)?( m=\+[0-9.]+)?(Z|\+00:00)?")
_HOST = re.compile(r"http://[0-9a-z.]+:[0-9]+")
_NO_TIME = "0001-01-01T00:00:00Z"


class Part(Struct):
    """One part of a form."""

    name: str
    filename: str | None
    content: str


class Request(Struct):
    method: str
    path: str
    query: str
    headers: dict[str, str]
    parts: list[Part] | None
    body: str | None


class Response(Struct):
    status: int
    content_type: str
    headers: dict[str, str]
    body: Any


class Exchange(Struct):
    """One request and its answer, as they went over the wire."""

    name: str
    request: Request
    response: Response


def recorded(name: str, version: str = "v0.9.51") -> Exchange:
    """The exchange of that name."""
    return msgspec.json.decode((FOLDER / version / f"{name}.json").read_bytes(), type=Exchange)


def document(name: str, version: str = "v0.9.51") -> dict[str, Any]:
    """The JSON document that was sent in the first part of the exchange of that name."""
    parts = recorded(name, version).request.parts
    assert parts
    found: dict[str, Any] = msgspec.json.decode(parts[0].content)
    return found


def masked(text: str) -> str:
    """*text* without what differs from run to run: ids, times, ports."""
    if text == _NO_TIME:
        return text
    return _HOST.sub("<host>", _TIME.sub("<time>", _UUID.sub("<id>", text)))


def differences(ours: Any, theirs: Any, but: Collection[str] = (), where: str = "") -> list[str]:
    """Where *ours* is not like *theirs*: every key of theirs is there, with a value of the same type, and the same
    text or number unless the key is in *but*. Where they have null for an empty list or map, ours is empty."""
    match theirs:
        case dict():
            if not isinstance(ours, dict):
                return [f"{where}: {ours!r} is no object"]
            missing = [f"{where}.{key}: missing" for key in theirs if key not in ours and key not in but]
            shared = [key for key in theirs if key in ours]
            return missing + [
                text for key in shared for text in _value(ours[key], theirs[key], but, f"{where}.{key}", key in but)
            ]
        case list():
            if not isinstance(ours, list) or len(ours) != len(theirs):
                return [f"{where}: {ours!r} is no list of {len(theirs)}"]
            pairs = zip(ours, theirs, strict=True)
            return [
                text for n, (our, their) in enumerate(pairs) for text in differences(our, their, but, f"{where}[{n}]")
            ]
        case _:
            return _value(ours, theirs, but, where, False)


def _value(ours: Any, theirs: Any, but: Collection[str], where: str, type_only: bool) -> list[str]:
    if theirs is None:
        return [] if ours in (None, [], {}, "") or type_only else [f"{where}: {ours!r} instead of null"]
    if type_only:
        alike = type(ours) is type(theirs)
    elif isinstance(theirs, dict | list):
        return differences(ours, theirs, but, where)
    elif isinstance(theirs, str) and isinstance(ours, str):
        alike = masked(ours) == masked(theirs)
    else:
        alike = ours == theirs and isinstance(ours, bool) is isinstance(theirs, bool)
    return [] if alike else [f"{where}: {ours!r} instead of {theirs!r}"]
