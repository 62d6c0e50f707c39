"""What is stored, in words: every field of every record and its type, so that no change of it goes unnoticed.

``python -m tests.unit.store.shapes`` writes it to ``tests/data/records.txt``, once the version has risen.
"""

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from awed.model.records import KINDS
from awed.store import versions
from awed.store.mongo.documents import Setting
from awed.store.mongo.writer import Write

FILE = Path(__file__).parents[2] / "data" / "records.txt"


def shapes() -> str:
    """All that is stored by the current version."""
    stored: list[type[Any]] = [*(kind.type for kind in KINDS), Setting, Write]
    lines = sorted({line for record in stored for line in _fields(record)})
    return "\n".join([f"version {versions.current()}", *lines, ""])


def _fields(record: type[Any]) -> Iterator[str]:
    for field in msgspec.structs.fields(record):
        yield f"{record.__name__}.{field.encode_name}: {_named(field.type)}"
        for inner in _structs(field.type):
            yield from _fields(inner)


def _structs(kind: Any) -> Iterator[type[Any]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for inner in get_args(kind):
        yield from _structs(inner)


def _named(kind: Any) -> str:
    """A type as annotations name it; of an enumeration, its values."""
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(map(_named, get_args(kind)))
    if args := get_args(kind):
        return f"{get_origin(kind).__name__}[{', '.join(map(_named, args))}]"
    if kind is Any:
        return "Any"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(repr(member.value) for member in kind)
    return "None" if kind is NoneType else "..." if kind is ... else str(kind.__name__)


def main() -> None:
    """Write them, unless the version is still that of other shapes."""
    now, before = shapes(), FILE.read_text() if FILE.exists() else ""
    if now != before and now.split("\n", 1)[0] == before.split("\n", 1)[0]:
        sys.exit("what is stored has changed, and the version has not: add a step to awed/store/versions.py")
    FILE.write_text(now)


if __name__ == "__main__":
    main()
