"""Who waits for whom: so many at a time for each key, work that runs to its end, a condition that changes."""

from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.python.failure import Failure

T = TypeVar("T")


class PerKey:
    """Lets *most* at a time be at something for each key; others wait, in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[str, DeferredSemaphore] = {}

    @asynccontextmanager
    async def place(self, key: str) -> AsyncIterator[None]:
        """One of the places, once it is free. A wait may be cancelled."""
        await self.acquire(key)
        try:
            yield
        finally:
            self.release(key)

    async def acquire(self, key: str) -> None:
        """Wait for a place. It is to be given back by :meth:`release`, unless the wait is cancelled."""
        await self._places.setdefault(key, DeferredSemaphore(self._most)).acquire()

    def release(self, key: str) -> None:
        """Give a place back."""
        places = self._places[key]
        # Before the release, in which whoever comes next may run to its end and others come.
        if places.tokens == self._most - 1 and not places.waiting:
            del self._places[key]
        places.release()

    def waiting(self, key: str) -> int:
        """How many wait."""
        return len(self._places[key].waiting) if key in self._places else 0


class Alone:
    """Runs coroutines so that no two with the same key overlap. Whoever waits for one may go away; it still ends."""

    def __init__(self) -> None:
        self._one = PerKey(1)

    def run(self, key: str, work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
        """The result of *work*, which starts when everything before it with the same *key* has ended."""
        return to_the_end(self._run(key, work))

    async def _run(self, key: str, work: Coroutine[Deferred[Any], Any, T]) -> T:
        async with self._one.place(key):
            return await work


def to_the_end(work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """The result of *work*, which goes on if the result is cancelled: no client that leaves stops it half way."""
    return _shielded(Deferred.fromCoroutine(work))


async def unbroken(work: Awaitable[T]) -> T:
    """The result of *work*. If this is cancelled, work goes on, and its end is waited for all the same."""

    async def wait() -> T:
        return await work

    running: Deferred[T] = Deferred.fromCoroutine(wait())
    try:
        return await _shielded(running)
    except CancelledError:
        await _shielded(running)
        raise


def _shielded(running: Deferred[T]) -> Deferred[T]:
    """The result of *running*, which does not hear of it if this is cancelled."""
    result: Deferred[T] = Deferred()

    def ended(value: T | Failure) -> None:
        if isinstance(value, Failure):
            result.errback(value)
        else:
            result.callback(value)

    running.addBoth(ended)
    return result


class Condition:
    """Whoever waits goes on when it is notified. A wait may be cancelled."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[None]] = []

    def wait(self) -> Deferred[None]:
        """Fires with the next :meth:`notify`."""
        waiter: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        return waiter

    def notify(self) -> None:
        """Let all go on that wait now."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)
