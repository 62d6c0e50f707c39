"""Coordination of coroutines: a limit for each key, work that is not cut off by a cancellation, a condition."""

from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.python.failure import Failure

T = TypeVar("T")


class PerKey:
    """A semaphore for each key, with *most* places. Those who wait for a place get one in the order of arrival."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[str, DeferredSemaphore] = {}

    @asynccontextmanager
    async def place(self, key: str) -> AsyncIterator[None]:
        """Context that holds a place of *key*. Entering it waits until one is free; the wait may be cancelled."""
        await self.acquire(key)
        try:
            yield
        finally:
            self.release(key)

    async def acquire(self, key: str) -> None:
        """Wait for a place, which must be given back with :meth:`release`. The wait may be cancelled."""
        await self._places.setdefault(key, DeferredSemaphore(self._most)).acquire()

    def release(self, key: str) -> None:
        """Give back a place of *key*."""
        places = self._places[key]
        # Deleted before the release: that runs the next one in line, which may itself acquire and release *key*.
        if places.tokens == self._most - 1 and not places.waiting:
            del self._places[key]
        places.release()

    def waiting(self, key: str) -> int:
        """How many wait for a place of *key*."""
        return len(self._places[key].waiting) if key in self._places else 0


class Alone:
    """Runs coroutines so that no two with the same key overlap. Each runs to its end, whoever cancels its result."""

    def __init__(self) -> None:
        self._one = PerKey(1)

    def run(self, key: str, work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
        """The result of *work*, which starts when all earlier work with the same *key* has ended."""
        return to_the_end(self._run(key, work))

    async def _run(self, key: str, work: Coroutine[Deferred[Any], Any, T]) -> T:
        async with self._one.place(key):
            return await work


def to_the_end(work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """The result of *work*, which goes on if the result is cancelled.

    A client that closes its connection cancels its request; the change that it asked for must not stop half way.
    """
    return _shielded(Deferred.fromCoroutine(work))


async def unbroken(work: Awaitable[T]) -> T:
    """The result of *work*. If the caller is cancelled, *work* goes on, and only its end raises
    ``CancelledError``."""

    async def wait() -> T:
        return await work

    running: Deferred[T] = Deferred.fromCoroutine(wait())
    try:
        return await _shielded(running)
    except CancelledError:
        await _shielded(running)
        raise


def _shielded(running: Deferred[T]) -> Deferred[T]:
    """The result of *running*, as a Deferred whose cancellation does not cancel *running*."""
    result: Deferred[T] = Deferred()

    def ended(value: T | Failure) -> None:
        if isinstance(value, Failure):
            result.errback(value)
        else:
            result.callback(value)

    running.addBoth(ended)
    return result


class Condition:
    """Lets coroutines wait until something changes. A wait may be cancelled."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[None]] = []

    def __bool__(self) -> bool:
        """Whether a coroutine waits."""
        return bool(self._waiting)

    def wait(self) -> Deferred[None]:
        """Fires with the next :meth:`notify`."""
        waiter: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        return waiter

    def notify(self) -> None:
        """Wake all who wait now."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)
