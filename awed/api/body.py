"""Request bodies, taken in as they arrive: parsed, hashed and written in a thread, at the pace of the disk.

A handler gets the result by ``await request.form()`` or ``await request.body(limit)``. A body that breaks a limit is
answered at once and its connection closed; what it left on disk goes with the request, however that ends.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request

from awed.api.errors import error_answer
from awed.api.form import IN_MEMORY, Form, Receiver, Spool, receiver_for
from awed.model.errors import AwedError, TooLarge
from awed.threads import InThread

HIGH_WATER = 2 * 1024 * 1024
"""Bytes waiting for the thread above which the peer is asked to wait."""

LINGER = 2.0
"""Seconds for which a refused peer may go on sending, so that it reads the answer before the connection breaks."""


class Bodies(Struct, frozen=True):
    """How a site takes bodies in: where large parts go, and how many bytes a body may have.

    *node_limit* holds for what is uploaded to nodes, *limit* for everything else.
    """

    spool: Spool
    limit: int = 64 * 1024 * 1024
    node_limit: int = 1 << 50

    def limit_of(self, path: bytes) -> int:
        """The largest body allowed at *path*."""
        return self.node_limit if path.startswith(b"/node") else self.limit


class AwedRequest(Request):
    """A request that does not hold its body in memory. Sites use a subclass made by :func:`requests_with`."""

    bodies: Bodies
    _pump: "Pump | None" = None
    _form: Form | None = None
    _limit = 0
    _received = 0
    _refused = False
    _complete = False

    async def form(self) -> Form:
        """The body, complete and parsed.

        Raises :class:`~awed.model.errors.Invalid` if it is malformed or cut off.
        """
        if self._form is None:
            self._form = Form(is_form=False) if self._pump is None else await self._pump.finish()
        return self._form

    async def body(self, limit: int) -> bytes:
        """A plain body as bytes. Raises :class:`~awed.model.errors.TooLarge` above *limit* bytes."""
        plain = (await self.form()).plain
        return b"" if plain is None else await plain.read(limit)

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """The headers are in. *length*: of the body, None if it is chunked."""
        self.content = BytesIO()
        if length == 0:
            return
        channel: Any = self.channel
        # Twisted tells a request these only after the body.
        self.method, self.uri = channel._command, channel._path
        self.path = self.uri.partition(b"?")[0]
        self._limit = self.bodies.limit_of(self.path)
        try:
            self._check_size(length or 0)
            content_type = self.requestHeaders.getRawHeaders("Content-Type", [""])[0]
            receiver = receiver_for(content_type, self.bodies.spool)
        except AwedError as error:
            self._refuse(error)
        else:
            self._pump = Pump(receiver, self.bodies.spool.in_thread, channel.transport, self._refuse)
            self.notifyFinish().addBoth(self._pump.discard)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """A piece of the body is in."""
        if self._refused or self._pump is None:
            return
        self._received += len(data)
        try:
            self._check_size(self._received)
        except TooLarge as error:
            self._refuse(error)
        else:
            self._pump.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """All of the body is in: let the handler run."""
        self._complete = True
        if self._refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)  # type: ignore[no-untyped-call]

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise TooLarge(f"the body has more than {self._limit} bytes")

    def _refuse(self, error: Exception) -> None:
        """Answer before the body is in, and close. Once it is in, the handler hears of the error by form()."""
        if self._refused or self._complete or self.channel is None:
            return
        self._refused = True
        self.requestHeaders.removeHeader(b"Expect")
        self.clientproto = b"HTTP/1.1"
        self.responseHeaders.setRawHeaders("Connection", ["close"])
        self.write(error_answer(self, Failure(error)))  # type: ignore[no-untyped-call]
        closing = self.channel.callLater(LINGER, self.channel.loseConnection)
        self.notifyFinish().addBoth(lambda _: closing.active() and closing.cancel())


def requests_with(bodies: Bodies) -> type[AwedRequest]:
    """The request factory of a site that takes bodies in like this."""
    return type("AwedRequest", (AwedRequest,), {"bodies": bodies})


class Pump:
    """Feeds a receiver in order: on the spot while the whole body is small, in a thread once it is more.

    Pauses *peer* while more than :data:`HIGH_WATER` bytes wait. *failed* hears of an error of the receiver when it
    happens; :meth:`finish` raises it again.
    """

    _log = Logger()

    def __init__(
        self, receiver: Receiver, in_thread: InThread, peer: IPushProducer, failed: Callable[[Exception], None]
    ) -> None:
        self._receiver = receiver
        self._in_thread = in_thread
        self._peer = peer
        self._failed = failed
        self._waiting: list[bytes] = []
        self._size = 0
        self._large = False
        self._busy = False
        self._paused = False
        self._discarded = False
        self._error: Exception | None = None
        self._finished: Deferred[None] | None = None
        self._form = Form(is_form=False)

    def write(self, data: bytes) -> None:
        """Take the next piece."""
        if self._error is not None or self._discarded:
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._size > IN_MEMORY and not self._busy:
            self._start()
        if self._size > HIGH_WATER and not self._paused:
            self._paused = True
            self._peer.pauseProducing()

    async def finish(self) -> Form:
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
        return self._form

    def discard(self, _reason: object = None) -> None:
        """The request is over: remove its temporary files, as soon as no thread is at them."""
        self._discarded = True
        self._take()
        if self._large and not self._busy:
            Deferred.fromCoroutine(self._clean())

    def _start(self) -> None:
        self._large = self._busy = True
        Deferred.fromCoroutine(self._drain())

    async def _drain(self) -> None:
        try:
            while self._waiting and self._error is None:
                await self._in_thread(self._receiver.feed, self._take())
            if self._finished is not None and self._error is None:
                self._form = await self._in_thread(self._receiver.finish)
        except Exception as error:  # finish() raises it
            self._error = error
            self._failed(error)
        self._busy = False
        self._take()
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
            self._log.failure("temporary files of a request were not removed")
