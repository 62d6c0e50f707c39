"""Who waits for whom: one at a time for each key, work that runs to its end, a condition that changes."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock
from twisted.python.failure import Failure

T = TypeVar("T")


class Alone:
    """Runs coroutines so that no two with the same key overlap. Whoever waits for one may go away; it still ends."""

    def __init__(self) -> None:
        self._locks: dict[str, DeferredLock] = {}

    def run(self, key: str, work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
        """The result of *work*, which starts when everything before it with the same *key* has ended."""
        return to_the_end(self._run(key, work))

    async def _run(self, key: str, work: Coroutine[Deferred[Any], Any, T]) -> T:
        lock = self._locks.setdefault(key, DeferredLock())
        await lock.acquire()
        try:
            return await work
        finally:
            lock.release()
            if not lock.locked:
                self._locks.pop(key, None)


def to_the_end(work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """The result of *work*, which goes on if the result is cancelled: no client that leaves stops it half way."""
    result: Deferred[T] = Deferred()

    def ended(value: T | Failure) -> None:
        if isinstance(value, Failure):
            result.errback(value)
        else:
            result.callback(value)

    Deferred.fromCoroutine(work).addBoth(ended)
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
