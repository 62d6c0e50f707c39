"""What every answer looks like: ``{"status": N, "data": ..., "error": null | [texts]}``."""

from typing import Generic, TypeVar

from msgspec import Struct

Data = TypeVar("Data")


class Envelope(Struct, Generic[Data]):
    """One answer, its keys in the order in which they are sent."""

    status: int
    data: Data
    error: list[str] | None = None


class Page(Envelope[Data], Generic[Data]):
    """One page of a list: *offset* and *total_count* tell where it lies in the whole."""

    limit: int = 0
    offset: int = 0
    total_count: int = 0
