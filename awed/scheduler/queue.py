"""The work queue: the places of queued ranks, in a line for each distinct :class:`Wanted` on each route."""

import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from operator import attrgetter, itemgetter
from typing import NamedTuple

from awed.model.times import Moment
from awed.scheduler.entries import Place, QueueKey, order_of
from awed.scheduler.line import Line
from awed.scheduler.requirements import ANY_APP, Kind, Offer, Route, Wanted
from awed.scheduler.shares import Share


class Queued(NamedTuple):
    """Queued work of one kind: how many workunits, the oldest place, and since when that is queued, in seconds."""

    wanted: Wanted
    work: int
    oldest: Place
    since: float


class Row:
    """The places on a route that ask for the same. The row is in the line of its *lane*, by its first place."""

    __slots__ = ("_least", "_standing", "lane", "line", "number", "wanted")

    def __init__(self, wanted: Wanted, lane: "Lane", number: int) -> None:
        self.wanted = wanted
        self.line = Line[Place]()
        self.lane = lane
        self.number = number
        """Makes its key in that line unique, as first places of several rows may be of the same task."""
        self._least = wanted.least()
        self._standing: QueueKey | None = None

    def add(self, place: Place) -> None:
        self.line.add(place.key, (place.disk,), place)
        self._stand()

    def remove(self, place: Place) -> None:
        self.line.remove(place.key)
        self._stand()

    def _stand(self) -> None:
        head = self.line.head if self.line else None
        if head is self._standing:
            return
        among = self.lane.line
        if self._standing is None:
            among.add((head, self.number), self._least, self)
        elif head is None:
            among.remove((self._standing, self.number))
        else:
            among.move((self._standing, self.number), (head, self.number))
        self._standing = head


class Lane:
    """The rows of one user on a route, in the order of their first places; or of all users, if none has a share."""

    __slots__ = ("line", "rows", "share")

    def __init__(self, share: Share) -> None:
        self.share = share
        self.rows: dict[Wanted, Row] = {}
        self.line = Line[Row]()

    @property
    def order(self) -> tuple[int, float, QueueKey]:
        """Its sort key in the order of hand-out, by what its user has out at present."""
        return order_of(self.line.head[0], self.share)


class Bucket:
    """The places of a user that ask for the same. Each is in all *rows*, which may have places of others too."""

    __slots__ = ("rows", "share", "since", "wanted", "work")

    def __init__(self, wanted: Wanted, share: Share, rows: Sequence[Row]) -> None:
        self.wanted = wanted
        self.share = share
        self.rows = rows
        self.since: OrderedDict[Place, float] = OrderedDict()
        """When each place was queued, in seconds; the oldest first."""
        self.work = 0
        """How many ranks they have in all."""

    def add(self, place: Place, now: Moment) -> None:
        self.since[place] = now.seconds
        for row in self.rows:
            row.add(place)

    def remove(self, place: Place) -> None:
        del self.since[place]
        for row in self.rows:
            row.remove(place)
        self.work -= place.counted
        place.counted = 0

    def count(self, place: Place) -> None:
        """Count the ranks of a place again, after they have changed."""
        ranks = len(place.ranks)
        self.work += ranks - place.counted
        place.counted = ranks


class Crossing:
    """All lanes on a route, by the shares of their users."""

    __slots__ = ("lanes",)

    def __init__(self) -> None:
        self.lanes: dict[Share, Lane] = {}

    def lane(self, share: Share) -> Lane:
        """The lane for work of this share, which is made if it is new."""
        lane = self.lanes.get(share)
        if lane is None:
            lane = self.lanes[share] = Lane(share)
        return lane

    def in_order(self) -> Iterable[Lane]:
        """The lanes in the order of hand-out at present."""
        lanes = self.lanes.values()
        return lanes if len(lanes) == 1 else sorted(lanes, key=attrgetter("order"))


class WorkQueue:
    """All queued work.

    A client finds its work in the rows on its routes. Rows for clients that have all apps are not divided by app.
    *fresh*: the places that got work since the service last took them. *freed*: ids of clients that may have got fit
    for queued work since then.
    """

    def __init__(self) -> None:
        self._buckets: dict[tuple[Wanted, Share], Bucket] = {}
        self._crossings: dict[Route, Crossing] = {}
        self._numbers = count()
        self.fresh: dict[Place, None] = {}
        self.freed: dict[str, None] = {}
        self.patient: set[Place] = set()
        """The places that were passed over so often that clients are kept free for them."""

    def add(self, place: Place, now: Moment) -> None:
        """Queue a place, or count it again if it is queued."""
        if place.variant.paused:
            return
        self.fresh[place] = None
        if place.wanted is None:
            place.wanted = place.asks()
            self._bucket(place.wanted, place.share).add(place, now)
        self._buckets[place.wanted, place.share].count(place)

    def _bucket(self, wanted: Wanted, share: Share) -> Bucket:
        """The bucket for such work, which is made if it is new."""
        bucket = self._buckets.get((wanted, share))
        if bucket is None:
            rows = [self._row(route, _on(route, wanted), share) for route in wanted.routes()]
            bucket = self._buckets[wanted, share] = Bucket(wanted, share, rows)
            share.ask(wanted.cores)
        return bucket

    def _row(self, route: Route, wanted: Wanted, share: Share) -> Row:
        crossing = self._crossings.get(route)
        if crossing is None:
            crossing = self._crossings[route] = Crossing()
        lane = crossing.lane(share)
        row = lane.rows.get(wanted)
        if row is None:
            row = lane.rows[wanted] = Row(wanted, lane, next(self._numbers))
        return row

    def remove(self, place: Place) -> None:
        """Take a place out of the queue, if it is queued."""
        self.fresh.pop(place, None)
        wanted, place.wanted = place.wanted, None
        if wanted is not None:
            bucket = self._buckets[wanted, place.share]
            bucket.remove(place)
            if not bucket.since:
                self._drop(bucket)
            self.unkeep(place)

    def unkeep(self, place: Place) -> None:
        """End the reservation of a client for this place, and begin counting anew how often it is passed."""
        place.passed = 0
        self.patient.discard(place)
        if place.kept_client:
            self.freed[place.kept_client] = None
            place.kept_client = ""

    def _drop(self, bucket: Bucket) -> None:
        """Remove an empty bucket, and those of its rows that are empty."""
        del self._buckets[bucket.wanted, bucket.share]
        bucket.share.ask_no_more(bucket.wanted.cores)
        for route, row in zip(bucket.wanted.routes(), bucket.rows, strict=True):
            if row.line:
                continue
            lane, crossing = row.lane, self._crossings[route]
            del lane.rows[row.wanted]
            if not lane.rows:
                del crossing.lanes[lane.share]
            if not crossing.lanes:
                del self._crossings[route]

    def recount(self, place: Place) -> None:
        """Count a queued place again after ranks were taken. Without ranks it leaves the queue."""
        if place.wanted is None:
            return
        if place.ranks:
            self._buckets[place.wanted, place.share].count(place)
            self.unkeep(place)
        else:
            self.remove(place)

    def has(self, share: Share, kind: Kind) -> bool:
        """Whether there is work of this user on the routes of clients of a kind."""
        crossings = map(self._crossings.get, kind.routes())
        return any(crossing is not None and share in crossing.lanes for crossing in crossings)

    def queued(self) -> Iterator[Queued]:
        """The queued work by kind. Work that avoids some clients is a kind of its own."""
        found: dict[Wanted, Queued] = {}
        for (wanted, _), bucket in self._buckets.items():
            oldest, since = next(iter(bucket.since.items()))
            other, work = found.get(wanted), bucket.work
            if other is not None:
                work += other.work
                oldest, since = min((oldest, since), (other.oldest, other.since), key=itemgetter(1))
            found[wanted] = Queued(wanted, work, oldest, since)
        return iter(found.values())

    def touch_all(self) -> None:
        """Make all places *fresh*, so that waiting clients are offered all of them."""
        for bucket in self._buckets.values():
            self.fresh.update(dict.fromkeys(bucket.since))

    def find(self, offer: Offer) -> Place | None:
        """The place with the first rank, in the order of hand-out, that a client with this offer may have."""
        best: Place | None = None
        for route in offer.kind.routes():
            crossing = self._crossings.get(route)
            for lane in crossing.in_order() if crossing else ():
                if best is not None and best.order < lane.order:
                    break
                if lane.share.left:
                    best = _first_in(lane, offer.within(lane.share.left), best)
        return best


def _first_in(lane: Lane, offer: Offer, best: Place | None) -> Place | None:
    """The first place in a lane for a client with this offer, or *best* if there is none before that."""
    order = best.order if best is not None else None
    for row in lane.line.fitting(offer.most()):
        if order is not None and order < order_of(row.line.head, lane.share):
            break
        found = _first(row.line, offer.available) if row.wanted.fits(offer) else None
        if found is not None and (order is None or found.order < order):
            best, order = found, found.order
    return best


def _first(line: Line[Place], available: float) -> Place | None:
    """The first place of an active job that needs at most *available* bytes of disk.

    Places that suspended jobs still have, until their sweep has come to them, are passed over, a job at a time.
    """
    most = (available,)
    place = next(line.fitting(most), None)
    while place is not None and not place.entry.job.is_active:
        place = next(line.fitting(most, place.key._replace(place=sys.maxsize)), None)
    return place


def _on(route: Route, wanted: Wanted) -> Wanted:
    """The part of *wanted* that tells rows on *route* apart: the route's own group, and no app if it is for all."""
    groups = frozenset({route.group}) if route.group else wanted.groups
    return wanted._replace(groups=groups, app=ANY_APP if route.app == ANY_APP else wanted.app)
