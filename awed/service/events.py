"""Reading of the feed of events: which of them a reader asks for and may see, and how far it has read."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from msgspec import Struct

from awed.model.access import Acl, User
from awed.model.feed import FeedEvent, StateChange, Subject, event_of
from awed.service.runs import Runs
from awed.service.shell import Shell
from awed.tx.turns import Turns

MOST_LOOKED_AT = 20_000
"""Changes that one call of :meth:`Cursor.read` looks at. Few of them may be wanted."""

GroupAcl = Callable[[str, datetime], Acl]
"""The ACL of the client group that had this name at that time."""


class Choice(Struct, frozen=True):
    """The changes that are wanted: of these *kinds* (all if empty), of this *job* ("" for any) and, with *steps*, of
    the steps of that run, of jobs of this *owner* ("" for any), and of these *events*, ``KIND.STATE`` or ``KIND``
    (all if empty)."""

    kinds: Collection[Subject] = ()
    job: str = ""
    steps: bool = False
    owner: str = ""
    events: Collection[str] = ()

    def has(self, change: StateChange) -> bool:
        """Whether *change* is wanted."""
        return (
            (not self.kinds or change.kind in self.kinds)
            and (self.steps or self.job in ("", change.job))
            and self.owner in ("", change.owner)
            and (not self.events or change.kind in self.events or f"{change.kind}.{change.state}" in self.events)
        )


class Cursor:
    """Reads the changes of *choice* that *user* may see. *number*: that of the last change that was looked at."""

    def __init__(self, shell: Shell, group_acl: GroupAcl, user: User, choice: Choice, number: int) -> None:
        self._feed = shell.feed
        self._turns = shell.turns
        self._sight = shell.sight
        self._group_acl = group_acl
        self._user = user
        self._choice = choice
        self.number = number

    async def read(self, limit: int) -> list[FeedEvent]:
        """The next events, at most *limit*. Looks at MOST_LOOKED_AT changes, so it may return none although more
        follow.

        Raises :class:`~awed.model.errors.Gone` if the next changes are not kept any more.
        """
        found: list[FeedEvent] = []
        end = self.number + MOST_LOOKED_AT
        while self.number < end and len(found) < limit and (pages := await self._feed.after(self.number)):
            for page in pages:
                await self._turns.pause()  # there may be many listeners, who are all told at once
                while self.number < page.last and len(found) < limit:
                    number = self.number + 1
                    change = page.changes[number - page.first]
                    if self._choice.has(change) and await self._may_read(change, page.time):
                        found.append(event_of(number, page.time, change))
                    self.number = number
        return found

    async def wait(self, limit: int, seconds: float) -> list[FeedEvent]:
        """As :meth:`read`, but wait up to *seconds* until there are events."""
        until = self._feed.seconds() + seconds
        while True:
            found = await self.read(limit)
            left = until - self._feed.seconds()
            if found or left <= 0:
                return found
            if self.number == self._feed.last and not await self._feed.news(self.number, left):
                return found

    async def _may_read(self, change: StateChange, time: datetime) -> bool:
        if self._choice.steps and self._choice.job not in (change.job, await self._sight.run_of(change.job)):
            return False
        if change.kind is Subject.CLIENT:
            return self._group_acl(change.group, time).allows(self._user, "read")
        return await self._sight.may_read(self._user, change)


class EventVerbs:
    """Read events, and remove old ones."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.feed = shell.feed
        """The events themselves: how far they go, and whether the server is stopping, so that nobody may wait."""

    def cursor(self, user: User, group_acl: GroupAcl, choice: Choice, since: int) -> Cursor:
        """A cursor after the event *since*; 0 for before all events that are kept.

        Raises :class:`~awed.model.errors.Gone` if events after *since* are not kept any more, or if there was no such
        event.
        """
        number = since or self.feed.oldest - 1
        self.feed.require(number)
        return Cursor(self._shell, group_acl, user, choice, number)

    async def may_read(self, user: User, change: StateChange) -> bool:
        """Whether *user* may see *change*, which is of a job or of a part of it."""
        return await self._shell.sight.may_read(user, change)

    def runs(self, turns: Turns, lasts: timedelta) -> Runs:
        """The latest runs of workunits; those that ended longer ago than *lasts* are forgotten."""
        return Runs(self.feed, turns, lambda: self._shell.now().time, lasts)

    async def age(self) -> None:
        """Remove events that are too old or too many."""
        await self.feed.age(self._shell.committer.commit)
