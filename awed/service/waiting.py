"""Clients that wait for work: each is handed some the moment that work which fits it comes into the queue."""

import math
from collections.abc import Callable, Container, Iterable
from heapq import merge
from itertools import count
from operator import attrgetter

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from awed.model.errors import AwedError, NothingToDo, Unavailable
from awed.model.times import Moment
from awed.model.work import Workunit
from awed.scheduler.entries import ClientEntry, Place
from awed.scheduler.line import Line, Need
from awed.scheduler.requirements import Kind, Spare, Wanted


class Ask(Struct, frozen=True):
    """A request for work: whose it is, what its client has for it, and how many workunits it takes.

    *most* is None for one that takes single workunits, and no more of them than it registered slots. *ahead*: how
    many of them may be plain ones for later.
    """

    client_id: str
    spare: Spare
    most: int | None = None
    ahead: int = 0


class Waiter(Struct, eq=False):
    """A request that waits, which it is among those of its kind, and what fires when there is work."""

    ask: Ask
    entry: ClientEntry
    kind: Kind
    number: int
    handed: Deferred[list[Workunit]]

    def need(self, now: Moment) -> Need:
        """For a line in which those come first that have waited longest, and work looks for enough of what they have:
        what they lack to it, as negative numbers."""
        offer = self.entry.offer(now)
        return (-offer.available, *(-number for number in offer.most()))


class WaitingRoom:
    """Those who wait, by kind and in the order of their coming. *checkout* is the scheduler's."""

    def __init__(self, checkout: Callable[[Ask], list[Workunit]], reactor: IReactorTime) -> None:
        self._checkout = checkout
        self._reactor = reactor
        self._lines: dict[Kind, Line[Waiter]] = {}
        self._waiters: dict[str, Waiter] = {}
        self._numbers = count()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiters)

    async def wait(self, client: ClientEntry, ask: Ask, seconds: float, now: Moment) -> list[Workunit]:
        """Work for this client, none if none came in time.

        A client waits once: what it waited for before is answered as if its time were up. Raises what a checkout
        raises of the client itself (suspended, say), and :class:`~awed.model.errors.Unavailable` once it is closed.
        """
        if self._closed:
            raise _closing()
        self.send_away(ask.client_id)
        waiter = Waiter(ask, client, client.kind, next(self._numbers), Deferred())
        self._waiters[ask.client_id] = waiter
        self._stand(waiter, now)
        time_is_up = self._reactor.callLater(seconds, _send_away, waiter)
        try:
            return await waiter.handed
        finally:
            self._leave(waiter)
            if time_is_up.active():
                time_is_up.cancel()

    def send_away(self, client_id: str) -> None:
        """If this client waits, its time is up."""
        if client_id in self._waiters:
            _send_away(self._waiters[client_id])

    def _stand(self, waiter: Waiter, now: Moment) -> None:
        self._lines.setdefault(waiter.kind, Line()).add(waiter.number, waiter.need(now), waiter)

    def _leave(self, waiter: Waiter) -> None:
        if self._waiters.get(waiter.ask.client_id) is waiter:
            del self._waiters[waiter.ask.client_id]
        self._step_out(waiter)

    def _step_out(self, waiter: Waiter) -> None:
        line = self._lines[waiter.kind]
        line.remove(waiter.number)
        if not line:
            del self._lines[waiter.kind]

    def look_again(self, client_id: str, now: Moment) -> None:
        """If this client waits, it may have work by now that was there when it came."""
        waiter = self._waiters.get(client_id)
        if waiter is not None and not waiter.handed.called:
            self._step_out(waiter)
            self._stand(waiter, now)
            self._serve(waiter)

    def close(self) -> None:
        """Nobody may wait any more: they are told to ask again later."""
        self._closed = True
        for waiter in list(self._waiters.values()):
            if not waiter.handed.called:
                waiter.handed.errback(_closing())

    def hand_out(self, fresh: Iterable[Place], now: Moment) -> None:
        """This work has come into the queue: give it to those who wait and may have it."""
        nobody: dict[Wanted, int] = {}
        """For work of a kind with so many bytes of inputs nobody waits, nor for more of them."""
        passed: set[Waiter] = set()
        """Who got nothing after all."""
        for place in fresh:
            while place.wanted is not None and place.disk < nobody.get(place.wanted, math.inf):
                wanted, disk = place.wanted, place.disk
                waiter = self._first(wanted, disk, passed, now)
                if waiter is None:
                    nobody[wanted] = disk
                elif not self._serve(waiter):
                    passed.add(waiter)

    def _first(self, wanted: Wanted, disk: int, passed: Container[Waiter], now: Moment) -> Waiter | None:
        """Who may have such work, with so many bytes of inputs, and has waited longest."""
        most = (-disk, *(-number for number in wanted.least()))
        suited = [line.fitting(most) for kind, line in self._lines.items() if wanted.suits(kind)]
        for waiter in merge(*suited, key=attrgetter("number")):
            if wanted.fits(waiter.entry.offer(now)) and waiter not in passed and not waiter.handed.called:
                return waiter
        return None

    def _serve(self, waiter: Waiter) -> bool:
        """Let a client have what it may have; whether its wait is over."""
        try:
            units = self._checkout(waiter.ask)
        except NothingToDo:
            return False
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
