"""Long work on nodes in the background: what is under way is locked, and can be waited for."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from awed.model.errors import AwedError, StoreAway
from awed.model.node import Lock


class Underway:
    """Work by node and subject (the file, or the name of an index). *now* is the clock of the locks."""

    _log = Logger()

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._locks: dict[tuple[str, str], Lock] = {}
        self._running: dict[tuple[str, str], Deferred[None]] = {}
        self._waiting: dict[tuple[str, str], list[Deferred[None]]] = {}
        self._away: dict[tuple[str, str], StoreAway] = {}
        """What failed only because the daemon's store was away."""

    def start(self, node_id: str, subject: str, work: Coroutine[Deferred[Any], Any, None]) -> None:
        """Do *work*, locking its subject. If it fails the lock stays, with the error, until it is started again."""
        key = node_id, subject
        self._away.pop(key, None)
        self._locks[key] = Lock(created_on=self._now())
        self._waiting[key] = []
        running = Deferred.fromCoroutine(self._run(key, work))
        if key in self._waiting:
            self._running[key] = running

    def lock(self, node_id: str, subject: str) -> Lock | None:
        """The lock of a subject, None if it is free."""
        return self._locks.get((node_id, subject))

    def subjects(self, node_id: str) -> list[str]:
        """What is locked of a node."""
        return [subject for node, subject in self._locks if node == node_id]

    async def ended(self, node_id: str, subject: str) -> None:
        """Wait until no work on the subject is under way."""
        waiting = self._waiting.get((node_id, subject))
        if waiting is not None:
            end: Deferred[None] = Deferred()
            waiting.append(end)
            await end

    async def stop(self, node_id: str) -> None:
        """End what is under way on a node."""
        for key in [key for key in self._running if key[0] == node_id]:
            self._running[key].cancel()
            await self.ended(*key)

    def forget(self, node_id: str) -> None:
        """Drop the errors of a node that is gone."""
        for subject in self.subjects(node_id):
            if (node_id, subject) not in self._waiting:
                del self._locks[node_id, subject]
                self._away.pop((node_id, subject), None)

    def check(self, node_id: str, subject: str) -> None:
        """Raises :class:`~awed.model.errors.StoreAway` if the work failed because of that: it can be begun again."""
        away = self._away.get((node_id, subject))
        if away is not None:
            raise away

    async def all_ended(self) -> None:
        """Wait until nothing is under way."""
        while self._waiting:
            await self.ended(*next(iter(self._waiting)))

    async def _run(self, key: tuple[str, str], work: Coroutine[Deferred[Any], Any, None]) -> None:
        try:
            await work
        except CancelledError:
            del self._locks[key]
        except AwedError as error:
            self._locks[key].error = str(error)
            if isinstance(error, StoreAway):
                self._away[key] = error
        except Exception:
            self._log.failure("work on {subject} of node {node} failed", node=key[0], subject=key[1])
            self._locks[key].error = "internal error: see the server's log"
        else:
            del self._locks[key]
        self._running.pop(key, None)
        for end in self._waiting.pop(key):
            end.callback(None)
