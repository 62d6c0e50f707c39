"""Bytes on their way between transports and files: off the reactor, in order, at the pace of the slower side."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from awed.tx.threads import InThread

BATCH = 512 * 1024
"""Bytes that are worth the way to a thread and back. While as many wait for it the peer is asked to wait, and the
system gathers what comes, to be read in one piece."""

PIECE = 256 * 1024
"""Bytes read from a file at a time."""

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Receiver(Protocol[T_co]):
    """Takes a body in pieces. Its methods may block, and are never called side by side."""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""

    def finish(self) -> T_co:
        """No more pieces come: what has become of them."""

    def discard(self) -> None:
        """Let go of everything; nobody wants it any more."""


class Pump(Generic[T]):
    """Feeds a receiver in a thread. A body of up to *inline* bytes is fed on the spot, when it is complete.

    Pauses *peer* while :data:`BATCH` bytes wait. *failed* hears of an error of the receiver when it
    happens; :meth:`finish` raises it again.
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

    def write(self, data: bytes) -> None:
        """Take the next piece."""
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
        """Feed the rest and wait for the end. Raises what the receiver raised."""
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
        """Nobody wants the body any more: let the receiver know, as soon as no thread is at it."""
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
        except Exception as error:  # finish() raises it
            self._error = error
            self._failed(error)
            self._take()
        self._busy = False
        if self._discarded:
            await self._clean()
        if self._finished is not None:
            self._finished.callback(None)

    def _take(self) -> bytes:
        """What waits; the peer may send more."""
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
    """Bytes to be read. Its methods may block."""

    def read(self, size: int) -> bytes:
        """The next bytes, about *size*; none at the end."""

    def close(self) -> None:
        """Nothing more will be read."""


@implementer(IPushProducer)
class Pace:
    """How fast a consumer takes what is written to it. It says so to its producer, which this is."""

    def __init__(self) -> None:
        self._paused: Deferred[None] | None = None
        self._stopped = False

    async def room(self) -> None:
        """Wait until the consumer wants more. :class:`~twisted.internet.defer.CancelledError`: it is gone."""
        if self._paused is not None:
            await self._paused
        if self._stopped:
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
        self._stopped = True
        self.resumeProducing()


class Sender(Pace):
    """Writes what a source gives to a consumer, which may pause it; *progress* is called after each piece."""

    def __init__(self, source: Source, in_thread: InThread, progress: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._source = source
        self._in_thread = in_thread
        self._progress = progress

    async def send(self, consumer: IConsumer) -> None:
        """Write everything. Raises :class:`~twisted.internet.defer.CancelledError` if the consumer stops it, and
        :class:`OSError` if a file cannot be read."""
        try:
            while data := await self._in_thread(self._source.read, PIECE):
                await self.room()
                consumer.write(data)
                if self._progress is not None:
                    self._progress()
        finally:
            # Not awaited: whoever cancelled this must not wait for the disk.
            Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        await self._in_thread(self._source.close)
