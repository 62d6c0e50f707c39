"""Clients that wait for work: each is handed some the moment that work which fits it comes into the queue."""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from awed.model.client import Client
from awed.model.errors import AwedError, NothingToDo, QueueEmpty, Unavailable
from awed.model.work import Workunit
from awed.scheduler.requirements import Offer, Wanted


class Ask(Struct, frozen=True):
    """A request for work: whose it is, what its client has for it, and how many workunits it takes.

    *most* is None for one that takes single workunits, and no more of them than it registered slots.
    """

    client_id: str
    offer: Offer
    most: int | None = None


class Waiter(Struct):
    """A request that waits, and what fires when there is work."""

    ask: Ask
    handed: Deferred[list[Workunit]]


_Kind = tuple[str, tuple[str, ...]]
"""A client's group and apps: clients of one kind may have the same work."""


class WaitingRoom:
    """Those who wait, by kind and in the order of their coming. *checkout* is the scheduler's."""

    def __init__(self, checkout: Callable[[Ask], list[Workunit]], reactor: IReactorTime) -> None:
        self._checkout = checkout
        self._reactor = reactor
        self._waiters: dict[_Kind, OrderedDict[str, Waiter]] = {}
        self._closed = False

    def __len__(self) -> int:
        return sum(map(len, self._waiters.values()))

    async def wait(self, client: Client, ask: Ask, seconds: float) -> list[Workunit]:
        """Work for this client, none if none came in time.

        A client waits once: what it waited for before is answered as if its time were up. Raises what a checkout
        raises of the client itself (suspended, say), and :class:`~awed.model.errors.Unavailable` once it is closed.
        """
        if self._closed:
            raise _closing()
        kind = (client.group, tuple(client.apps))
        self._turn_away(kind, client.id)
        waiter = Waiter(ask, Deferred())
        self._waiters.setdefault(kind, OrderedDict())[client.id] = waiter
        time_is_up = self._reactor.callLater(seconds, _send_away, waiter)
        try:
            return await waiter.handed
        finally:
            self._leave(kind, waiter)
            if time_is_up.active():
                time_is_up.cancel()

    def _turn_away(self, kind: _Kind, client_id: str) -> None:
        waiter = self._waiters.get(kind, OrderedDict()).get(client_id)
        if waiter is not None:
            _send_away(waiter)

    def _leave(self, kind: _Kind, waiter: Waiter) -> None:
        room = self._waiters.get(kind, OrderedDict())
        if room.get(waiter.ask.client_id) is waiter:
            del room[waiter.ask.client_id]
        if not room:
            self._waiters.pop(kind, None)

    def close(self) -> None:
        """Nobody may wait any more: they are told to ask again later."""
        self._closed = True
        for waiter in [waiter for room in self._waiters.values() for waiter in room.values()]:
            if not waiter.handed.called:
                waiter.handed.errback(_closing())

    def hand_out(self, fresh: Iterable[Wanted]) -> None:
        """Work of these kinds has come into the queue: give it to those who wait and may have it."""
        wanted = list(fresh)
        for group, apps in list(self._waiters):
            if any(kind.fits(group, apps) for kind in wanted) and not self._serve((group, apps)):
                return

    def _serve(self, kind: _Kind) -> bool:
        """Try everyone of a kind; False as soon as the queue is empty."""
        for waiter in list(self._waiters.get(kind, {}).values()):  # a checkout may have others served
            if waiter.handed.called:
                continue
            try:
                units = self._checkout(waiter.ask)
            except QueueEmpty:
                return False
            except NothingToDo:
                continue
            except AwedError as error:
                waiter.handed.errback(error)
            else:
                waiter.handed.callback(units)
        return True


def _send_away(waiter: Waiter) -> None:
    if not waiter.handed.called:
        waiter.handed.callback([])


def _closing() -> Unavailable:
    return Unavailable("the server is stopping: nothing is lost, please ask again")
