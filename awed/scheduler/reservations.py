"""Chooses the work that a client gets next. Large work is not passed over for ever in favour of small work."""

from awed.model.resources import PLAIN
from awed.model.states import ClientState
from awed.model.times import Moment
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.clients import IDLE_ASKS
from awed.scheduler.entries import Place
from awed.scheduler.state import State

PASSES = 16
"""How often work behind a place may be handed out before a client is kept for the place."""


class Reservations:
    """Chooses work for clients.

    For a place that was passed over PASSES times, one client is kept free: it gets no work behind that place until
    work of the place is handed out, to whatever client, or the place leaves the queue.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def next_for(self, client: ClientEntry, now: Moment) -> Place | None:
        """The place with the first rank, in the order of hand-out, that fits at the client beside its other work.

        None if there is none, or if the client is kept free for another place.
        """
        offer = client.offer(now)
        if not client.counts_resources:
            return self._state.queue.find(offer)
        first = self._state.queue.find(offer.but_runs())
        if first is None or first.wanted is None or first.wanted.fits(offer):
            return first
        if first.passed >= PASSES and self._is_kept(client, first, now):
            return None
        behind = self._state.queue.find(offer)
        first.passed += behind is not None
        if first.passed >= PASSES:
            self._state.queue.patient.add(first)
        return behind

    def ahead_for(self, client: ClientEntry, now: Moment) -> Place | None:
        """The place with the first rank, if that asks for no resources: work that is to wait at the client until
        other work there has ended. Nothing is passed over for it."""
        first = self._state.queue.find(client.offer(now).whole())
        return first if first is not None and first.wanted is not None and first.wanted.needs == PLAIN else None

    def keeps(self, client: ClientEntry, place: Place, now: Moment) -> bool:
        """Whether *client* would not get *place*, although it fits there, because it is kept for one before it."""
        if not client.counts_resources or not self._state.queue.patient:
            return False
        offer = client.offer(now)
        first = self._state.queue.find(offer.but_runs())
        if first is None or first.wanted is None or first.order >= place.order or first.wanted.fits(offer):
            return False
        return first.passed >= PASSES and self._may_keep(client, first, now)

    def _is_kept(self, client: ClientEntry, place: Place, now: Moment) -> bool:
        """Whether *client* is kept free for *place*. It is if no client is yet, or if it lacks less than that one.

        The place would fit there if nothing ran. A client that was kept before is freed.
        """
        if not self._may_keep(client, place, now):
            return False
        if place.kept_client != client.client.id:
            if place.kept_client:
                self._state.queue.freed[place.kept_client] = None
            place.kept_client = client.client.id
        return True

    def _may_keep(self, client: ClientEntry, place: Place, now: Moment) -> bool:
        """Whether *client* is kept for *place*, or would be: no client is yet, or that one lacks more."""
        kept = self._state.clients.get(place.kept_client)
        return kept in (None, client) or self._lacks(kept, place, now) > self._lacks(client, place, now)

    def _lacks(self, client: ClientEntry, place: Place, now: Moment) -> float:
        """The part of what the place needs that is not free at the client, from 0 to 1; 2 if it will never fit."""
        assert place.wanted is not None
        offer = client.offer(now)
        asks = client.client.status is not ClientState.SUSPEND and client.last_ask > now.seconds - IDLE_ASKS
        if not asks or not place.wanted.fits(offer.whole(), place.disk):
            return 2.0
        misfit = place.wanted.misfit(offer, place.disk)
        return misfit.part if misfit else 0.0
