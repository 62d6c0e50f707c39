"""Group commit: the only caller of the store's ``commit``. Changes made during a commit share the next one."""

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
"""Between the tries of a commit."""

Soon = Callable[[Callable[[], None]], object]
"""Calls a function once the reactor has read all waiting input."""


def at_once(function: Callable[[], None]) -> None:
    """A :data:`Soon` that calls *function* at once."""
    function()


class Committer:
    """Commits changes, one batch after the other, and wakes those who wait until theirs are durable.

    *take*: takes what changed since the last call. *changed*: whether anything has. *numbered*: makes pages for the
    feed of the changes of states. *soon* calls once the reactor has read all waiting input, so those requests share a
    commit.

    A commit that fails is tried again until it succeeds. Those who wait for over *patience* seconds get
    :class:`~awed.model.errors.StoreAway`; their change is committed later all the same, unless its verb undoes it.
    Once another daemon has taken the store over, they get :class:`~awed.model.errors.Superseded`.
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
        """Seconds since the commit under way was begun, 0 if there is none."""
        return 0.0 if self._begun is None else self._reactor.seconds() - self._begun

    def durable(self) -> Awaitable[None]:
        """Fires when all that has changed so far is durable.

        Fails with :class:`~awed.model.errors.StoreAway` after *patience* seconds.
        """
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
        """Begin a commit soon if there are changes and no commit is under way."""
        if self._running is None and not self._due and not self._superseded and self._dirty():
            self._due = True
            self._soon(self._start)

    def _start(self) -> None:
        self._due = False
        running = Deferred.fromCoroutine(self._run())
        if not running.called:
            self._running = running

    async def commit(self, batch: Batch, undo: Batch | None = None) -> None:
        """Make records durable that the scheduler does not have, such as nodes and groups.

        Raises :class:`~awed.model.errors.StoreAway` after *patience* seconds. Then *undo* is committed after *batch*,
        as the caller repeats the request, and what that makes must not be there twice.
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
        # For what changed meanwhile. Callers whose wait is over may make further changes, which this commit takes
        # along.
        self.begin()

    def _gather(self) -> Batch:
        """All that changed since the last call. Those who wait for these changes now wait for the next commit."""
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
        while self._in_commit:  # a caller whose wait is over may wait again at once, for nothing new
            done, self._in_commit = self._in_commit, []
            for waiting in done:
                if waiting.called:
                    continue
                if self._superseded:
                    waiting.errback(Superseded())
                else:
                    waiting.callback(None)

    async def _write(self, batch: Batch) -> None:
        """Commit *batch*, trying again until it succeeds.

        Its records are the scheduler's own objects, which go on changing while the store does not answer. So each new
        try also takes all changes made meanwhile, and what is written is consistent.
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
        """Commit what is left. Gives up after *patience* seconds if the store does not answer."""
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
