"""Background work on nodes: while it runs its subject is locked, and others can wait for its end."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from awed.model.errors import AwedError, NoSpace, Unavailable
from awed.model.node import Lock


class Underway:
    """Background work by node and subject (``file``, or the name of an index). *now* is the clock."""

    _log = Logger()

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._locks: dict[tuple[str, str], Lock] = {}
        self._running: dict[tuple[str, str], Deferred[None]] = {}
        self._waiting: dict[tuple[str, str], list[Deferred[None]]] = {}
        self._errors: dict[tuple[str, str], AwedError] = {}
        """The errors of work that failed and was not started again since."""

    def start(self, node_id: str, subject: str, work: Coroutine[Deferred[Any], Any, None]) -> None:
        """Start *work* and lock its subject. If it fails, the lock stays, with the error, until the next start."""
        key = node_id, subject
        self._errors.pop(key, None)
        self._locks[key] = Lock(created_on=self._now())
        self._waiting[key] = []
        running = Deferred.fromCoroutine(self._run(key, work))
        if key in self._waiting:
            self._running[key] = running

    def lock(self, node_id: str, subject: str) -> Lock | None:
        """The lock of a subject, None if it is not locked."""
        return self._locks.get((node_id, subject))

    def subjects(self, node_id: str) -> list[str]:
        """The subjects of a node that are locked."""
        return [subject for node, subject in self._locks if node == node_id]

    async def ended(self, node_id: str, subject: str) -> None:
        """Wait until no work on the subject is under way."""
        waiting = self._waiting.get((node_id, subject))
        if waiting is not None:
            end: Deferred[None] = Deferred()
            waiting.append(end)
            await end

    async def stop(self, node_id: str) -> None:
        """Cancel all work on a node and wait for its end."""
        for key in [key for key in self._running if key[0] == node_id]:
            self._running[key].cancel()
            await self.ended(*key)

    def forget(self, node_id: str) -> None:
        """Drop the locks and errors of a node that is deleted."""
        for subject in self.subjects(node_id):
            if (node_id, subject) not in self._waiting:
                del self._locks[node_id, subject]
                self._errors.pop((node_id, subject), None)

    def error(self, node_id: str, subject: str) -> AwedError | None:
        """The error of the last work on the subject, if it failed.

        :class:`~awed.model.errors.Unavailable` if it failed for lack of something and may succeed now.
        """
        return self._errors.get((node_id, subject))

    def may_go_well(self, node_id: str, subject: str) -> bool:
        """Whether the last work failed for lack of something, and not because of the file."""
        return isinstance(self.error(node_id, subject), Unavailable)

    async def all_ended(self) -> None:
        """Wait until no work is under way."""
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
