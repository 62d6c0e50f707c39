"""What work asks of a client, and what a client has for it. Nothing else compares the two."""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from awed.model.access import PUBLIC
from awed.model.client import Client
from awed.model.job import Task
from awed.model.times import Moment

ANY_APP = "*"

NOBODY: frozenset[str] = frozenset()

_OPEN = ","
"""Stands among names of groups for all that are open. None is called so, for commas separate the names; nor as this
with a user's name after it, which stands for those that run what this user submits."""

ANYBODYS = frozenset({_OPEN})
"""What clients of open groups run besides work that names their group: whatever names none."""


def whose(users: Iterable[str]) -> frozenset[str]:
    """What clients of a closed group run besides: what these users submit, and names no group."""
    return frozenset(_OPEN + user for user in users if user != PUBLIC)


class Kind(NamedTuple):
    """What a client is: the groups whose work it runs, its own and what stands for others, the commands that it has,
    whether it runs them in container images."""

    groups: frozenset[str]
    apps: frozenset[str]
    images: bool = True

    @classmethod
    def of(cls, client: Client, besides: frozenset[str]) -> "Kind":
        """*besides*: what clients of its group run that does not name the group."""
        return cls(besides | {client.group}, frozenset(client.apps), client.images)

    def routes(self) -> Iterator["Route"]:
        """Where it finds work, see :meth:`Wanted.routes`."""
        apps = (ANY_APP,) if ANY_APP in self.apps else self.apps
        return (Route(group, app) for group in self.groups | {""} for app in apps)


class Route(NamedTuple):
    """A group, "" for work of many groups, and the app of clients that have not all."""

    group: str
    app: str


class Offer(NamedTuple):
    """What a client has for work at a moment: bytes of free disk, seconds of its time."""

    client: str
    kind: Kind
    available: float = math.inf
    time_left: float = math.inf


class Wanted(NamedTuple):
    """What work asks of a client, but for the disk: that it runs the work of one of these *groups*, has the *app* and
    so many seconds, runs it in an *image*. *avoid*: clients that are not to have it."""

    groups: frozenset[str]
    app: str
    walltime: int = 0
    image: bool = False
    avoid: frozenset[str] = NOBODY

    def suits(self, kind: Kind) -> bool:
        """Whether clients of this kind may have it at all."""
        return (
            not self.groups.isdisjoint(kind.groups)
            and (self.app in kind.apps or ANY_APP in kind.apps)
            and (kind.images or not self.image)
        )

    @property
    def named(self) -> frozenset[str]:
        """The groups that it names."""
        return NOBODY if _OPEN in self.groups else self.groups

    def fits(self, offer: Offer) -> bool:
        return self.suits(offer.kind) and self.walltime <= offer.time_left and offer.client not in self.avoid

    def routes(self) -> Iterator[Route]:
        """Where clients that it suits look for it: those that have all apps in one place, others in another."""
        groups = self.groups if len(self.groups) <= MANY_GROUPS else ("",)
        return (Route(group, app) for group in groups for app in {self.app, ANY_APP})


MANY_GROUPS = 16
"""Work for more groups than this is looked at by all clients, and not kept for each of the groups."""


class Spare(NamedTuple):
    """What a client says it has for work: bytes of free disk, and until which second it is there. None: it did not
    say."""

    available: int | None = None
    until: float | None = None

    def without(self, disk: int) -> "Spare":
        """What is left of it when there are so many bytes more on the disk."""
        return self if self.available is None else self._replace(available=max(0, self.available - disk))

    def offer(self, client: str, kind: Kind, now: Moment) -> Offer:
        """What that is *now*."""
        return Offer(
            client,
            kind,
            math.inf if self.available is None else self.available,
            math.inf if self.until is None else self.until - now.seconds,
        )


def parse_groups(text: str) -> frozenset[str]:
    """Group names of a comma separated list."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


@lru_cache(maxsize=10_000)
def groups_of(named: str, submitter: str) -> frozenset[str]:
    """The groups that a list names; if it names none, those that run what this user submits."""
    return parse_groups(named) or ANYBODYS | whose([submitter])


def disk_of(task: Task) -> int:
    """Bytes of free disk that each workunit of a task asks for: that of its inputs."""
    return sum(io.size for io in task.inputs)


@lru_cache(maxsize=10_000)
def wanted_of(groups: frozenset[str], app: str, walltime: int, image: bool, avoid: frozenset[str]) -> Wanted:
    """There are few kinds of work, and many tasks of each."""
    return Wanted(groups, app, walltime, image, avoid)
