"""The work queue: places with queued ranks, in a line of their own for each distinct thing that work asks for."""

import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
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


class Bucket:
    """The places that ask for the same. Each stands in all *lines*, of which those of other buckets may be a part."""

    __slots__ = ("lines", "since", "wanted", "work")

    def __init__(self, wanted: Wanted, lines: Sequence[Line[Place]]) -> None:
        self.wanted = wanted
        self.lines = lines
        self.since: OrderedDict[Place, float] = OrderedDict()
        """The second at which each place was queued, the first ones first."""
        self.work = 0
        """How many ranks wait in them."""

    def add(self, place: Place, now: Moment) -> None:
        self.since[place] = now.seconds
        for line in self.lines:
            line.add(place.key, place.disk, place)

    def remove(self, place: Place) -> None:
        del self.since[place]
        for line in self.lines:
            line.remove(place.key)
        self.work -= place.counted
        place.counted = 0

    def count(self, place: Place) -> None:
        """The place has more or fewer ranks now."""
        ranks = len(place.ranks)
        self.work += ranks - place.counted
        place.counted = ranks


_Lines = dict[Wanted, Line[Place]]

_NO_LINES: Mapping[Wanted, Line[Place]] = MappingProxyType({})


class WorkQueue:
    """All queued work. ``fresh`` has the places that got work since somebody last looked.

    A client looks at the few lines on its routes. Those for clients that have all apps do not tell apps apart.
    """

    def __init__(self) -> None:
        self._buckets: dict[Wanted, Bucket] = {}
        self._lines: dict[Route, _Lines] = {}
        self.fresh: dict[Place, None] = {}

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
            lines = [
                self._lines.setdefault(route, {}).setdefault(_on(route, wanted), Line()) for route in wanted.routes()
            ]
            bucket = self._buckets[wanted] = Bucket(wanted, lines)
        return bucket

    def remove(self, place: Place) -> None:
        """Take a place out of the queue, if it is there."""
        self.fresh.pop(place, None)
        wanted, place.wanted = place.wanted, None
        if wanted is not None:
            bucket = self._buckets[wanted]
            bucket.remove(place)
            if not bucket.since:
                self._drop(bucket)

    def _drop(self, bucket: Bucket) -> None:
        """Nothing asks for this any more, and perhaps nothing is left in some of its lines."""
        del self._buckets[bucket.wanted]
        for route in bucket.wanted.routes():
            lines, wanted = self._lines[route], _on(route, bucket.wanted)
            if not lines[wanted]:
                del lines[wanted]
            if not lines:
                del self._lines[route]

    def recount(self, place: Place) -> None:
        """Some of the ranks of a queued place were taken, which may have been its last."""
        assert place.wanted is not None
        if place.ranks:
            self._buckets[place.wanted].count(place)
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
        fitting = [
            line
            for route in offer.kind.routes()
            for wanted, line in self._lines.get(route, _NO_LINES).items()
            if wanted.fits(offer)
        ]
        best: Place | None = None
        for line in sorted(fitting, key=_head):
            if best is not None and best.key < line.head:
                break
            found = _first(line, offer.available)
            if found is not None and (best is None or found.order < best.order):
                best = found
        return best


def _first(line: Line[Place], available: float) -> Place | None:
    """The first place of a job that runs. Suspended jobs may have left some, which are passed over together."""
    place = next(line.fitting(available), None)
    while place is not None and not place.entry.job.is_active:
        place = next(line.fitting(available, place.key._replace(place=sys.maxsize)), None)
    return place


def _head(line: Line[Place]) -> QueueKey:
    head: QueueKey = line.head
    return head


def _on(route: Route, wanted: Wanted) -> Wanted:
    """What is compared on a route: who comes by one for all apps has the app, by one of a group is of that."""
    groups = frozenset({route.group}) if route.group else wanted.groups
    return wanted._replace(groups=groups, app=ANY_APP if route.app == ANY_APP else wanted.app)
