"""The feed: numbers changes of states, keeps them in the store for a while, and wakes readers that wait."""

from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice, takewhile

from msgspec import Struct
from twisted.internet.defer import TimeoutError
from twisted.internet.interfaces import IReactorTime

from awed.model.errors import Gone
from awed.model.feed import MOST_CHANGES, FeedPage, StateChange, page_id
from awed.model.records import Batch
from awed.service.observer import Observer
from awed.store.interface import IStore
from awed.tx.locks import Condition

IN_MEMORY = 2000
"""The latest changes, which are kept in memory as well, so that most readers need no store."""

PAGES = 20
"""Pages that are read at a time."""

AGED_TOGETHER = 200
"""Pages that one commit deletes."""


class Keep(Struct, frozen=True):
    """How long changes are kept: for *seconds*, but only the latest *most*."""

    seconds: float = 7 * 86400.0
    most: int = 1_000_000


class Feed(Observer):
    """The feed. *oldest* and *last*: the numbers of the first and the last durable change that is kept.

    :meth:`start` must be called first. *now*: the wall clock.
    """

    def __init__(self, store: IStore, reactor: IReactorTime, now: Callable[[], datetime], keep: Keep) -> None:
        self._store = store
        self._reactor = reactor
        self.seconds = reactor.seconds
        self._now = now
        self._keep = keep
        self._recent: deque[FeedPage] = deque()
        self._in_memory = 0
        self._given = 0
        self._news = Condition()
        self._due = False
        self.last = 0
        self.oldest = 1
        self.closed = False

    async def start(self) -> None:
        """Load the numbers of the first and the last change from the store."""
        newest = await self._store.last(FeedPage)
        for oldest in await self._store.page(FeedPage, [], 1):
            self.oldest = oldest.first
        self.last = self._given = newest.last if newest else 0

    def numbered(self, changes: Sequence[StateChange]) -> list[FeedPage]:
        """Number *changes* and put them into pages. These must be committed in the order in which they are made."""
        pages = []
        for start in range(0, len(changes), MOST_CHANGES):
            part = list(changes[start : start + MOST_CHANGES])
            first, self._given = self._given + 1, self._given + len(part)
            pages.append(FeedPage(page_id(self._given), first, self._now(), part))
        return pages

    def committed(self, batch: Batch, seconds: float) -> None:
        if not batch.feed:
            return
        self.last = batch.feed[-1].last
        for page in batch.feed:
            self._recent.append(page)
            self._in_memory += len(page.changes)
        while self._in_memory > IN_MEMORY and len(self._recent) > 1:
            self._in_memory -= len(self._recent.popleft().changes)
        if self._news and not self._due:
            self._due = True
            self._reactor.callLater(0, self._tell)  # not in the middle of a commit

    def _tell(self) -> None:
        self._due = False
        self._news.notify()

    def require(self, number: int) -> None:
        """Raises :class:`Gone` if changes after *number* are not kept any more, or if *number* is in the future."""
        if number + 1 < self.oldest:
            raise Gone(f"events up to {self.oldest - 1} are not kept any more: since={number}", oldest=self.oldest)
        if number > self.last:
            raise Gone(f"there was no event {number} yet: the last one is {self.last}", oldest=self.oldest)

    async def after(self, number: int) -> Sequence[FeedPage]:
        """The next pages with changes after *number*; the first may also have changes before it. Empty if there are
        none.

        Raises :class:`Gone` and :class:`~awed.model.errors.StoreAway`.
        """
        self.require(number)
        if number == self.last:
            return ()
        if self._recent and self._recent[0].first <= number + 1:
            first = bisect_right(self._recent, number, key=lambda page: page.last)
            return list(islice(self._recent, first, first + PAGES))
        pages = await self._store.page(FeedPage, [page_id(number)], PAGES)
        if pages and pages[0].first > number + 1:  # those between were removed meanwhile
            self.oldest = max(self.oldest, pages[0].first)
        self.require(number)
        return [page for page in pages if page.last <= self.last]

    async def before(self, time: datetime) -> int:
        """The number of the last change that became durable before *time*, found by halving; that before the oldest
        one if there is none. Raises :class:`~awed.model.errors.StoreAway`."""
        low, high = self.oldest - 1, self.last
        while low < high:
            middle = (low + high) // 2
            page = next(iter(await self._store.page(FeedPage, [page_id(middle)], 1)), None)
            if page is None or page.time >= time:
                high = middle
            else:
                low = page.last
        return low

    async def news(self, number: int, seconds: float) -> bool:
        """Wait up to *seconds*, or until :meth:`close`, for changes after *number*. Returns whether there are any."""
        if self.last <= number and seconds > 0 and not self.closed:
            with suppress(TimeoutError):
                await self._news.wait().addTimeout(seconds, self._reactor)
        return self.last > number

    def close(self) -> None:
        """End all waiting, now and later."""
        self.closed = True
        self._news.notify()

    async def age(self, commit: Callable[[Batch], Awaitable[None]]) -> None:
        """Remove pages that are too old or too many, but never the last one."""
        while True:
            pages = await self._store.page(FeedPage, [], AGED_TOGETHER)
            over = list(takewhile(self._is_over, pages))
            if not over:
                return
            await commit(Batch(gone_feed=[page.id for page in over]))
            self.oldest = over[-1].last + 1
            if len(over) < len(pages):
                return

    def _is_over(self, page: FeedPage) -> bool:
        keep = self._keep
        is_old = page.time < self._now() - timedelta(seconds=keep.seconds)
        return page.last < self.last and (is_old or page.last <= self.last - keep.most)
