"""Blocking work that takes long runs in threads of its own, in turns, so that no user's work delays that of others.

Such work is a generator that yields after each step of a few milliseconds. It gets a thread for one turn, continues
in a later turn, and can be stopped between two steps.
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
"""Blocking work in steps. Its result is the return value of the generator."""

TURN = 0.1
"""Seconds after which work gives up its thread to other work that waits."""


class LongWork:
    """Does long work for users.

    *in_thread* runs functions in *at_once* threads that nobody else uses. Of each user *per_user* pieces of work are
    under way at a time, and others wait until one ends. *seconds* is a clock.
    """

    def __init__(self, in_thread: InThread, at_once: int, per_user: int, seconds: Callable[[], float]) -> None:
        self._in_thread = in_thread
        self._turns = _Turns(at_once)
        self._seconds = seconds
        self._places = PerKey(per_user)
        self.waits = PerKey(per_user)
        """Limits, by user, what takes long because it waits for other hosts. It needs no thread, so it is counted
        apart from the work of :meth:`run`."""

    async def run(self, user: str, steps: Steps[T]) -> T:
        """The result of *steps*. If this is cancelled, *steps* is closed in a turn of its own."""
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
        """An :class:`~awed.tx.threads.InThread` for functions that block for no longer than a turn of *user*.

        Each call waits for a turn. If it is cancelled during its turn, it first waits for the function to end.
        """

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
        """Do steps until the turn is over or the work is done. Returns its result in a list, empty if it is not."""
        until = self._seconds() + TURN
        try:
            next(steps)
            while self._seconds() < until:
                next(steps)
        except StopIteration as end:
            return [end.value]
        return []


class _Turns:
    """At most *most* turns at a time. The next goes to the waiting user whose last turn began the longest ago."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: dict[str, deque[Deferred[None]]] = {}
        self._begun = 0
        self._last: dict[str, int] = {}
        """By user, the number of the last turn; turns are numbered in the order in which they begin."""

    def begin(self, user: str) -> Deferred[None]:
        """Fires when *user* has a turn, which ends with :meth:`end`. The wait may be cancelled."""
        if self._free:
            self._free -= 1
            self._note(user)
            return succeed(None)
        turn: Deferred[None] = Deferred(lambda turn: self._leave(user, turn))
        self._waiting.setdefault(user, deque()).append(turn)
        return turn

    def end(self) -> None:
        """End a turn, and begin the next one if a user waits."""
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
