"""Paging of lists."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from msgspec import Struct

from awed.wire.envelope import Page

T = TypeVar("T")


class Paging(Struct, frozen=True):
    """The page of a list that is asked for."""

    limit: Annotated[int, "How many at most; 0: all."] = 25
    offset: Annotated[int, "How many of the first to leave out."] = 0
    direction: Annotated[Literal["asc", "desc"], "Direction of the order."] = "desc"

    @property
    def descending(self) -> bool:
        """Whether the order is descending."""
        return self.direction == "desc"

    def cut(self, found: Sequence[T]) -> Sequence[T]:
        """The part of *found* that is the page."""
        return found[self.offset : self.offset + self.limit] if self.limit else found[self.offset :]

    def page(self, shown: list[T], total: int) -> Page[list[T]]:
        """The answer with the page *shown* of a list of *total* items."""
        return Page(200, shown, None, self.limit, self.offset, total)
