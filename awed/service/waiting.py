"""Clients that wait for work. They are handed work the moment that fitting work is queued."""

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
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.entries import Place
from awed.scheduler.line import Line, Need
from awed.scheduler.requirements import Kind, Spare, Wanted
from awed.scheduler.shares import Share

REFUSED = 16
"""How many waiting clients of a kind are tried in vain when more may be out."""


class Ask(Struct, frozen=True):
    """A request for work. *spare*: the disk space and the time that the client has for it.

    *most*: how many workunits it takes, None for a single one, as long as the client has fewer than its slots.
    *ahead*: how many of them may be ones that ask for no resources, to be run later.
    """

    client_id: str
    spare: Spare
    most: int | None = None
    ahead: int = 0


class Waiter(Struct, eq=False):
    """A request that waits. *number*: its place in the order of arrival. *handed* fires when there is work."""

    ask: Ask
    entry: ClientEntry
    kind: Kind
    number: int
    handed: Deferred[list[Workunit]]

    def need(self, now: Moment) -> Need:
        """What the client offers, as negative numbers: in a :class:`Line`, work then finds the clients that have
        enough of everything, those that have waited longest first."""
        offer = self.entry.offer(now)._replace(share=math.inf)  # which may become more while it waits
        return (-offer.available, *(-number for number in offer.most()))


class WaitingRoom:
    """The requests that wait, by kind of client and in the order of arrival. *checkout* checks out work for one."""

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
        """Wait for work up to *seconds*. Returns an empty list if there was none.

        A client waits only once: an earlier request of it is answered with nothing. Raises what *checkout* raises, if
        that is not for lack of work (the client may be suspended), and :class:`~awed.model.errors.Unavailable` after
        :meth:`close`.
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
        """If this client waits, answer it with nothing."""
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
        """If this client waits, try to hand it work that is queued already, as it may offer more than before."""
        waiter = self._waiters.get(client_id)
        if waiter is not None and not waiter.handed.called:
            self._step_out(waiter)
            self._stand(waiter, now)
            self._serve(waiter)

    def close(self) -> None:
        """Answer all that wait, and all that come, with :class:`~awed.model.errors.Unavailable`."""
        self._closed = True
        for waiter in list(self._waiters.values()):
            if not waiter.handed.called:
                waiter.handed.errback(_closing())

    def hand_out(self, fresh: Iterable[Place], now: Moment) -> None:
        """Hand out *fresh*, work that has just been queued, to clients that wait and may have it."""
        nobody: dict[Wanted, int] = {}
        """By kind of work, the least bytes of inputs for which nobody was found waiting."""
        passed: set[Waiter] = set()
        """Those for whom the checkout found nothing."""
        for place in fresh:
            while place.wanted is not None and place.may_go_out and place.disk < nobody.get(place.wanted, math.inf):
                wanted, disk = place.wanted, place.disk
                waiter = self._first(wanted, disk, passed, now)
                if waiter is None:
                    nobody[wanted] = disk
                elif not self._serve(waiter):
                    passed.add(waiter)

    def reopen(self, share: Share, has_work: Callable[[Kind], bool]) -> None:
        """Hand out work that nobody could have as too much was out: of a user, of whom clients of some kinds find
        work (*has_work*), or at the clients of a group. Of each kind some clients are asked in vain, REFUSED."""
        for kind, line in list(self._lines.items()):
            is_users, refused = has_work(kind), 0
            for waiter in list(line):
                if not share.left or refused == REFUSED:
                    break
                if (is_users or waiter.entry.share is share) and not waiter.handed.called:
                    refused += not self._serve(waiter)

    def _first(self, wanted: Wanted, disk: int, passed: Container[Waiter], now: Moment) -> Waiter | None:
        """The waiter that has waited longest of those that may have work with *disk* bytes of inputs and *wanted*."""
        most = (-disk, *(-number for number in wanted.least()))
        suited = [line.fitting(most) for kind, line in self._lines.items() if wanted.suits(kind)]
        for waiter in merge(*suited, key=attrgetter("number")):
            if wanted.fits(waiter.entry.offer(now)) and waiter not in passed and not waiter.handed.called:
                return waiter
        return None

    def _serve(self, waiter: Waiter) -> bool:
        """Check out work for a client that waits. Returns whether its wait is over."""
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
