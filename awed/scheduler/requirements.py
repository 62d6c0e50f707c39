"""What work asks of a client, and what a client has for it. Nothing else compares the two."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from awed.model.client import Client
from awed.model.job import Task
from awed.model.times import Moment

ANY_APP = "*"

NOBODY: frozenset[str] = frozenset()


class Kind(NamedTuple):
    """What a client is: its group, the commands that it has, whether it runs them in container images."""

    group: str
    apps: frozenset[str]
    images: bool = True

    @classmethod
    def of(cls, client: Client) -> "Kind":
        return cls(client.group, frozenset(client.apps), client.images)

    def routes(self) -> Iterator["Route"]:
        """Where it finds work, see :meth:`Wanted.routes`."""
        apps = (ANY_APP,) if ANY_APP in self.apps else self.apps
        return (Route(group, app) for group in {self.group, ""} for app in apps)


class Route(NamedTuple):
    """A group, "" for work that any may have, and the app of clients that have not all."""

    group: str
    app: str


class Offer(NamedTuple):
    """What a client has for work at a moment: bytes of free disk, seconds of its time."""

    client: str
    kind: Kind
    available: float = math.inf
    time_left: float = math.inf


class Wanted(NamedTuple):
    """What work asks of a client, but for the disk: a group among *groups* (empty: any), the *app*, seconds of its
    time, that it runs it in an *image*. *avoid*: clients that are not to have it."""

    groups: frozenset[str]
    app: str
    walltime: int = 0
    image: bool = False
    avoid: frozenset[str] = NOBODY

    def suits(self, kind: Kind) -> bool:
        """Whether clients of this kind may have it at all."""
        return (
            (not self.groups or kind.group in self.groups)
            and (self.app in kind.apps or ANY_APP in kind.apps)
            and (kind.images or not self.image)
        )

    def fits(self, offer: Offer) -> bool:
        return self.suits(offer.kind) and self.walltime <= offer.time_left and offer.client not in self.avoid

    def routes(self) -> Iterator[Route]:
        """Where clients that it suits look for it: those that have all apps in one place, others in another."""
        groups = self.groups if 0 < len(self.groups) <= MANY_GROUPS else ("",)
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


def disk_of(task: Task) -> int:
    """Bytes of free disk that each workunit of a task asks for: that of its inputs."""
    return sum(io.size for io in task.inputs)


@lru_cache(maxsize=10_000)
def wanted_of(groups: str, app: str, walltime: int, image: bool, avoid: frozenset[str]) -> Wanted:
    """There are few kinds of work, and many tasks of each."""
    return Wanted(parse_groups(groups), app, walltime, image, avoid)
