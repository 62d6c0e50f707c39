"""``concurrent.futures`` at the workers of a server."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from itertools import islice
from queue import SimpleQueue
from threading import Condition, Thread
from typing import Any, ParamSpec, TypeVar

from awed.client import events as feed
from awed.client.batch import Batch, Chunk
from awed.client.builders import check_resources
from awed.client.client import Client
from awed.client.errands import Errands
from awed.client.functions import Arguments, packed
from awed.model.errors import Gone
from awed.model.feed import FeedEvent, Subject, WorkEvent
from awed.model.ids import parse_work_id
from awed.model.resources import Said
from awed.model.states import ACTIVE, JobState

_SENDERS = 4
"""Threads that submit jobs and fetch results."""

P = ParamSpec("P")
T = TypeVar("T")


class AweExecutor(Executor):
    """Calls functions at the workers of *client*'s server.

    *group*: client groups whose workers may do it, joined by commas. *resources*: what a call needs of a machine,
    ``{"cores": 2, "memory": "8G"}``. *python*: the Python to run there, by default that of the worker itself.

    Each call is a job; those of a :meth:`map` are one job together. They are deleted when they are done. While the
    server is away they are waited for. What the server remarks, as that no worker can run them, becomes a
    :class:`UserWarning`. Raises the :class:`~awed.model.errors.AwedError` with which the server refuses
    to be used, and :class:`ValueError` for resources that are none.
    """

    def __init__(self, client: Client, *, group: str = "", resources: Said | None = None, python: str = "") -> None:
        if not isinstance(client, Client):
            raise TypeError(f"client must be an awed.client.Client, not {client!r}")
        self._server = client.server
        check_resources("of the executor", resources or {})
        self._errands = Errands(client.server, group, resources or {}, python, self._closed, self._deleted)
        self._last = self._server.ask(feed.events(None)).last
        self._changed = Condition()
        self._open: dict[str, Batch] = {}
        self._unfinished = 0
        self._is_shut = False
        self._listener: Thread | None = None
        self._senders: list[Thread] = []
        self._steps = SimpleQueue[Callable[[], None] | None]()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See :class:`concurrent.futures.Executor`. Raises what pickle does for what it cannot pickle."""
        (future,) = self._begin(fn, [[(args, kwargs)]], 0)
        return future

    def map(
        self, fn: Callable[..., T], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[T]:
        """See :class:`concurrent.futures.Executor`. One job, with a workunit for each *chunksize* calls."""
        if chunksize < 1:
            raise ValueError("chunksize must be at least 1")
        end = None if timeout is None else time.monotonic() + timeout
        calls: Iterator[Arguments] = ((arguments, {}) for arguments in zip(*iterables, strict=False))
        chunks = list(iter(lambda: list(islice(calls, chunksize)), []))
        return _results(self._begin(fn, chunks, len(chunks)) if chunks else [], end)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See :class:`concurrent.futures.Executor`."""
        with self._changed:
            self._is_shut = True
            batches = list(self._open.values())
            self._end_if_done()
        if cancel_futures:
            for batch in batches:
                for future in batch.open.values():
                    future.cancel()
        if wait:
            with self._changed:
                self._changed.wait_for(lambda: not self._unfinished)

    def _begin(self, fn: Callable[..., Any], chunks: Sequence[Sequence[Arguments]], lists: int) -> list[Chunk]:
        """Have a job made, and return the futures of its workunits."""
        batch = Batch(getattr(fn, "__qualname__", "call"), packed(fn, chunks), lists, self._all_cancelled)
        with self._changed:
            if self._is_shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            futures = list(batch.open.values())
            self._open[batch.id] = batch
            self._unfinished += 1
            if len(self._senders) < _SENDERS:
                self._senders.append(Thread(target=self._work, daemon=True, name="awe-sender"))
                self._senders[-1].start()
            if self._listener is None:
                # No daemon: it lives while there are open calls, and so the interpreter waits for them.
                self._listener = Thread(target=self._listen, daemon=False, name="awe-listener")
                self._listener.start()
        self._steps.put(partial(self._errands.send, batch))
        return futures

    def _work(self) -> None:
        """Take steps until the executor is shut down and nothing is left."""
        while (step := self._steps.get()) is not None:
            step()

    def _listen(self) -> None:
        """Follow the events of the jobs until none is open."""
        while True:
            with self._changed:
                if not self._open:
                    self._listener = None
                    return
            try:
                heard = self._hear()
            except Exception as error:
                for batch in self._batches():
                    batch.fail(error)
                    self._errands.close(batch)
            else:
                self._last = heard.last
                self._take(heard.events)

    def _hear(self) -> feed.Heard:
        try:
            call = feed.events(self._last, kinds=[Subject.JOB, Subject.WORK], wait=feed.LONGEST_WAIT)
            return self._server.persist(call)
        except Gone:  # this program slept for longer than events are kept
            heard = self._server.persist(feed.events(None))
            for batch in self._batches():
                self._steps.put(partial(self._errands.look, batch))
            return heard

    def _take(self, events: Sequence[FeedEvent]) -> None:
        ends = {event.job: event.state for event in events if event.kind is Subject.JOB and event.state not in ACTIVE}
        for event in events:
            batch = self._open.get(event.job)
            if batch is None or event.kind is not Subject.WORK:
                continue
            rank = parse_work_id(event.work).rank
            if event.state == WorkEvent.CHECKOUT:
                batch.begin(rank)
            elif event.state == WorkEvent.DONE and event.job not in ends:
                self._steps.put(partial(self._errands.fetch, batch, rank))
        for job_id, state in ends.items():
            if (batch := self._open.get(job_id)) is not None:
                batch.has_ended = True
                self._steps.put(partial(self._errands.end, batch, JobState(state)))

    def _all_cancelled(self, batch: Batch) -> None:
        self._steps.put(partial(self._errands.close, batch))

    def _closed(self, batch: Batch) -> None:
        with self._changed:
            self._open.pop(batch.id, None)

    def _deleted(self) -> None:
        with self._changed:
            self._unfinished -= 1
            self._end_if_done()

    def _end_if_done(self) -> None:
        if self._is_shut and not self._unfinished:
            for _ in self._senders:
                self._steps.put(None)
            self._senders.clear()
            self._changed.notify_all()

    def _batches(self) -> list[Batch]:
        with self._changed:
            return list(self._open.values())


def _results(futures: list[Chunk], end: float | None) -> Iterator[Any]:
    """The results of *futures* in order, until the moment *end*. Those that are left then are cancelled.

    Nothing that was yielded is kept, for it may be large.
    """
    futures.reverse()
    try:
        while futures:
            values = futures.pop().result(None if end is None else end - time.monotonic())
            values.reverse()
            while values:
                yield values.pop()
    finally:
        for future in futures:
            future.cancel()
