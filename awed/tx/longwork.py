"""Blocking work that takes long: in threads of its own, in turns, so that no user's work keeps others waiting.

Such work is a generator that yields after each step of a few milliseconds. It has a thread for one turn, goes on in
a later one, and can be stopped between two steps.
"""

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import CancelledError, Deferred, succeed

from awed.tx.locks import PerKey, unbroken
from awed.tx.threads import InThread

P = ParamSpec("P")
T = TypeVar("T")

Steps = Generator[None, None, T]
"""Work step by step. It blocks; what it returns is its result."""

TURN = 0.1
"""Seconds after which work gives its thread to others that wait."""


class LongWork:
    """Does long work for users. *in_thread* has *at_once* threads that nobody else uses. A user has *per_user* works
    under way at a time; further ones wait for those to end. *seconds* is a clock."""

    def __init__(self, in_thread: InThread, at_once: int, per_user: int, seconds: Callable[[], float]) -> None:
        self._in_thread = in_thread
        self._turns = _Turns(at_once)
        self._seconds = seconds
        self._places = PerKey(per_user)
        self.waits = PerKey(per_user)
        """By user, for what takes long by waiting for other hosts, without a thread: it keeps no work waiting."""

    async def run(self, user: str, steps: Steps[T]) -> T:
        """What *steps* comes to. If this is cancelled, *steps* is closed when the turn is over."""
        in_turn = self.in_turns_of(user)
        async with self._places.place(user):
            try:
                while not (results := await in_turn(self._go_on, steps)):
                    pass
            except CancelledError:
                await in_turn(steps.close)
                raise
        return results[0]

    def in_turns_of(self, user: str) -> InThread:
        """Runs functions that block for no longer than a turn. Each call waits for one, and if it is cancelled for
        the end of the one that it got."""

        async def in_turn(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
            async def turn() -> T:
                try:
                    return await self._in_thread(function, *args, **kwargs)
                finally:
                    self._turns.end()

            await self._turns.begin(user)
            return await unbroken(turn())

        return in_turn

    def _go_on(self, steps: Steps[T]) -> list[T]:
        """Do steps until the turn is over; the result, if it is there then."""
        until = self._seconds() + TURN
        try:
            next(steps)
            while self._seconds() < until:
                next(steps)
        except StopIteration as end:
            return [end.value]
        return []


class _Turns:
    """*most* turns at a time. Of those who wait, the user is next whose last turn began the longest ago."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: dict[str, deque[Deferred[None]]] = {}
        self._begun = 0
        self._last: dict[str, int] = {}
        """By user, how many turns had begun with that one's last."""

    def begin(self, user: str) -> Deferred[None]:
        """Fires when it is *user*'s turn. A wait may be cancelled."""
        if self._free:
            self._free -= 1
            self._note(user)
            return succeed(None)
        turn: Deferred[None] = Deferred(lambda turn: self._leave(user, turn))
        self._waiting.setdefault(user, deque()).append(turn)
        return turn

    def end(self) -> None:
        """A turn is over, the next one may begin."""
        if not self._waiting:
            self._free += 1
            self._last.clear()
            return
        user = min(self._waiting, key=lambda user: self._last.get(user, 0))
        turn = self._waiting[user][0]
        self._leave(user, turn)
        self._note(user)
        turn.callback(None)

    def _note(self, user: str) -> None:
        self._begun += 1
        self._last[user] = self._begun

    def _leave(self, user: str, turn: Deferred[Any]) -> None:
        self._waiting[user].remove(turn)
        if not self._waiting[user]:
            del self._waiting[user]
