"""What work asks of a client (:class:`Wanted`), what a client has (:class:`Offer`), and the comparison of the two."""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from awed.model.access import PUBLIC
from awed.model.client import Client
from awed.model.job import Task
from awed.model.resources import CORES, DISK, LEAST_CORES, MEMORY, PLAIN, RUNS, Needs, cores_of
from awed.model.times import Moment

ANY_APP = "*"
"""The app of clients that have all commands."""

SHARE = "share"
"""What lacks whose share of cores is used up: see :class:`Misfit`."""

NOBODY: frozenset[str] = frozenset()
"""No clients."""

_OPEN = ","
"""Among the names of groups, this stands for all open groups, and with a user's name after it for the groups that run
the work of this user. No group can have such a name, as commas separate names."""

ANYBODYS = frozenset({_OPEN})
"""What clients of open groups run besides work that names their group: all work that names no group."""


def whose(users: Iterable[str]) -> frozenset[str]:
    """What clients of a closed group run besides work that names their group: that of *users* that names no group."""
    return frozenset(_OPEN + user for user in users if user != PUBLIC)


class Kind(NamedTuple):
    """A kind of client: the groups whose work it runs (with ANYBODYS or :func:`whose`), the commands that it has, and
    whether it runs them in container images, and runs TES tasks."""

    groups: frozenset[str]
    apps: frozenset[str]
    images: bool = True
    executors: bool = True

    @classmethod
    def of(cls, client: Client, besides: frozenset[str]) -> "Kind":
        """The kind of *client*. *besides*: what clients of its group get besides work that names the group."""
        return cls(besides | {client.group}, frozenset(client.apps), client.images, client.executors)

    def routes(self) -> Sequence["Route"]:
        """The routes on which it finds work, see :meth:`Wanted.routes`."""
        return _routes(self.groups, self.apps)


class Route(NamedTuple):
    """Where clients look for work: a group ("" for work of many), and an app (ANY_APP for clients with all)."""

    group: str
    app: str


@lru_cache(maxsize=1000)
def _routes(groups: frozenset[str], apps: frozenset[str]) -> Sequence[Route]:
    """Cached, as each checkout looks along them."""
    return [Route(group, app) for group in groups | {""} for app in ([ANY_APP] if ANY_APP in apps else apps)]


class Stock(NamedTuple):
    """The resources of a client: in all, and how much is *free*. *untold*: the amount of those that are not named."""

    total: dict[str, float]
    free: dict[str, float]
    untold: float


ENOUGH = Stock({}, {}, math.inf)
"""The stock of a client that registers no resources."""


def stock_of(client: Client) -> Stock:
    """The stock of a client without work.

    A client that registers resources has unlimited cores, memory and disk unless it names these, and nothing of other
    resources that it does not name. Workers of the original register only cores.
    """
    if client.offers is None:
        cores = {CORES: float(client.cores)} if client.cores else {}
        return Stock(cores, cores, math.inf)
    total = {**dict.fromkeys((CORES, MEMORY, DISK), math.inf), **client.offers}
    return Stock(total, dict(total), 0)


class Offer(NamedTuple):
    """What a client has for work at one moment.

    *available*: bytes of free disk. *time_left*: seconds until it leaves. Both infinite if not known. *share*: how
    many cores more its group, or the user whose work it is, may have out.
    """

    client: str
    kind: Kind
    available: float = math.inf
    time_left: float = math.inf
    stock: Stock = ENOUGH
    share: float = math.inf

    def whole(self) -> "Offer":
        """What it would be if the client had no work."""
        return self._replace(stock=self.stock._replace(free=self.stock.total))

    def but_runs(self) -> "Offer":
        """What it would be if the client had no work but runs, which may wait for what is handed out next."""
        total, free, _ = self.stock
        return (
            self.whole()
            if RUNS not in total
            else self._replace(stock=self.stock._replace(free={**total, RUNS: free[RUNS]}))
        )

    def at_best(self, share: float = math.inf) -> "Offer":
        """What it would be if nobody had any work out, and *share* cores might be."""
        return self.whole()._replace(share=share)

    def within(self, share: float) -> "Offer":
        """The same to work of a user who may have so many cores more out."""
        return self if share >= self.share else self._replace(share=share)

    def most(self) -> tuple[float, ...]:
        """The amounts that are compared with :meth:`Wanted.least`."""
        _, free, untold = self.stock
        cores = min(free.get(CORES, untold), self.share)
        return (self.time_left, cores, free.get(MEMORY, untold), free.get(DISK, untold))


class Misfit(NamedTuple):
    """Why a client cannot have work: *what* it lacks, how much of that is *asked* for, and how much it *has*.

    *what*: ``group``, ``command``, ``executors``, ``image``, ``avoided`` (the work failed there), ``time``, ``share``
    (of cores that a user or a client group may have out), or the name of a resource.
    """

    what: str
    asked: float = 0
    has: float = 0

    @property
    def part(self) -> float:
        """The part of what is asked for that is lacking, from 0 to 1."""
        return 1 - self.has / self.asked if self.asked else 1.0


class Wanted(NamedTuple):
    """What work asks of a client, except disk space for inputs.

    *groups*: it must run work of one of these. *app*: a command that it must have. *walltime*: seconds for which it
    must stay. *image*: whether it must run container images. *avoid*: ids of clients that must not have the work.
    *needs*: resources that must be free.
    """

    groups: frozenset[str]
    app: str
    walltime: int = 0
    image: bool = False
    avoid: frozenset[str] = NOBODY
    needs: Needs = PLAIN
    executors: bool = False

    def suits(self, kind: Kind) -> bool:
        """Whether clients of this kind may have the work at all."""
        return self._unsuited(kind) is None

    @property
    def named(self) -> frozenset[str]:
        """The groups that the job or task names, none if it names none."""
        return NOBODY if _OPEN in self.groups else self.groups

    def fits(self, offer: Offer, disk: int = 0) -> bool:
        """Whether a client with this offer may have the work, with *disk* bytes of inputs."""
        return self.misfit(offer, disk) is None

    def misfit(self, offer: Offer, disk: int = 0) -> Misfit | None:
        """The first reason why a client with this offer may not have the work, None if there is none."""
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
        if offer.share < math.inf and self.cores > offer.share:
            return Misfit(SHARE, self.cores, offer.share)
        return Misfit("avoided") if offer.client in self.avoid else None

    def _unsuited(self, kind: Kind) -> Misfit | None:
        if self.groups.isdisjoint(kind.groups):
            return Misfit("group")
        if self.app not in kind.apps and ANY_APP not in kind.apps:
            return Misfit("command")
        if self.executors and not kind.executors:
            return Misfit("executors")
        return Misfit("image") if self.image and not kind.images else None

    @property
    def cores(self) -> float:
        """How many cores of a share it needs: some, although a run needs none of a client."""
        return cores_of(self.needs) or LEAST_CORES

    def least(self) -> tuple[float, ...]:
        """How much time, cores, memory and disk a client must have. By these, blocks of a line are passed over."""
        amounts = dict(self.needs)
        return (self.walltime, cores_of(self.needs), amounts.get(MEMORY, 0), amounts.get(DISK, 0))

    def routes(self) -> Iterator[Route]:
        """The routes on which clients find it: for each group, one for its app and one for clients with all apps."""
        groups = self.groups if len(self.groups) <= MANY_GROUPS else ("",)
        return (Route(group, app) for group in groups for app in {self.app, ANY_APP})


MANY_GROUPS = 16
"""Work for more groups than this has a single route for all clients, not one for each group."""


class Spare(NamedTuple):
    """What a client says when it asks for work: bytes of free disk, and until when it stays, in seconds.

    None for what it does not say.
    """

    available: int | None = None
    until: float | None = None

    def without(self, disk: int) -> "Spare":
        """What is left after *disk* bytes more are used."""
        return self if self.available is None else self._replace(available=max(0, self.available - disk))

    def offer(self, client: str, kind: Kind, stock: Stock, share: float, now: Moment) -> Offer:
        """The offer of the client at the moment *now*. *share*: see :class:`Offer`."""
        return Offer(
            client,
            kind,
            math.inf if self.available is None else self.available,
            math.inf if self.until is None else self.until - now.seconds,
            stock,
            share,
        )


def parse_groups(text: str) -> frozenset[str]:
    """The names in a list of groups, which are separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


@lru_cache(maxsize=10_000)
def groups_of(named: str, submitter: str) -> frozenset[str]:
    """The groups in the list *named*; if there are none, what stands for the groups that run the submitter's work."""
    return parse_groups(named) or ANYBODYS | whose([submitter])


def disk_of(task: Task, needs: Needs) -> int:
    """Bytes of free disk that each workunit of a task asks for: those of its inputs, or its need if that is more."""
    inputs = sum(io.size for io in task.inputs)
    return inputs if needs is PLAIN else max(inputs, int(dict(needs).get(DISK, 0)))


@lru_cache(maxsize=10_000)
def wanted_of(
    groups: frozenset[str],
    app: str,
    walltime: int,
    image: bool,
    *,
    avoid: frozenset[str],
    needs: Needs,
    executors: bool = False,
) -> Wanted:
    """A :class:`Wanted`. Cached, as there are few kinds of work with many tasks of each."""
    return Wanted(groups, app, walltime, image, avoid, needs, executors)
