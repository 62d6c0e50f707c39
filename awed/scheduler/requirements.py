"""What work asks of a client, and what a client has for it. Nothing else compares the two."""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from awed.model.access import PUBLIC
from awed.model.client import Client
from awed.model.job import Task
from awed.model.resources import CORES, DISK, MEMORY, PLAIN, Needs
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


class Stock(NamedTuple):
    """The resources of a client: what it has in all, and what of that is *free*. What is not named: *untold*."""

    total: dict[str, float]
    free: dict[str, float]
    untold: float


ENOUGH = Stock({}, {}, math.inf)
"""That of a client which tells nothing."""


def stock_of(client: Client) -> Stock:
    """What a client has that holds no work. One that tells its resources has enough of cores, memory and disk if it
    does not tell these, and none of all else; workers of the original tell their cores alone."""
    if client.offers is None:
        cores = {CORES: float(client.cores)} if client.cores else {}
        return Stock(cores, cores, math.inf)
    total = {**dict.fromkeys(MEASURED, math.inf), **client.offers}
    return Stock(total, dict(total), 0)


MEASURED = (CORES, MEMORY, DISK)
"""Resources of which a line knows how much its items need at least."""


class Offer(NamedTuple):
    """What a client has for work at a moment: bytes of free disk, seconds of its time, its resources."""

    client: str
    kind: Kind
    available: float = math.inf
    time_left: float = math.inf
    stock: Stock = ENOUGH

    def whole(self) -> "Offer":
        """The same if nothing ran there."""
        return self._replace(stock=self.stock._replace(free=self.stock.total))

    def most(self) -> tuple[float, ...]:
        """How much there is of what :meth:`Wanted.least` tells."""
        free, untold = self.stock.free, self.stock.untold
        return (self.time_left, *(free.get(name, untold) for name in MEASURED))


class Misfit(NamedTuple):
    """Why a client cannot have work: *what* it lacks, how much of it was *asked*, and what it *has*.

    *what*: ``group``, ``command``, ``image``, ``avoided`` (it failed there), ``time``, or the name of a resource.
    """

    what: str
    asked: float = 0
    has: float = 0

    @property
    def share(self) -> float:
        """How much of what was asked is lacking, from 0 to 1."""
        return 1 - self.has / self.asked if self.asked else 1.0


class Wanted(NamedTuple):
    """What work asks of a client, but for the disk of its inputs: that it runs the work of one of these *groups*, has
    the *app*, so many seconds and what the work *needs*, runs it in an *image*. *avoid*: clients that are not to have
    it."""

    groups: frozenset[str]
    app: str
    walltime: int = 0
    image: bool = False
    avoid: frozenset[str] = NOBODY
    needs: Needs = PLAIN

    def suits(self, kind: Kind) -> bool:
        """Whether clients of this kind may have it at all."""
        return self._unsuited(kind) is None

    @property
    def named(self) -> frozenset[str]:
        """The groups that it names."""
        return NOBODY if _OPEN in self.groups else self.groups

    def fits(self, offer: Offer, disk: int = 0) -> bool:
        """Whether a client may have it now, with inputs of so many bytes."""
        return self.misfit(offer, disk) is None

    def misfit(self, offer: Offer, disk: int = 0) -> Misfit | None:
        """The first thing for which a client may not have it now, None if there is none."""
        unsuited = self._unsuited(offer.kind)
        if unsuited is not None:
            return unsuited
        if self.walltime > offer.time_left:
            return Misfit("time", self.walltime, offer.time_left)
        if disk > offer.available:
            return Misfit(DISK, disk, offer.available)
        _, free, untold = offer.stock
        for name, amount in self.needs:
            if amount > free.get(name, untold):
                return Misfit(name, amount, free.get(name, untold))
        return Misfit("avoided") if offer.client in self.avoid else None

    def _unsuited(self, kind: Kind) -> Misfit | None:
        if self.groups.isdisjoint(kind.groups):
            return Misfit("group")
        if self.app not in kind.apps and ANY_APP not in kind.apps:
            return Misfit("command")
        return Misfit("image") if self.image and not kind.images else None

    def least(self) -> tuple[float, ...]:
        """Of time and of each resource that is :data:`MEASURED`, how much a client must have."""
        amounts = dict(self.needs)
        return (self.walltime, *(amounts.get(name, 0) for name in MEASURED))

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

    def offer(self, client: str, kind: Kind, stock: Stock, now: Moment) -> Offer:
        """What that is *now*."""
        return Offer(
            client,
            kind,
            math.inf if self.available is None else self.available,
            math.inf if self.until is None else self.until - now.seconds,
            stock,
        )


def parse_groups(text: str) -> frozenset[str]:
    """Group names of a comma separated list."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


@lru_cache(maxsize=10_000)
def groups_of(named: str, submitter: str) -> frozenset[str]:
    """The groups that a list names; if it names none, those that run what this user submits."""
    return parse_groups(named) or ANYBODYS | whose([submitter])


def disk_of(task: Task, needs: Needs) -> int:
    """Bytes of free disk that each workunit of a task asks for: that of its inputs, or more if it needs more."""
    inputs = sum(io.size for io in task.inputs)
    return inputs if needs is PLAIN else max(inputs, int(dict(needs).get(DISK, 0)))


@lru_cache(maxsize=10_000)
def wanted_of(
    groups: frozenset[str], app: str, walltime: int, image: bool, *, avoid: frozenset[str], needs: Needs
) -> Wanted:
    """There are few kinds of work, and many tasks of each."""
    return Wanted(groups, app, walltime, image, avoid, needs)
