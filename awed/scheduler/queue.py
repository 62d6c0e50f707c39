"""The work queue: the places of queued ranks, in a line for each distinct :class:`Wanted` on each route."""

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
    """The queued work of one kind: how many workunits, and since when the oldest place is queued, in seconds."""

    wanted: Wanted
    work: int
    since: float


class Row:
    """The places on a route that ask for the same. The row itself is in the line *among*, by its first place."""

    __slots__ = ("_least", "_standing", "among", "line", "number", "wanted")

    def __init__(self, wanted: Wanted, among: "Line[Row]", number: int) -> None:
        self.wanted = wanted
        self.line = Line[Place]()
        self.among = among
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
        if self._standing is None:
            self.among.add((head, self.number), self._least, self)
        elif head is None:
            self.among.remove((self._standing, self.number))
        else:
            self.among.move((self._standing, self.number), (head, self.number))
        self._standing = head


class Bucket:
    """The places that ask for the same. Each is in all *rows*, which may have places of other buckets too."""

    __slots__ = ("rows", "since", "wanted", "work")

    def __init__(self, wanted: Wanted, rows: Sequence[Row]) -> None:
        self.wanted = wanted
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
    """All rows on a route, by what they ask for, and in the order of their first places."""

    __slots__ = ("in_order", "rows")

    def __init__(self) -> None:
        self.rows: dict[Wanted, Row] = {}
        self.in_order = Line[Row]()


class WorkQueue:
    """All queued work.

    A client finds its work in the rows on its routes. Rows for clients that have all apps are not divided by app.
    *fresh*: the places that got work since the service last took them. *freed*: ids of clients that may have got fit
    for queued work since then.
    """

    def __init__(self) -> None:
        self._buckets: dict[Wanted, Bucket] = {}
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
            self._bucket(place.wanted).add(place, now)
        self._buckets[place.wanted].count(place)

    def _bucket(self, wanted: Wanted) -> Bucket:
        """The bucket for such work, which is made if it is new."""
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
        """Take a place out of the queue, if it is queued."""
        self.fresh.pop(place, None)
        wanted, place.wanted = place.wanted, None
        if wanted is not None:
            bucket = self._buckets[wanted]
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
        del self._buckets[bucket.wanted]
        for route in bucket.wanted.routes():
            rows, wanted = self._crossings[route].rows, _on(route, bucket.wanted)
            if not rows[wanted].line:
                del rows[wanted]
            if not rows:
                del self._crossings[route]

    def recount(self, place: Place) -> None:
        """Count a queued place again after ranks were taken. Without ranks it leaves the queue."""
        if place.wanted is None:
            return
        if place.ranks:
            self._buckets[place.wanted].count(place)
            self.unkeep(place)
        else:
            self.remove(place)

    def queued(self) -> Iterator[Queued]:
        """The queued work by kind. Work that avoids some clients is a kind of its own."""
        return (
            Queued(bucket.wanted, bucket.work, next(iter(bucket.since.values()))) for bucket in self._buckets.values()
        )

    def touch_all(self) -> None:
        """Make all places *fresh*, so that waiting clients are offered all of them."""
        for bucket in self._buckets.values():
            self.fresh.update(dict.fromkeys(bucket.since))

    def find(self, offer: Offer) -> Place | None:
        """The place with the first rank, in the order of hand-out, that a client with this offer may have."""
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
