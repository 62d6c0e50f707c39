"""How a job's document is searched: what a queried text means, and which lists lie on a path."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

FILE_LISTS = frozenset({"inputs", "outputs", "predata"})
"""Lists of a task that a path such as ``tasks.inputs.filename`` leads through."""

TIMES = frozenset(
    {"updatetime", "expiration", "info.submittime", "info.startedtime", "info.completedtime", "info.start_at"}
)
"""Paths of a job's times. Their JSON text leaves out a fraction of zero, but is in order without its ``Z``."""

DEPTH = 50
"""How deep documents are searched; databases have such limits."""

_NAME = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]+')
_MAX_INTEGER = 2**63
_Time = Annotated[datetime, Meta(tz=True)]


class Reading(Struct, frozen=True):
    """All that a text from a query may stand for: itself, and the number, boolean or time that it reads as."""

    text: str
    number: int | float | None = None
    boolean: bool | None = None
    time: datetime | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in a document that match: the text itself, and the time as documents show it."""
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


def names(path: str) -> list[str] | None:
    """The names along a dotted document path; None if it cannot lead anywhere."""
    parts = path.split(".")
    return parts if len(parts) <= DEPTH and all(_NAME.fullmatch(part) for part in parts) else None


def distinct(values: Iterable[object]) -> list[object]:
    """The different booleans, numbers and texts among *values*, in this order."""
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
    """A time as it stands in JSON documents."""
    return str(msgspec.to_builtins(moment))


def sortable(moment: datetime) -> str:
    """A time as UTC text of fixed width, so that texts are ordered as the times are."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def from_sortable(text: str) -> datetime:
    """The time of a :func:`sortable` text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bounded(value: int | float) -> int | float | None:
    """Databases know 64-bit integers; beyond them JSON's numbers are floats, and beyond those nothing."""
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
