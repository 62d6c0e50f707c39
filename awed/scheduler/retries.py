"""Opens failed work, which first goes to other clients only, to the same clients again if there are no others."""

from awed.model.times import Moment
from awed.scheduler.clients import Clients
from awed.scheduler.entries import Place
from awed.scheduler.requirements import Wanted
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
        """Open workunits whose pause is over, and for which there is no other client, to all clients."""
        others: dict[tuple[Wanted, int], bool] = {}
        for entry, record in self._state.pauses.due(now, AT_ONCE):
            place = entry.place_of(record)
            if place is None or not place.avoid:
                continue
            if self._has_others(place, others, now):
                self._state.pauses.again(entry, record, now.seconds + AGAIN)
            else:
                entry.take(place, record.rank)
                self._state.queue.recount(place)
                self._state.queue.add(entry.put(record.rank), now)

    def _has_others(self, place: Place, known: dict[tuple[Wanted, int], bool], now: Moment) -> bool:
        """Whether there is another client for *place*. *known*: caches the results, by what places ask for."""
        assert place.wanted is not None
        wants = place.wanted, place.disk
        if wants not in known:
            known[wants] = self._clients.any_fits(*wants, now)
        return known[wants]
