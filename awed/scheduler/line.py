"""Items in order, of which the first that fits is found without a look at each that stands before it and does not."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import chain, islice
from operator import le
from typing import Any, Generic, TypeVar

BLOCK = 256
"""How many items a block has before it is split, at least half of them afterwards."""

Item = TypeVar("Item")

Need = tuple[float, ...]
"""Numbers, in a line the same ones for each item. All must be there for an item to fit."""


class _Block(Generic[Item]):
    """A piece of a line. *least*: nothing in it needs less of any number; it may be too low when items have left."""

    __slots__ = ("entries", "least")

    def __init__(self, entries: list[tuple[Any, Need, Item]]) -> None:
        self.entries = entries
        self.count()

    def count(self) -> None:
        """Find *least* anew."""
        self.least = tuple(map(min, zip(*(need for _, need, _ in self.entries), strict=True)))


class Line(Generic[Item]):
    """Items by key, no two with the same, each with numbers that it *needs*.

    To find the first that needs no more of each than so much costs a glance at each block before it, and one look at
    each item of its own block: blocks in which everything needs more are passed over.
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
        """The first key; there must be one."""
        return self._blocks[0].entries[0][0]

    def add(self, key: Any, need: Need, item: Item) -> None:
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
        """Take out the item of this key, which must be there."""
        at = bisect_left(self._lasts, key)
        entries = self._blocks[at].entries
        place = bisect_left(entries, (key,))
        assert entries[place][0] == key
        del entries[place]
        if entries:
            self._lasts[at] = entries[-1][0]
        else:
            del self._blocks[at], self._lasts[at]

    def fitting(self, most: Need, after: Any = None) -> Iterator[Item]:
        """The items that need no more than *most* of each, in order, those *after* a key if one is given. The line
        must not change meanwhile."""
        at = 0 if after is None else bisect_left(self._lasts, after)
        blocks = islice(self._blocks, at, None)
        return chain.from_iterable(
            self._fitting(block, most, after) for block in blocks if all(map(le, block.least, most))
        )

    def _fitting(self, block: _Block[Item], most: Need, after: Any) -> Iterator[Item]:
        none = True
        for key, need, item in block.entries:
            if all(map(le, need, most)) and (after is None or key > after):
                none = False
                yield item
        if none and after is None:
            block.count()
