"""Work that failed goes to other clients first, and to the same again if there are none."""

from awed.model.times import Moment
from awed.scheduler.clients import Clients
from awed.scheduler.entries import Place
from awed.scheduler.requirements import Wanted
from awed.scheduler.state import State

AT_ONCE = 1000
"""How many workunits are looked at in one go."""

AGAIN = 5.0
"""Seconds between two looks whether there are still others."""


class Retries:
    """Looks after the pauses of work that failed."""

    def __init__(self, state: State, clients: Clients) -> None:
        self._state = state
        self._clients = clients

    def open_due(self, now: Moment) -> None:
        """What has waited out its pause, and for which there is no other client, may go to the same ones again."""
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
        """Whether there is a client for it. What is *known* of others that want the same is true of this one."""
        assert place.wanted is not None
        wants = place.wanted, place.disk
        if wants not in known:
            known[wants] = self._clients.any_fits(*wants, now)
        return known[wants]
