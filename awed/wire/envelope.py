"""The envelope of every answer: ``{"status": N, "data": ..., "error": null | [texts]}``."""

from typing import Generic, TypeVar

from msgspec import Struct

from awed.model.remarks import Remark

Data = TypeVar("Data")


class Envelope(Struct, Generic[Data]):
    """An answer, with its keys in the order in which they are sent."""

    status: int
    data: Data
    error: list[str] | None = None


class Events(Envelope[Data], Generic[Data]):
    """An answer with events. *last*: the number of the last event that was looked at, from which the next request
    goes on; *oldest*: the number of the first event that is kept."""

    last: int = 0
    oldest: int = 0


class Page(Envelope[Data], Generic[Data]):
    """An answer with a page of a list: at most *limit* items, from *offset* on, of *total_count* in all."""

    limit: int = 0
    offset: int = 0
    total_count: int = 0


class Warned(Envelope[Data], Generic[Data]):
    """An answer with *warnings* of probable mistakes in the request; without any, an :class:`Envelope` is sent."""

    warnings: list[Remark] = []
