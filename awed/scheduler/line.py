"""A sorted sequence of items with needs, in which the first item that fits is found by passing over whole blocks."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from operator import le
from typing import Any, Generic, TypeVar

BLOCK = 256
"""Items that a block may have; one with more is split into halves."""

Item = TypeVar("Item")

Need = tuple[float, ...]
"""How much an item needs of several things, the same ones for all items of a line."""


class _Block(Generic[Item]):
    """A block of a line. *least*: no item needs less of any thing; it may be too low after items were removed."""

    __slots__ = ("entries", "least")

    def __init__(self, entries: list[tuple[Any, Need, Item]]) -> None:
        self.entries = entries
        self.count()

    def count(self) -> None:
        """Compute *least*."""
        self.least = tuple(map(min, zip(*(need for _, need, _ in self.entries), strict=True)))


class Line(Generic[Item]):
    """Items sorted by unique keys, each with a :data:`Need`.

    The first item whose needs are within given limits is found by comparing *least* of each block before it, and the
    items of its own block: blocks in which all items need more are passed over.
    """

    __slots__ = ("_blocks", "_lasts")

    def __init__(self) -> None:
        self._blocks: list[_Block[Item]] = []
        self._lasts: list[Any] = []
        """The last key of each block."""

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def __len__(self) -> int:
        return sum(len(block.entries) for block in self._blocks)

    def __iter__(self) -> Iterator[Item]:
        return (item for block in self._blocks for _, _, item in block.entries)

    @property
    def head(self) -> Any:
        """The first key. The line must not be empty."""
        return self._blocks[0].entries[0][0]

    def add(self, key: Any, need: Need, item: Item) -> None:
        """Add an item, whose key must be new."""
        if not self._blocks:
            self._blocks.append(_Block([(key, need, item)]))
            self._lasts.append(key)
            return
        at = min(bisect_left(self._lasts, key), len(self._lasts) - 1)
        block = self._blocks[at]
        insort(block.entries, (key, need, item))
        block.least = tuple(map(min, block.least, need))
        if len(block.entries) > BLOCK:
            self._split(at)
        else:
            self._lasts[at] = block.entries[-1][0]

    def _split(self, at: int) -> None:
        entries = self._blocks[at].entries
        halves = [_Block(entries[: BLOCK // 2]), _Block(entries[BLOCK // 2 :])]
        self._blocks[at : at + 1] = halves
        self._lasts[at : at + 1] = [half.entries[-1][0] for half in halves]

    def remove(self, key: Any) -> None:
        """Remove the item with this key, which must be there. The first one is found at once."""
        at, place = self._find(key)
        entries = self._blocks[at].entries
        del entries[place]
        if not entries:
            del self._blocks[at], self._lasts[at]
        elif place == len(entries):
            self._lasts[at] = entries[-1][0]

    def _find(self, key: Any) -> tuple[int, int]:
        """The block in which the item with this key is, which must be there, and its place in that."""
        if self._blocks[0].entries[0][0] == key:  # as it nearly always is
            return 0, 0
        at = bisect_left(self._lasts, key)
        entries = self._blocks[at].entries
        place = bisect_left(entries, (key,))
        assert entries[place][0] == key
        return at, place

    def move(self, key: Any, to: Any) -> None:
        """The item of this *key*, which must be there, has another one from now on. That is cheap as long as it stays
        in its block."""
        at, place = self._find(key)
        entries = self._blocks[at].entries
        _, need, item = entries[place]
        is_before_next = at == len(self._blocks) - 1 or to < self._blocks[at + 1].entries[0][0]
        if is_before_next and (not at or self._lasts[at - 1] < to):
            del entries[place]
            insort(entries, (to, need, item))
            self._lasts[at] = entries[-1][0]
        else:
            self.remove(key)
            self.add(to, need, item)

    def fitting(self, most: Need, after: Any = None) -> Iterator[Item]:
        """The items whose needs are at most *most*, in order; *after*: only those with higher keys than this.

        The line must not change while they are iterated.
        """
        for at in range(0 if after is None else bisect_left(self._lasts, after), len(self._blocks)):
            block = self._blocks[at]
            if not all(map(le, block.least, most)):
                continue
            none = True
            for key, need, item in block.entries:
                if all(map(le, need, most)) and (after is None or key > after):
                    none = False
                    yield item
            if none and after is None:
                block.count()
