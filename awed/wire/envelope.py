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
    """Numbered things. *last*: the number up to which was looked, where the next request goes on; *oldest*: the
    number of the first that is kept."""

    last: int = 0
    oldest: int = 0


class Page(Envelope[Data], Generic[Data]):
    """An answer with a page of a list: at most *limit* items, from *offset* on, of *total_count* in all."""

    limit: int = 0
    offset: int = 0
    total_count: int = 0


class Warned(Envelope[Data], Generic[Data]):
    """An answer with what the caller probably did not mean. Without such *warnings* it is a plain one."""

    warnings: list[Remark] = []
