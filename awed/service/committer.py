"""Group commit: the one caller of the store's ``commit``. Requests that arrive while it writes share the next one."""

from collections.abc import Awaitable, Callable, Sequence

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from awed.model.errors import AwedError, StoreAway, Superseded
from awed.model.feed import FeedPage, StateChange
from awed.model.records import Batch, merge
from awed.service.observer import Observer
from awed.store.interface import IStore
from awed.tx.pauses import Pauses
from awed.tx.timers import Patience

PAUSES = Pauses(0.1, 5.0)
"""Before a commit that failed is tried again."""

Soon = Callable[[Callable[[], None]], object]
"""Calls a function in a moment."""


def at_once(function: Callable[[], None]) -> None:
    """A :data:`Soon` for those who never wait."""
    function()


class Committer:
    """Writes what changed, one batch after the other, and tells those who wait when their change is durable.

    A batch that cannot be written is tried until it can. *take* hands over what changed since the last call;
    *changed* says whether anything did. *numbered* makes pages of the changes of states in it, in order. *soon* calls
    when all requests that arrived together are heard, so that they share a commit. Whoever waits longer than
    *patience* seconds is told :class:`~awed.model.errors.StoreAway`; the change itself stays and is written when the
    store is back, unless its verb takes it back. Once another daemon has the store everybody is told
    :class:`~awed.model.errors.Superseded`.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        take: Callable[[], Batch],
        changed: Callable[[], bool],
        numbered: Callable[[Sequence[StateChange]], list[FeedPage]],
        reactor: IReactorTime,
        patience: float,
        soon: Soon,
        observer: Observer,
    ) -> None:
        self._store = store
        self._take = take
        self._changed = changed
        self._numbered = numbered
        self._reactor = reactor
        self._soon = soon
        self._observer = observer
        self._patience = Patience(patience, self._away, reactor)
        self._added: Batch | None = None
        self._in_commit: list[Deferred[None]] = []
        self._next: list[Deferred[None]] = []
        self._due = False
        self._running: Deferred[None] | None = None
        self._begun: float | None = None
        self.fault = ""
        """Why what changed could not be written the last time it was tried, or in time; "" if it could."""
        self._superseded = False

    @property
    def lasts(self) -> float:
        """For how many seconds the store has had a commit, and neither done nor refused it."""
        return 0.0 if self._begun is None else self._reactor.seconds() - self._begun

    def durable(self) -> Awaitable[None]:
        """Fires when everything changed so far is durable."""
        if self._superseded:
            waiting = fail(Superseded())
        elif self._dirty():
            self._next.append(waiting := self._patience.wait())
            self.begin()
        elif self._running is not None:
            self._in_commit.append(waiting := self._patience.wait())
        else:
            waiting = succeed(None)
        return waiting

    def _dirty(self) -> bool:
        return self._added is not None or self._changed()

    def begin(self) -> None:
        """See to it that what changed goes on its way to the store, with all else that changes in this turn."""
        if self._running is None and not self._due and not self._superseded and self._dirty():
            self._due = True
            self._soon(self._start)

    def _start(self) -> None:
        self._due = False
        running = Deferred.fromCoroutine(self._run())
        if not running.called:
            self._running = running

    async def commit(self, batch: Batch, undo: Batch | None = None) -> None:
        """Make records durable that the scheduler knows nothing of: nodes, groups, accounts.

        *undo* follows *batch* into the store if nobody waits for that any more: whoever was told that the store is
        away repeats the request, and what that makes anew must not be there twice.
        """
        self._added = merge(self._added or Batch(), batch)
        try:
            await self.durable()
        except StoreAway:
            if undo is not None:
                self._added = merge(self._added or Batch(), undo)
                self.begin()
            raise

    async def _run(self) -> None:
        try:
            await self._write(self._gather())
        except Superseded:
            self._superseded = True
            self._in_commit += self._next
        finally:
            self._running = None
        self._tell()
        # Those who were told ask for more, most of them soon enough for the next commit.
        self.begin()

    def _gather(self) -> Batch:
        """All that changed since the last call; whoever waits for that waits for the commit that follows."""
        batch, added = self._take(), self._added
        self._added = None
        self._in_commit = [waiting for waiting in (*self._in_commit, *self._next) if not waiting.called]
        self._next = []
        if added is not None:
            batch = merge(batch, added)
        batch.feed += self._numbered(batch.changes)
        batch.changes = []
        return batch

    def _tell(self) -> None:
        while self._in_commit:  # who is told may come back at once, with nothing changed to wait for
            done, self._in_commit = self._in_commit, []
            for waiting in done:
                if waiting.called:
                    continue
                if self._superseded:
                    waiting.errback(Superseded())
                else:
                    waiting.callback(None)

    async def _write(self, batch: Batch) -> None:
        """Write *batch*, however often it takes.

        Its records are the scheduler's own and go on changing while the store is away, so a new try takes in what
        changed meanwhile: what is written is always one consistent moment.
        """
        tries, pauses = 0, iter(PAUSES)
        while True:
            self._begun = begun = self._reactor.seconds()
            try:
                await self._store.commit(batch)
            except (CancelledError, Superseded):
                raise
            except Exception as error:
                self._begun = None
                tries, pause = tries + 1, next(pauses)
                reason = error if isinstance(error, AwedError) else "a fault of awed itself, see the log"
                self.fault = f"changes cannot be written: {reason}"
                self._observer.commit_failed(error)
                self._log.error(
                    "commit failed, try {tries}, next in {pause} s: {error}", tries=tries, pause=pause, error=error
                )
                await deferLater(self._reactor, pause)
                batch = merge(batch, self._gather())
            else:
                self._begun = None
                self.fault = ""
                self._observer.committed(batch, self._reactor.seconds() - begun)
                if tries:
                    self._log.info("commit done after {tries} failures", tries=tries)
                return

    async def stop(self) -> None:
        """Write what is left, but wait no longer than the patience for a store that is away."""
        try:
            await self.durable()
        except StoreAway:
            self._log.error("stopped with changes that could not be written")
        if self._running is not None:
            self._running.cancel()
        self._patience.stop()

    def _away(self) -> StoreAway:
        self.fault = self.fault or "the store does not answer"
        return StoreAway(f"{self.fault}; the change is not durable yet, please repeat the request later")
