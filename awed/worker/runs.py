"""The workunits that run at this moment."""

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from awed.model.work import Workunit
from awed.worker.report import Finished, refusal

Run = Callable[[Workunit], Awaitable[Finished]]
"""Runs a workunit to its end and reports. Cancelled, it kills the command and hands the work back."""


class Key(NamedTuple):
    """One run of a workunit."""

    wuid: str
    attempt: int


class Runs:
    """Starts and discards runs; *finished* is called with each one's report."""

    _log = Logger()

    def __init__(self, run: Run, finished: Callable[[Finished], None]) -> None:
        self._run = run
        self._finished = finished
        self._running: dict[Key, Deferred[Finished]] = {}
        self._discarded: set[Key] = set()

    def __len__(self) -> int:
        return len(self._running)

    def wuids(self) -> set[str]:
        return {key.wuid for key in self._running}

    def begin(self, work: Workunit) -> None:
        """Run *work*. An earlier attempt at it that still runs here is not wanted any more."""
        key = Key(work.wuid, work.attempt)
        if key in self._running:
            return
        self.discard([work.wuid])
        self._running[key] = running = Deferred.fromCoroutine(self._begin(work))
        running.addErrback(self._broken, key)
        running.addCallback(self._ended, key)

    def discard(self, wuids: Collection[str]) -> None:
        """Kill the runs of these workunits, and hand them back."""
        for key, running in list(self._running.items()):
            if key.wuid in wuids and key not in self._discarded:
                # Once only: to cancel again would cancel the killing.
                self._discarded.add(key)
                running.cancel()

    def discard_all(self) -> None:
        """Kill everything that runs, and hand it back."""
        self.discard(self.wuids())

    async def _begin(self, work: Workunit) -> Finished:
        return await self._run(work)

    def _broken(self, failure: Failure, key: Key) -> Finished:
        self._log.failure("running {wuid} failed", failure, wuid=key.wuid)
        return refusal(key.wuid, key.attempt, f"a fault of the worker: {failure.value!r}")

    def _ended(self, finished: Finished, key: Key) -> None:
        del self._running[key]
        self._discarded.discard(key)
        self._finished(finished)
