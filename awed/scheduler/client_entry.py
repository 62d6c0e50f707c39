"""The scheduler's entries for clients: what each of them has and offers."""

import math
from typing import NamedTuple

from awed.model.client import Client
from awed.model.resources import Needs, takes_slot
from awed.model.times import NO_TIME, Moment
from awed.model.work import WorkRecord
from awed.scheduler.requirements import Kind, Offer, Spare, stock_of
from awed.scheduler.shares import Share

NO_WORK: frozenset[str] = frozenset()
"""The empty set that all clients share, as Python would make a new one for each."""


class Held(NamedTuple):
    """A workunit that a client has, since when (in seconds), the resources that it takes there, and whose it is."""

    record: WorkRecord
    since: float
    needs: Needs
    share: Share


class ClientEntry:
    """A client: the workunits that it has, those that it must be told to end, and its failures."""

    __slots__ = (
        "asides",
        "asks_ahead",
        "back_at",
        "client",
        "confirmed",
        "discards",
        "doubted",
        "failing",
        "held",
        "kind",
        "last_ask",
        "last_seen",
        "share",
        "slots_taken",
        "spare",
        "stock",
    )

    def __init__(
        self, client: Client, besides: frozenset[str], share: Share, last_seen: float, confirmed: bool = True
    ) -> None:
        self.held: dict[str, Held] = {}
        """The workunits that it has, by id."""
        self.slots_taken = 0
        """How many of them take a slot."""
        self.share = share
        """What clients of its group have out, and may have."""
        self.introduce(client, besides, share)
        self.last_seen = self.last_ask = last_seen
        self.confirmed = confirmed
        """False after a restart, until the client registers again and says what it has."""
        self.spare = Spare()
        """The disk space and the time that it had when it last asked for work."""
        self.discards = NO_WORK
        """Ids of workunits that it must be told to end."""
        self.doubted = NO_WORK
        """Ids of workunits that were queued again because it asked for work although it had them."""
        self.asks_ahead = False
        """Whether it may ask while it has work: it reported a doubted workunit, or names its work in heartbeats."""
        self.failing: dict[str, bool] = {}
        """The latest jobs of which work failed here since the last success; true if another client then did it."""
        self.asides = 0
        """How often it was put aside since the last success."""
        self.back_at = math.inf
        """When it gets work again, in seconds, if it was put aside."""

    def introduce(self, client: Client, besides: frozenset[str], share: Share) -> None:
        """Set what the client says of itself. *besides*: see :meth:`Kind.of`. *share*: that of its group."""
        self.client = client
        self.kind = Kind.of(client, besides)
        self.stock = stock_of(client)
        for held in self.held.values():
            self._count(held.needs, -1)
            self.share.count(held.needs, -1)
            share.count(held.needs, 1)
        self.share = share

    def offer(self, now: Moment) -> Offer:
        """What it offers to work at the moment *now*."""
        return self.spare.offer(self.client.id, self.kind, self.stock, self.share.left, now)

    @property
    def counts_resources(self) -> bool:
        """Whether its resources are counted, so that all its workunits must fit together."""
        return self.client.offers is not None

    @property
    def offers(self) -> dict[str, float]:
        """The amounts of resources that it registered."""
        return {name: amount for name, amount in self.stock.total.items() if amount < math.inf}

    @property
    def free(self) -> dict[str, float]:
        """How much of them is free; 0 where work that was handed out in advance exceeds it."""
        return {name: max(0, self.stock.free[name]) for name in self.offers}

    def hold(self, record: WorkRecord, since: float, needs: Needs, share: Share) -> None:
        """Add a workunit, which it has since the second *since*. *share*: that of the user whose it is."""
        if record.wuid in self.held:
            self.let_go(record.wuid)
        self.held[record.wuid] = Held(record, since, needs, share)
        self.slots_taken += takes_slot(needs)
        self._count(needs, -1)
        self.share.count(needs, 1)
        share.count(needs, 1)

    def let_go(self, wuid: str) -> bool:
        """Remove a workunit. Returns whether it had it."""
        held = self.held.pop(wuid, None)
        if held is not None:
            self.slots_taken -= takes_slot(held.needs)
            self._count(held.needs, 1)
            self.share.count(held.needs, -1)
            held.share.count(held.needs, -1)
        return held is not None

    def obeyed(self, wuid: str) -> None:
        """It need not be told any more to end this workunit."""
        if wuid in self.discards:
            self.discards -= {wuid}

    def _count(self, needs: Needs, sign: int) -> None:
        """Add *needs*, times *sign*, to what is free. Rounded to hundredths, the unit of cores, to keep sums
        exact."""
        if self.counts_resources:
            free = self.stock.free
            for name, amount in needs:
                free[name] = round(free.get(name, 0) + sign * amount, 2)

    @property
    def is_aside(self) -> bool:
        """Whether it is suspended for a limited time."""
        return self.client.suspended_until != NO_TIME

    def absolve(self) -> None:
        """Forget its failures."""
        self.failing = {}
        self.asides = 0
