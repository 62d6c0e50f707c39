"""The futures of the calls that one job makes."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, RLock
from typing import Any

from awed.client.functions import Outcome, Packed
from awed.model.ids import new_id


class Chunk(Future[Any]):
    """The future of a workunit: of one call, or of a chunk of them."""

    def __init__(self, batch: "Batch", rank: int) -> None:
        super().__init__()
        self._batch = batch
        self._rank = rank

    def cancel(self) -> bool:
        """As of any future: False once a worker has the workunit."""
        return self._batch.cancel(self._rank, super().cancel)


class Batch:
    """A job with a future for each of its workunits. All methods may be called by any thread.

    *calls*: what they call; *chunks*: how many workunits, 0 for a call whose future has its value and not a list.
    *cancelled* is called when all futures that are not settled have been cancelled. *sending* is to be held while the
    job is submitted, and while it is deleted.
    """

    def __init__(self, name: str, calls: Packed, chunks: int, cancelled: Callable[["Batch"], None]) -> None:
        self.id = new_id()
        self.name = name
        self.calls = calls
        self.node = ""
        self.sending = Lock()
        self.is_sent = False
        self.has_ended = False
        self.is_closed = False
        self._has_lists = chunks > 0
        self._cancelled = cancelled
        self._lock = RLock()  # callbacks of a future that is cancelled may cancel others
        ranks = range(1, chunks + 1) if chunks > 1 else range(1)
        self.size = len(ranks)
        self._open = {rank: Chunk(self, rank) for rank in ranks}

    @property
    def open(self) -> dict[int, Chunk]:
        """The futures that are neither settled nor cancelled, by the ranks of their workunits."""
        with self._lock:
            return dict(self._open)

    def begin(self, rank: int) -> None:
        """A worker has the workunit: it can be cancelled no more."""
        with self._lock:
            future = self._open.get(rank)
            if future is not None and not future.running():
                future.set_running_or_notify_cancel()

    def settle(self, rank: int, outcome: Outcome) -> None:
        """Give the outcome of a workunit to its future, unless that has one or was cancelled."""
        with self._lock:
            self.begin(rank)
            future = self._open.pop(rank, None)
        if future is None:
            return
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.values if self._has_lists else outcome.values[0])

    def fail(self, error: BaseException) -> None:
        """Settle all that is open with *error*."""
        for rank in self.open:
            self.settle(rank, Outcome([], error))

    def cancel(self, rank: int, cancel: Callable[[], bool]) -> bool:
        """Cancel a future by *cancel*, its own way to do so. Returns whether it is cancelled."""
        with self._lock:
            if not cancel():
                return False
            future = self._open.pop(rank, None)
            if future is None:
                return True
            future.set_running_or_notify_cancel()  # wakes who waits for it
            is_last = not self._open
        if is_last:
            self._cancelled(self)
        return True
