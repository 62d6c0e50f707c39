"""Group commit: the one caller of the store's ``commit``. Requests that arrive while it writes share the next one."""

from collections.abc import Awaitable, Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from awed.model.errors import Unavailable
from awed.model.records import Batch
from awed.service.merge import merge
from awed.store.interface import IStore

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a commit that failed is tried again; the last one repeats."""


class Committer:
    """Writes what changed, one batch after the other, and tells those who wait when their change is durable.

    A batch that cannot be written is tried until it can. *take* hands over what changed since the last call;
    *changed* says whether anything did. Whoever waits longer than *patience* seconds is told
    :class:`~awed.model.errors.Unavailable`; the change itself stays and is written when the store is back.
    """

    _log = Logger()

    def __init__(
        self,
        store: IStore,
        take: Callable[[], Batch],
        changed: Callable[[], bool],
        reactor: IReactorTime,
        patience: float,
    ) -> None:
        self._store = store
        self._take = take
        self._changed = changed
        self._reactor = reactor
        self._patience = patience
        self._added = Batch()
        self._has_added = False
        self._in_commit: list[Deferred[None]] = []
        self._next: list[Deferred[None]] = []
        self._running: Deferred[None] | None = None

    def durable(self) -> Awaitable[None]:
        """Fires when everything changed so far is durable."""
        waiting: Deferred[None] = Deferred()
        if self._has_added or self._changed():
            self._next.append(waiting)
            self.begin()
        elif self._running is not None:
            self._in_commit.append(waiting)
        else:
            waiting.callback(None)
            return waiting
        return self._patiently(waiting)

    def begin(self) -> None:
        """See to it that what changed is on its way to the store."""
        if self._running is None and (self._has_added or self._changed()):
            running = Deferred.fromCoroutine(self._run())
            self._running = None if running.called else running

    async def commit(self, batch: Batch) -> None:
        """Make records durable that the scheduler knows nothing of: nodes, groups, accounts."""
        merge(self._added, batch)
        self._has_added = True
        await self.durable()

    async def _patiently(self, waiting: Deferred[None]) -> None:
        timer = self._reactor.callLater(self._patience, waiting.errback, Unavailable(_AWAY))
        try:
            await waiting
        finally:
            if timer.active():
                timer.cancel()

    async def _run(self) -> None:
        try:
            while self._has_added or self._changed() or self._next:
                batch = Batch()
                self._gather(batch)
                await self._write(batch)
                self._tell()
        finally:
            self._running = None

    def _gather(self, batch: Batch) -> None:
        """Put into *batch* all that changed since it was made, and whoever waits for that."""
        merge(batch, self._take())
        merge(batch, self._added)
        self._added, self._has_added = Batch(), False
        self._in_commit += self._next
        self._next = []

    def _tell(self) -> None:
        while self._in_commit:  # who is told may come back at once, with nothing changed to wait for
            done, self._in_commit = self._in_commit, []
            for waiting in done:
                if not waiting.called:
                    waiting.callback(None)

    async def _write(self, batch: Batch) -> None:
        """Write *batch*, however often it takes.

        Its records are the scheduler's own and go on changing while the store is away, so a new try takes in what
        changed meanwhile: what is written is always one consistent moment.
        """
        tries = 0
        while True:
            try:
                await self._store.commit(batch)
            except CancelledError:
                raise
            except Exception as error:
                pause = PAUSES[min(tries, len(PAUSES) - 1)]
                tries += 1
                self._log.error(
                    "commit failed, try {tries}, next in {pause} s: {error}", tries=tries, pause=pause, error=error
                )
                await deferLater(self._reactor, pause)
                self._gather(batch)
            else:
                if tries:
                    self._log.info("commit done after {tries} failures", tries=tries)
                return

    async def stop(self) -> None:
        """Write what is left, but wait no longer than the patience for a store that is away."""
        try:
            await self.durable()
        except Unavailable:
            self._log.error("stopped with changes that could not be written")
        if self._running is not None:
            self._running.cancel()


_AWAY = "the store does not answer: the change is not durable yet, please repeat the request later"
