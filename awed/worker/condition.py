"""Waiting until something changes."""

from twisted.internet.defer import Deferred


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
