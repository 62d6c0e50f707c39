"""The latest runs of workunits, on all workers, as the feed tells of them."""

from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct

from awed.model.errors import Gone
from awed.model.feed import FeedPage, StateChange, Subject, WorkEvent
from awed.model.times import NO_TIME
from awed.service.feed import Feed
from awed.tx.locks import Alone
from awed.tx.turns import Turns

MOST_RUNS = 20_000
"""The most runs that are remembered."""

MOST_READ = 60_000
"""The most changes that are read at once; what lies before the latest so many is skipped."""

MOST_GROUPS = 10_000
"""The most workers whose groups are remembered."""


class Run(Struct):
    """A run of a workunit by a client. *change*: the first that is known of it; *begun*: ``NO_TIME`` if it was before
    what was read. *ended*: ``NO_TIME`` while it runs; *state*: how it ended."""

    change: StateChange
    begun: datetime
    ended: datetime = NO_TIME
    state: WorkEvent = WorkEvent.CHECKOUT


class Runs:
    """Reads the feed when asked to, from where it has come to. *runs*: in the order in which they were noted.
    *groups*: of clients by id, also of those that are gone. *since*: what was before this time is not known."""

    def __init__(self, feed: Feed, turns: Turns, now: Callable[[], datetime], lasts: timedelta) -> None:
        """*lasts*: how long a run that has ended is remembered."""
        self._feed = feed
        self._turns = turns
        self._now = now
        self._lasts = lasts
        self._alone = Alone()
        self._number = -1
        self._forget(NO_TIME)

    def _forget(self, since: datetime) -> None:
        self.since = since
        self.runs: deque[Run] = deque()
        self.groups: OrderedDict[str, str] = OrderedDict()
        self._open: dict[str, Run] = {}
        self._taken_back: set[str] = set()

    async def read(self) -> None:
        """Read what has happened since the last call."""
        await self._alone.run("", self._read())

    async def _read(self) -> None:
        feed, oldest = self._feed, self._now() - self._lasts
        if self._number < max(feed.oldest - 1, feed.last - MOST_READ):
            first = await feed.before(oldest)
            self._number = max(first, feed.last - MOST_READ)
            self._forget(oldest if first == self._number else NO_TIME)
        with suppress(Gone):  # then what is left is read from its beginning at the next call
            while pages := await feed.after(self._number):
                async for page in self._turns(pages):
                    self._take(page)
        while self.runs and (len(self.runs) > MOST_RUNS or NO_TIME < self.runs[0].ended < oldest):
            gone = self.runs.popleft()
            self.since = max(self.since, gone.begun)
            if self._open.get(gone.change.about) is gone:
                del self._open[gone.change.about]

    def _take(self, page: FeedPage) -> None:
        if self.since == NO_TIME:
            self.since = page.time
        for change in page.changes[max(self._number + 1 - page.first, 0) :]:
            if change.kind is Subject.WORK:
                self._note(change, page.time)
            elif change.kind is Subject.CLIENT:
                self.groups[change.about] = change.group
                self.groups.move_to_end(change.about)
        while len(self.groups) > MOST_GROUPS:
            self.groups.popitem(last=False)
        self._number = page.last

    def _note(self, change: StateChange, time: datetime) -> None:
        work, state = change.about, WorkEvent(change.state)
        run = self._open.pop(work, None)
        if run is not None:
            run.ended, run.state = time, WorkEvent.QUEUED if state is WorkEvent.CHECKOUT else state
        if state is WorkEvent.CHECKOUT:
            self._taken_back.discard(work)
            self._open[work] = Run(change, time)
            self.runs.append(self._open[work])
        elif run is None and state in (WorkEvent.DONE, WorkEvent.FAILED) and work not in self._taken_back:
            self.runs.append(Run(change, NO_TIME, time, state))
        if state in (WorkEvent.DONE, WorkEvent.FAILED):
            self._taken_back.discard(work)
        elif run is not None and state is not WorkEvent.CHECKOUT and len(self._taken_back) < MOST_RUNS:
            self._taken_back.add(work)
