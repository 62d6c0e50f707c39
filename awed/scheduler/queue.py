"""The work queue: places with queued ranks, in a line of their own for each distinct thing that work asks for."""

import sys
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from awed.model.times import Moment
from awed.scheduler.entries import Place, QueueKey
from awed.scheduler.line import Line
from awed.scheduler.requirements import ANY_APP, Offer, Route, Wanted


class Queued(NamedTuple):
    """What waits of one kind: how many workunits, and since which second the first of its tasks."""

    wanted: Wanted
    work: int
    since: float


class Row:
    """The places on a route that ask for the same. It stands *among* the other rows of the route by its head."""

    __slots__ = ("_least", "_standing", "among", "line", "number", "wanted")

    def __init__(self, wanted: Wanted, among: "Line[Row]", number: int) -> None:
        self.wanted = wanted
        self.line = Line[Place]()
        self.among = among
        self.number = number
        """Tells it from others whose heads are of the same task."""
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
        if head is not self._standing:
            if self._standing is not None:
                self.among.remove((self._standing, self.number))
            if head is not None:
                self.among.add((head, self.number), self._least, self)
            self._standing = head


class Bucket:
    """The places that ask for the same. Each stands in all *rows*, of which places of other buckets may be a part."""

    __slots__ = ("rows", "since", "wanted", "work")

    def __init__(self, wanted: Wanted, rows: Sequence[Row]) -> None:
        self.wanted = wanted
        self.rows = rows
        self.since: OrderedDict[Place, float] = OrderedDict()
        """The second at which each place was queued, the first ones first."""
        self.work = 0
        """How many ranks wait in them."""

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
        """The place has more or fewer ranks now."""
        ranks = len(place.ranks)
        self.work += ranks - place.counted
        place.counted = ranks


class Crossing:
    """All rows on a route, by what they ask for and in the order of their heads."""

    __slots__ = ("in_order", "rows")

    def __init__(self) -> None:
        self.rows: dict[Wanted, Row] = {}
        self.in_order = Line[Row]()


class WorkQueue:
    """All queued work. ``fresh`` has the places that got work since somebody last looked, ``freed`` the ids of
    clients that may have work by now which they could not have before.

    A client looks at the rows on its routes. Those for clients that have all apps do not tell apps apart.
    """

    def __init__(self) -> None:
        self._buckets: dict[Wanted, Bucket] = {}
        self._crossings: dict[Route, Crossing] = {}
        self._numbers = count()
        self.fresh: dict[Place, None] = {}
        self.freed: dict[str, None] = {}

    def add(self, place: Place, now: Moment) -> None:
        """Queue a place that has ranks; one that is queued already stays where it is."""
        self.fresh[place] = None
        if place.wanted is None:
            place.wanted = place.asks()
            self._bucket(place.wanted).add(place, now)
        self._buckets[place.wanted].count(place)

    def _bucket(self, wanted: Wanted) -> Bucket:
        """The bucket for such work, made if it is new."""
        bucket = self._buckets.get(wanted)
        if bucket is None:
            rows = [self._row(route, _on(route, wanted)) for route in wanted.routes()]
            bucket = self._buckets[wanted] = Bucket(wanted, rows)
        return bucket

    def _row(self, route: Route, wanted: Wanted) -> Row:
        crossing = self._crossings.get(route)
        if crossing is None:
            crossing = self._crossings[route] = Crossing()
        row = crossing.rows.get(wanted)
        if row is None:
            row = crossing.rows[wanted] = Row(wanted, crossing.in_order, next(self._numbers))
        return row

    def remove(self, place: Place) -> None:
        """Take a place out of the queue, if it is there."""
        self.fresh.pop(place, None)
        wanted, place.wanted = place.wanted, None
        if wanted is not None:
            bucket = self._buckets[wanted]
            bucket.remove(place)
            if not bucket.since:
                self._drop(bucket)
            self.unkeep(place)

    def unkeep(self, place: Place) -> None:
        """No client is kept for this place any more, and nobody has passed it."""
        place.passed = 0
        if place.kept_client:
            self.freed[place.kept_client] = None
            place.kept_client = ""

    def _drop(self, bucket: Bucket) -> None:
        """Nothing asks for this any more, and perhaps nothing is left in some of its lines."""
        del self._buckets[bucket.wanted]
        for route in bucket.wanted.routes():
            rows, wanted = self._crossings[route].rows, _on(route, bucket.wanted)
            if not rows[wanted].line:
                del rows[wanted]
            if not rows:
                del self._crossings[route]

    def recount(self, place: Place) -> None:
        """Some of the ranks of a queued place were taken, which may have been its last."""
        assert place.wanted is not None
        if place.ranks:
            self._buckets[place.wanted].count(place)
            self.unkeep(place)
        else:
            self.remove(place)

    def queued(self) -> Iterator[Queued]:
        """What waits of each kind; work that some clients are to avoid for itself."""
        return (
            Queued(bucket.wanted, bucket.work, next(iter(bucket.since.values()))) for bucket in self._buckets.values()
        )

    def touch_all(self) -> None:
        """Let those who wait look again at everything."""
        for bucket in self._buckets.values():
            self.fresh.update(dict.fromkeys(bucket.since))

    def find(self, offer: Offer) -> Place | None:
        """The place of the first rank, in the order of hand-out, that a client with this offer may have."""
        best: Place | None = None
        most = offer.most()
        for route in offer.kind.routes():
            crossing = self._crossings.get(route)
            for row in crossing.in_order.fitting(most) if crossing else ():
                if best is not None and best.key < row.line.head:
                    break
                found = _first(row.line, offer.available) if row.wanted.fits(offer) else None
                if found is not None and (best is None or found.order < best.order):
                    best = found
        return best


def _first(line: Line[Place], available: float) -> Place | None:
    """The first place of a job that runs. Suspended jobs may have left some, which are passed over together."""
    most = (available,)
    place = next(line.fitting(most), None)
    while place is not None and not place.entry.job.is_active:
        place = next(line.fitting(most, place.key._replace(place=sys.maxsize)), None)
    return place


def _on(route: Route, wanted: Wanted) -> Wanted:
    """What is compared on a route: who comes by one for all apps has the app, by one of a group is of that."""
    groups = frozenset({route.group}) if route.group else wanted.groups
    return wanted._replace(groups=groups, app=ANY_APP if route.app == ANY_APP else wanted.app)
