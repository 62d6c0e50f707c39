"""JSON, and for what is none: where and why."""

import re
from typing import Any, TypeVar

import msgspec

from awed.model.errors import Invalid

T = TypeVar("T")


def parse(body: bytes) -> Any:
    """The value that *body* stands for. Raises :class:`~awed.model.errors.Invalid` naming line and column."""
    try:
        return parse_as(body, Any)
    except msgspec.ValidationError:  # msgspec does not say where
        raise Invalid("malformed JSON: number out of range") from None


def parse_as(body: bytes, kind: type[T]) -> T:
    """The same as a *kind*. Raises :class:`msgspec.ValidationError` if the value does not fit."""
    try:
        body.decode()  # msgspec does not look into what it skips
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise
    except UnicodeDecodeError as error:
        raise _malformed(body, error.start, "invalid UTF-8") from None
    except RecursionError:
        raise Invalid("malformed JSON: nested too deeply") from None
    except msgspec.DecodeError as error:
        raise _malformed(body, *_position(str(error), len(body))) from None


def _position(message: str, end: int) -> tuple[int, str]:
    """Where and why, from the words of msgspec."""
    match = re.fullmatch(r"(?:JSON is malformed: )?(.*) \(byte (\d+)\)", message, re.DOTALL)
    return (int(match[2]), match[1]) if match else (end, "unexpected end")


def _malformed(body: bytes, position: int, reason: str) -> Invalid:
    before = body[:position].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Invalid(f"malformed JSON: {reason} (line {line}, column {column})")
