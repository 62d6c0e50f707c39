"""Sets of ranks. A task's ranks finish nearly in order, so a few ranges say which of 10,000 are done."""

from bisect import bisect_right
from collections.abc import Iterator


class RankSet:
    """Ranks as disjoint, ascending, never adjacent ranges. Written ``1-500,503``; empty: ``""``."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, text: str = "") -> None:
        """Raises :class:`ValueError` for a text that :meth:`__str__` does not write."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for piece in text.split(",") if text else ():
            first, _, last = piece.partition("-")
            self._firsts.append(int(first))
            self._lasts.append(int(last or first))

    def add(self, rank: int) -> None:
        at = bisect_right(self._firsts, rank)
        joins_left = at > 0 and self._lasts[at - 1] >= rank - 1
        joins_right = at < len(self._firsts) and self._firsts[at] == rank + 1
        if joins_left and joins_right:
            self._lasts[at - 1] = self._lasts.pop(at)
            del self._firsts[at]
        elif joins_left:
            self._lasts[at - 1] = max(rank, self._lasts[at - 1])
        elif joins_right:
            self._firsts[at] = rank
        else:
            self._firsts.insert(at, rank)
            self._lasts.insert(at, rank)

    def discard(self, rank: int) -> None:
        if rank not in self:
            return
        at = bisect_right(self._firsts, rank) - 1
        first, last = self._firsts[at], self._lasts[at]
        rest = [(a, b) for a, b in ((first, rank - 1), (rank + 1, last)) if a <= b]
        self._firsts[at : at + 1] = [a for a, _ in rest]
        self._lasts[at : at + 1] = [b for _, b in rest]

    def gaps(self, first: int, last: int) -> Iterator[range]:
        """The ranks from *first* to *last*, both included, that are not in the set, as ranges that are not empty."""
        for a, b in zip([*self._firsts, last + 1], [*self._lasts, last], strict=True):
            gap = range(first, min(a, last + 1))
            if gap:
                yield gap
            first = max(first, b + 1)

    def top(self) -> int:
        """The highest rank, -1 if there is none."""
        return self._lasts[-1] if self._lasts else -1

    def __contains__(self, rank: int) -> bool:
        at = bisect_right(self._firsts, rank)
        return at > 0 and rank <= self._lasts[at - 1]

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __len__(self) -> int:
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def __str__(self) -> str:
        if not self._firsts:
            return ""
        ranges = zip(self._firsts, self._lasts, strict=True)
        return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in ranges)
