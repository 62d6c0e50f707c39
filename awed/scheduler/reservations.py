"""Which queued work a client gets next. Large work is not passed for ever by small work that stands behind it."""

from awed.model.resources import PLAIN
from awed.model.states import ClientState
from awed.model.times import Moment
from awed.scheduler.clients import IDLE_ASKS
from awed.scheduler.entries import ClientEntry, Place
from awed.scheduler.state import State

PASSES = 16
"""How often other work may be handed out in the stead of a place that stands before it."""


class Reservations:
    """Chooses for clients. For a place that was passed :data:`PASSES` times one client is kept: it gets nothing that
    stands behind until that is handed out, wherever, or leaves the queue."""

    def __init__(self, state: State) -> None:
        self._state = state

    def next_for(self, client: ClientEntry, now: Moment) -> Place | None:
        """The place of the first rank, in the order of hand-out, that this client may have beside what it holds; None
        if there is none, or if it is kept for another."""
        offer = client.offer(now)
        if not client.counts_resources:
            return self._state.queue.find(offer)
        first = self._state.queue.find(offer.whole())
        if first is None or first.wanted is None or first.wanted.fits(offer):
            return first
        if first.passed >= PASSES and self._is_kept(client, first, now):
            return None
        behind = self._state.queue.find(offer)
        first.passed += behind is not None
        return behind

    def ahead_for(self, client: ClientEntry, now: Moment) -> Place | None:
        """The same for plain work that is to wait at the client until other work has ended there: it passes none."""
        first = self._state.queue.find(client.offer(now).whole())
        return first if first is not None and first.wanted is not None and first.wanted.needs == PLAIN else None

    def _is_kept(self, client: ClientEntry, place: Place, now: Moment) -> bool:
        """Whether this client, where the place would fit if nothing ran there, is kept for it: none is, or this one
        lacks less."""
        kept = self._state.clients.get(place.kept_client)
        if kept is client:
            return True
        if kept is not None and self._lacks(kept, place, now) <= self._lacks(client, place, now):
            return False
        if place.kept_client:
            self._state.queue.freed[place.kept_client] = None
        place.kept_client = client.client.id
        return True

    def _lacks(self, client: ClientEntry, place: Place, now: Moment) -> float:
        """How much of what the place needs is not free at the client, from 0 to 1; more if it will never be."""
        assert place.wanted is not None
        offer = client.offer(now)
        asks = client.client.status is not ClientState.SUSPEND and client.last_ask > now.seconds - IDLE_ASKS
        if not asks or not place.wanted.fits(offer.whole(), place.disk):
            return 2.0
        misfit = place.wanted.misfit(offer, place.disk)
        return misfit.share if misfit else 0.0
