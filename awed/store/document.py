"""What all stores share for searching the documents of jobs: paths, and what the text of a query stands for."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

FILE_LISTS = frozenset({"inputs", "outputs", "predata"})
"""Lists of a task that may be part of a path, as in ``tasks.inputs.filename``."""

TIMES = frozenset(
    {"updatetime", "expiration", "info.submittime", "info.startedtime", "info.completedtime", "info.start_at"}
)
"""Paths of a job's times. Their texts in JSON, which have no fraction if it is zero, sort by time once the ``Z`` at
the end is cut off."""

DEPTH = 50
"""Levels to which documents are searched. Databases have limits not far above."""

_NAME = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]+')
_MAX_INTEGER = 2**63
_Time = Annotated[datetime, Meta(tz=True)]


class Reading(Struct, frozen=True):
    """What the text of a query may stand for: itself, and the number, boolean or time that it reads as."""

    text: str
    number: int | float | None = None
    boolean: bool | None = None
    time: datetime | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in a document that match: the text itself, and the time in the form that documents have."""
        return (self.text,) if self.time is None else (self.text, shown(self.time))


def read(text: str) -> Reading:
    """What *text* may stand for."""
    text = text.encode(errors="replace").decode()
    try:
        value = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        value = None
    if isinstance(value, bool):
        return Reading(text, boolean=value)
    if isinstance(value, int | float):
        return Reading(text, number=bounded(value))
    return Reading(text, time=_read_time(text))


def too_slow(limit: float) -> str:
    """What who asks is told of a search that takes over *limit* seconds."""
    return f"the search takes longer than {limit:.0f} s: narrow it by a field with an index, as info.project"


def names(path: str) -> list[str] | None:
    """The names in a dotted path; None if no document can have such a path."""
    parts = path.split(".")
    return parts if len(parts) <= DEPTH and all(_NAME.fullmatch(part) for part in parts) else None


def folded(text: str) -> str:
    """*text* with its ASCII letters in lower case; other letters stay, as SQLite's ``lower`` leaves them."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def distinct(values: Iterable[object]) -> list[object]:
    """The distinct booleans, numbers and texts among *values*, in this order, each sorted."""
    booleans, numbers, texts = set[bool](), set[int | float](), set[str]()
    for value in values:
        if isinstance(value, str):
            texts.add(value)
        elif isinstance(value, bool):
            booleans.add(value)
        elif isinstance(value, int | float) and (number := bounded(value)) is not None:
            numbers.add(number)
    return [*sorted(booleans), *sorted(numbers), *sorted(texts)]


def shown(moment: datetime) -> str:
    """A time in the form that JSON documents have."""
    return str(msgspec.to_builtins(moment))


def sortable(moment: datetime) -> str:
    """A time as UTC text of fixed width, so that the texts sort by time."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def from_sortable(text: str) -> datetime:
    """The time of a :func:`sortable` text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bounded(value: int | float) -> int | float | None:
    """*value* as databases hold it: a float if it is beyond 64-bit integers, None if it is beyond floats."""
    if -_MAX_INTEGER <= value < _MAX_INTEGER:
        return value
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _read_time(text: str) -> datetime | None:
    try:
        moment: datetime = msgspec.convert(text, _Time)
        return moment.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None
