"""Listening to the feed: what a listener wants to hear and may, and how far it has come."""

from collections.abc import Callable, Collection

from msgspec import Struct

from awed.model.access import Acl, User
from awed.model.feed import FeedEvent, StateChange, Subject, event_of
from awed.service.shell import Shell

MOST_LOOKED_AT = 20_000
"""Changes that one reading looks at, of which there may be few that are wanted."""

GroupAcl = Callable[[str], Acl]
"""The rights to a client group."""


class Choice(Struct, frozen=True):
    """Which changes are wanted: of these kinds, none means all; of this job, "" means any."""

    kinds: Collection[Subject] = ()
    job: str = ""

    def has(self, change: StateChange) -> bool:
        return (not self.kinds or change.kind in self.kinds) and self.job in ("", change.job)


class Cursor:
    """Reads what *user* may see of the changes after :attr:`number`, and takes that along."""

    def __init__(self, shell: Shell, group_acl: GroupAcl, user: User, choice: Choice, number: int) -> None:
        self._feed = shell.feed
        self._sight = shell.sight
        self._group_acl = group_acl
        self._user = user
        self._choice = choice
        self.number = number

    async def read(self, limit: int) -> list[FeedEvent]:
        """The next events, *limit* at most. There may be more although there are none of them: the reading ends after
        a while, and :attr:`number` says where. Raises :class:`~awed.model.errors.Gone`."""
        found: list[FeedEvent] = []
        end = self.number + MOST_LOOKED_AT
        while self.number < end and len(found) < limit and (pages := await self._feed.after(self.number)):
            for page in pages:
                while self.number < page.last and len(found) < limit:
                    number = self.number + 1
                    change = page.changes[number - page.first]
                    if self._choice.has(change) and await self._may_read(change):
                        found.append(event_of(number, page.time, change))
                    self.number = number
        return found

    async def wait(self, limit: int, seconds: float) -> list[FeedEvent]:
        """The same, but wait up to so many *seconds* until there are some."""
        until = self._feed.seconds() + seconds
        while True:
            found = await self.read(limit)
            left = until - self._feed.seconds()
            if found or left <= 0:
                return found
            if self.number == self._feed.last and not await self._feed.news(self.number, left):
                return found

    async def _may_read(self, change: StateChange) -> bool:
        if change.kind is Subject.CLIENT:
            return self._group_acl(change.group).allows(self._user, "read")
        return await self._sight.may_read(self._user, change)


class EventVerbs:
    """Listen, and forget what is old."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._feed = shell.feed

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self._feed.last

    @property
    def oldest(self) -> int:
        """The number of the first one that is kept."""
        return self._feed.oldest

    def seconds(self) -> float:
        """The time by which waiting lasts."""
        return self._feed.seconds()

    @property
    def closed(self) -> bool:
        """Whether the server is stopping, and nobody may wait."""
        return self._feed.closed

    def cursor(self, user: User, group_acl: GroupAcl, choice: Choice, since: int) -> Cursor:
        """What *user* may hear after the event *since*; 0 means all that are kept. Raises
        :class:`~awed.model.errors.Gone` for one that is not kept any more, or was never there."""
        number = since or self._feed.oldest - 1
        self._feed.require(number)
        return Cursor(self._shell, group_acl, user, choice, number)

    async def age(self) -> None:
        """Remove the events that are older than is wanted, or too many."""
        await self._feed.age(self._shell.committer.commit)
