"""Long work on nodes in the background: what is under way is locked, and can be waited for."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from awed.model.errors import AwedError, NoSpace, Unavailable
from awed.model.node import Lock


class Underway:
    """Work by node and subject (the file, or the name of an index). *now* is the clock of the locks."""

    _log = Logger()

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._locks: dict[tuple[str, str], Lock] = {}
        self._running: dict[tuple[str, str], Deferred[None]] = {}
        self._waiting: dict[tuple[str, str], list[Deferred[None]]] = {}
        self._errors: dict[tuple[str, str], AwedError] = {}
        """By which work failed that was not begun again since."""

    def start(self, node_id: str, subject: str, work: Coroutine[Deferred[Any], Any, None]) -> None:
        """Do *work*, locking its subject. If it fails the lock stays, with the error, until it is started again."""
        key = node_id, subject
        self._errors.pop(key, None)
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
                self._errors.pop((node_id, subject), None)

    def error(self, node_id: str, subject: str) -> AwedError | None:
        """By what the last work failed, if it did. :class:`~awed.model.errors.Unavailable`: it may go well now."""
        return self._errors.get((node_id, subject))

    def may_go_well(self, node_id: str, subject: str) -> bool:
        """Whether the last work failed by the system, and not by what the file is."""
        return isinstance(self.error(node_id, subject), Unavailable)

    async def all_ended(self) -> None:
        """Wait until nothing is under way."""
        while self._waiting:
            await self.ended(*next(iter(self._waiting)))

    async def _run(self, key: tuple[str, str], work: Coroutine[Deferred[Any], Any, None]) -> None:
        try:
            await work
        except CancelledError:
            self._failed(key, Unavailable("it was stopped"))
        except NoSpace as error:
            self._failed(key, Unavailable(*error.texts))
        except AwedError as error:
            self._failed(key, error)
        except OSError as error:
            self._log.warn("work on {subject} of node {node}: {error}", node=key[0], subject=key[1], error=error)
            self._failed(key, Unavailable(error.strerror or "the system failed"))
        except Exception:
            self._log.failure("work on {subject} of node {node} failed", node=key[0], subject=key[1])
            self._failed(key, Unavailable("internal error: see the server's log"))
        else:
            del self._locks[key]
        self._running.pop(key, None)
        for end in self._waiting.pop(key):
            end.callback(None)

    def _failed(self, key: tuple[str, str], error: AwedError) -> None:
        self._locks[key].error = str(error)
        self._errors[key] = error
