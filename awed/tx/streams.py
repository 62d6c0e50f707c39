"""Streams between transports and files: disk access in threads, in order, at the pace of the slower side."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from awed.tx.threads import InThread

BATCH = 512 * 1024
"""Bytes that go to a thread at a time, as switching threads costs. While that many wait, the peer is paused; what
arrives then gathers in the socket's buffer, to be read in one piece."""

PIECE = 256 * 1024
"""Bytes that are read from a file at a time."""

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Receiver(Protocol[T_co]):
    """Takes a body in pieces. The methods may block; only one is called at a time."""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""

    def finish(self) -> T_co:
        """The body is complete. Returns what became of it."""

    def discard(self) -> None:
        """The body is not wanted any more: remove what was made of it so far."""


class Pump(Generic[T]):
    """Feeds a body to *receiver* in a thread.

    A body of at most *inline* bytes is fed on the reactor instead, once it is complete. *peer* is paused while BATCH
    bytes wait. *failed* is called with an error of the receiver as soon as it happens; :meth:`finish` raises it
    again.
    """

    _log = Logger()

    def __init__(
        self,
        receiver: Receiver[T],
        in_thread: InThread,
        peer: IPushProducer,
        failed: Callable[[Exception], None],
        inline: int = 0,
    ) -> None:
        self._receiver = receiver
        self._in_thread = in_thread
        self._peer = peer
        self._failed = failed
        self._inline = inline
        self._waiting: list[bytes] = []
        self._size = 0
        self._large = inline == 0
        self._busy = False
        self._paused = False
        self._discarded = False
        self._error: Exception | None = None
        self._finished: Deferred[None] | None = None
        self._result: T

    @property
    def is_paused(self) -> bool:
        """Whether the peer is paused."""
        return self._paused

    def write(self, data: bytes) -> None:
        """Take the next piece. Ignored after an error or :meth:`discard`."""
        if self._error is not None or self._discarded:
            return
        self._waiting.append(data)
        self._size += len(data)
        self._large = self._large or self._size > self._inline
        if self._size >= BATCH and not self._busy:
            self._start()
        if self._size >= BATCH and not self._paused:
            self._paused = True
            self._peer.pauseProducing()

    async def finish(self) -> T:
        """Feed the rest; the result of the receiver. Raises what the receiver raised."""
        if not self._large:
            self._receiver.feed(self._take())
            return self._receiver.finish()
        self._finished = Deferred()
        if not self._busy:
            self._start()
        await self._finished
        if self._error is not None:
            raise self._error
        return self._result

    def discard(self, _reason: object = None) -> None:
        """The body is not wanted any more: discard the receiver, once no thread uses it."""
        self._discarded = True
        self._take()
        if self._large and not self._busy:
            Deferred.fromCoroutine(self._clean())

    def _start(self) -> None:
        self._busy = True
        Deferred.fromCoroutine(self._drain())

    async def _drain(self) -> None:
        try:
            while self._error is None and (self._size >= BATCH or (self._waiting and self._finished)):
                await self._in_thread(self._receiver.feed, self._take())
            if self._finished is not None and self._error is None:
                self._result = await self._in_thread(self._receiver.finish)
        except Exception as error:  # finish() raises it again
            self._error = error
            self._failed(error)
            self._take()
        self._busy = False
        if self._discarded:
            await self._clean()
        if self._finished is not None:
            self._finished.callback(None)

    def _take(self) -> bytes:
        """What waits. Resumes the peer."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self._peer.resumeProducing()
        return data

    async def _clean(self) -> None:
        try:
            await self._in_thread(self._receiver.discard)
        except OSError:
            self._log.failure("temporary files were not removed")


class Source(Protocol):
    """Bytes to be read. The methods may block."""

    def read(self, size: int) -> bytes:
        """The next bytes, about *size* of them; empty at the end."""

    def close(self) -> None:
        """Nothing more will be read."""


@implementer(IPushProducer)
class Pace:
    """A push producer with which coroutines write at the pace of their consumer."""

    def __init__(self) -> None:
        self._paused: Deferred[None] | None = None
        self.is_stopped = False
        """Whether the consumer is gone."""

    async def room(self) -> None:
        """Wait until the consumer takes more.

        Raises :class:`~twisted.internet.defer.CancelledError` if it is gone.
        """
        if self._paused is not None:
            await self._paused
        if self.is_stopped:
            raise CancelledError

    def pauseProducing(self) -> None:
        """The consumer has enough for now."""
        if self._paused is None:
            self._paused = Deferred()

    def resumeProducing(self) -> None:
        """The consumer wants more."""
        paused, self._paused = self._paused, None
        if paused is not None:
            paused.callback(None)

    def stopProducing(self) -> None:
        """The consumer is gone."""
        self.is_stopped = True
        self.resumeProducing()


class Sender(Pace):
    """Writes what *source* has to a consumer, at the consumer's pace. *progress* is called after each piece."""

    def __init__(self, source: Source, in_thread: InThread, progress: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._source = source
        self._in_thread = in_thread
        self._progress = progress

    async def send(self, consumer: IConsumer) -> None:
        """Write all to *consumer*, then close the source.

        Raises :class:`~twisted.internet.defer.CancelledError` if the consumer is gone, :class:`OSError` if the source
        cannot be read.
        """
        try:
            while data := await self._in_thread(self._source.read, PIECE):
                await self.room()
                consumer.write(data)
                if self._progress is not None:
                    self._progress()
        finally:
            # Not awaited, so that whoever cancels this does not wait for the disk.
            Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        await self._in_thread(self._source.close)
