"""The kinds of values that parameters have, and how each is read from text."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from types import NoneType
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from msgspec import Struct

from awed.model.errors import Invalid

T = TypeVar("T")

Schema = dict[str, Any]
"""A schema of OpenAPI."""


class Kind(Struct, Generic[T], frozen=True):
    """A kind of value.

    *read* is called with the name of a parameter and its texts, at least one, and raises
    :class:`~awed.model.errors.Invalid`. *is_flag*: whether only the presence of the parameter counts, not its text.
    """

    read: Callable[[str, Sequence[str]], T]
    schema: Schema
    is_flag: bool = False


_COUNT = re.compile(r"[0-9]{1,18}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_MOST = 10**18 - 1


def count(least: int = 0, most: int = _MOST) -> Kind[int]:
    """An integer from *least* to *most*, both inclusive."""

    def read(name: str, texts: Sequence[str]) -> int:
        if not _COUNT.fullmatch(texts[0]):
            raise Invalid(f"{name} must be a non-negative integer, found: {texts[0]}")
        number = int(texts[0])
        if number > most:
            raise Invalid(f"{name} must be at most {most}, found: {texts[0]}")
        if number < least:
            raise Invalid(f"{name} must be at least {least}, found: {texts[0]}")
        return number

    return Kind(read, {"type": "integer", "minimum": least, "maximum": most})


def _integer(name: str, texts: Sequence[str]) -> int:
    if not _INTEGER.fullmatch(texts[0]):
        raise Invalid(f"{name} must be an integer, found: {texts[0]}")
    return int(texts[0])


def _seconds(name: str, texts: Sequence[str]) -> float:
    try:
        value = float(texts[0])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise Invalid(f"{name} must be a number of seconds, found: {texts[0]}")
    return value


def word(words: Iterable[T]) -> Kind[T]:
    """One of *words*, which are texts or members of an enumeration of texts."""
    values = {str(word): word for word in words}

    def read(name: str, texts: Sequence[str]) -> T:
        if texts[0] not in values:
            raise Invalid(f"{name} must be one of {', '.join(filter(None, values))}, found: {texts[0]}")
        return values[texts[0]]

    return Kind(read, {"type": "string", "enum": list(values)})


def split(texts: Iterable[str]) -> list[str]:
    """The values of a parameter that may be repeated, or have several values joined by commas; without empty ones."""
    return [part for text in texts for part in text.split(",") if part]


def filled(fault: str) -> Kind[str]:
    """A text that must not be empty. *fault*: the error message for one that is."""

    def read(name: str, texts: Sequence[str]) -> str:
        if not texts[0]:
            raise Invalid(fault)
        return texts[0]

    return Kind(read, {"type": "string"})


def or_empty(kind: Kind[T]) -> Kind[T | None]:
    """As *kind*, but an empty text is None."""
    return Kind(lambda name, texts: kind.read(name, texts) if texts[0] else None, kind.schema)


FLAG = Kind(lambda name, texts: True, {"type": "string"}, is_flag=True)
TEXT = Kind(lambda name, texts: texts[0], {"type": "string"})
TEXTS = Kind(lambda name, texts: split(texts), {"type": "string"})
COUNT = count()
INTEGER = Kind(_integer, {"type": "integer"})
SECONDS = Kind(_seconds, {"type": "number", "minimum": 0})

_OF_TYPES: dict[object, Kind[Any]] = {bool: FLAG, str: TEXT, list[str]: TEXTS, int: COUNT, float: SECONDS}


def kind_of(hint: Any) -> Kind[Any]:
    """The kind of a parameter of this type. Raises :class:`TypeError` if there is none."""
    kinds = [arm for arm in get_args(hint) if arm is not NoneType]
    if NoneType in get_args(hint) and len(kinds) == 1:
        return kind_of(kinds[0])
    if get_origin(hint) is Literal:
        return word(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return word(hint)
    if hint not in _OF_TYPES:
        raise TypeError(f"parameters cannot be of type {hint}")
    return _OF_TYPES[hint]
