"""Sets of ranks, kept as ranges. Ranks finish nearly in order, so a few ranges are enough for 10,000 ranks."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class RankSet:
    """A set of ranks as disjoint, ascending, not adjacent ranges. As text ``1-500,503``, "" if it is empty."""

    __slots__ = ("_count", "_firsts", "_lasts")

    def __init__(self, text: str = "") -> None:
        """*text*: as :meth:`__str__` writes it. Raises :class:`ValueError` for any other."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._count = 0
        for piece in text.split(",") if text else ():
            first, _, last = piece.partition("-")
            self._append(int(first), int(last or first))

    def _append(self, first: int, last: int) -> None:
        self._firsts.append(first)
        self._lasts.append(last)
        self._count += last - first + 1

    @classmethod
    def of(cls, ranges: Iterable[range]) -> "RankSet":
        """The ranks in *ranges*, which must be as :meth:`gaps` makes them: ascending, neither empty nor adjacent."""
        ranks = cls()
        for one in ranges:
            ranks._append(one.start, one.stop - 1)
        return ranks

    def add(self, rank: int) -> None:
        """Add a rank, if it is not there."""
        if self._lasts and rank == self._lasts[-1] + 1:  # as most are
            self._lasts[-1] = rank
            self._count += 1
            return
        at = bisect_right(self._firsts, rank)
        if at and rank <= self._lasts[at - 1]:
            return
        self._count += 1
        joins_left = at > 0 and self._lasts[at - 1] >= rank - 1
        joins_right = at < len(self._firsts) and self._firsts[at] == rank + 1
        if joins_left and joins_right:
            self._lasts[at - 1] = self._lasts.pop(at)
            del self._firsts[at]
        elif joins_left:
            self._lasts[at - 1] = rank
        elif joins_right:
            self._firsts[at] = rank
        else:
            self._firsts.insert(at, rank)
            self._lasts.insert(at, rank)

    def discard(self, rank: int) -> None:
        """Remove a rank, if it is there."""
        at = bisect_right(self._firsts, rank) - 1
        if at < 0 or rank > self._lasts[at]:
            return
        self._count -= 1
        is_first, is_last = rank == self._firsts[at], rank == self._lasts[at]
        if is_first and is_last:
            del self._firsts[at], self._lasts[at]
        elif is_first:
            self._firsts[at] = rank + 1
        elif is_last:
            self._lasts[at] = rank - 1
        else:
            self._firsts.insert(at + 1, rank + 1)
            self._lasts.insert(at, rank - 1)

    def gaps(self, first: int, last: int) -> Iterator[range]:
        """The ranks from *first* to *last* (inclusive) that are not in the set, as ranges that are not empty."""
        for a, b in zip([*self._firsts, last + 1], [*self._lasts, last], strict=True):
            gap = range(first, min(a, last + 1))
            if gap:
                yield gap
            first = max(first, b + 1)

    @property
    def first(self) -> int:
        """The lowest rank. The set must not be empty."""
        return self._firsts[0]

    def __contains__(self, rank: int) -> bool:
        at = bisect_right(self._firsts, rank)
        return at > 0 and rank <= self._lasts[at - 1]

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __len__(self) -> int:
        return self._count

    def __str__(self) -> str:
        if not self._firsts:
            return ""
        ranges = zip(self._firsts, self._lasts, strict=True)
        return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in ranges)
