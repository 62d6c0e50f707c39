"""Opens failed work, which first goes to other clients only, to the same clients again if there are no others."""

from awed.model.times import Moment
from awed.scheduler.clients import Clients
from awed.scheduler.entries import Place, Variant
from awed.scheduler.requirements import NOBODY, Wanted
from awed.scheduler.state import State

AT_ONCE = 1000
"""Workunits that one call looks at."""

AGAIN = 5.0
"""Seconds after which it is checked again whether there are other clients."""


class Retries:
    """Looks at failed work after its pause."""

    def __init__(self, state: State, clients: Clients) -> None:
        self._state = state
        self._clients = clients

    def open_due(self, now: Moment) -> None:
        """Open workunits whose pause is over: to other clients than those where they failed or, if none, to all."""
        others: dict[tuple[Wanted, int], bool] = {}
        for entry, record in self._state.pauses.due(now, AT_ONCE):
            place = entry.place_of(record)
            if place is None or place.variant == Variant.of(record)._replace(avoid=NOBODY, paused=False):
                continue
            avoids = bool(record.failed_on) and self._has_others(place, others, now)
            if avoids:
                self._state.pauses.again(entry, record, now.seconds + AGAIN)
            if record.paused or not avoids:
                entry.take(place, record.rank)
                self._state.queue.recount(place)
                record.paused = False
                self._state.changes.work(record)
                self._state.queue.add(entry.put(record, avoids), now)

    def _has_others(self, place: Place, known: dict[tuple[Wanted, int], bool], now: Moment) -> bool:
        """Whether there is another client for *place*. *known*: caches the results, by what places ask for."""
        wants = place.wanted or place.asks(), place.disk
        if wants not in known:
            known[wants] = self._clients.any_fits(*wants, now)
        return known[wants]
