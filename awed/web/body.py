"""Bodies of requests, which are parsed, hashed and written to disk in a thread as they arrive.

A handler gets the result with ``await request.form()`` or ``await request.body(limit)``. A body that is over a limit
is answered at once and the connection closed. Temporary files are removed at the end of the request.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

from awed.model.errors import AwedError, TooLarge
from awed.tx.streams import Pump
from awed.web.form import IN_MEMORY, Form, Spool, receiver_for
from awed.web.params import change_header, header
from awed.web.request import ShortRequest
from awed.web.short import short_form
from awed.web.traits import Traits
from awed.web.uploads import Upload, Uploads

READ = 1024 * 1024
"""Bytes that are read from the socket at a time during a large body, in place of Twisted's 64 KiB."""

LINGER = 2.0
"""Seconds for which a refused peer may go on sending, so that it reads the answer before the connection is closed."""


class Bodies(Struct, frozen=True):
    """How a site receives bodies. *limit*: bytes that a body may have, unless its collection has another limit.
    *uploads*: admits large ones and counts them; None: all are admitted."""

    spool: Spool
    limit: int = 64 * 1024 * 1024
    uploads: Uploads | None = None


class AwedRequest(ShortRequest):
    """A request that does not keep its body in memory. Sites use a subclass made by :func:`requests_with`."""

    bodies: Bodies
    _pump: Pump[Form] | None = None
    _form: Form | None = None
    _refused = False
    _complete = False
    _upload: Upload | None = None
    """What counts the body, once its sender is admitted."""
    _held: list[bytes] | None = None
    """What has arrived of a large body while it is asked whether its sender is admitted; None before and after."""
    _is_to_go_on = False
    """Whether the client sends the body when it is told to go on."""

    @property
    def is_held_up(self) -> bool:
        return self._held is not None or (self._pump is not None and self._pump.is_paused)

    async def form(self) -> Form:
        """The parsed body.

        Raises :class:`~awed.model.errors.Invalid` if it is malformed or incomplete, and
        :class:`~awed.model.errors.TooLarge` or :class:`~awed.model.errors.NoSpace` for what cannot be kept.
        """
        if self._form is None:
            self._write_held()
            self._form = Form(is_form=False) if self._pump is None else await self._pump.finish()
        return self._form

    async def body(self, limit: int) -> bytes:
        """A body that is no form, as bytes. Raises :class:`~awed.model.errors.TooLarge` above *limit* bytes."""
        plain = (await self.form()).plain
        return b"" if plain is None else await plain.read(limit)

    def gotWhole(self, body: bytes) -> None:
        """The headers and the whole body have arrived."""
        if body and len(body) <= self._limit:
            self._form = short_form(self._content_type(), body, self.bodies.spool)
        if self._form is None:
            super().gotWhole(body)

    def gotLength(self, length: int | None) -> None:
        """The headers have arrived. *length*: bytes of the body, None if it is chunked."""
        if length == 0:
            return
        channel: Any = self.channel
        try:
            self._check_size(length or 0)
            receiver = receiver_for("" if self._is_file() else self._content_type(), self.bodies.spool)
        except AwedError as error:
            self._refuse(error)
        else:
            self._pump = Pump(receiver, self.bodies.spool.in_thread, channel.transport, self._refuse, IN_MEMORY)
            self.notifyFinish().addBoth(self._let_go)
            if length is None or length > IN_MEMORY:
                self._read_at_once(READ)
            if length is not None and length > IN_MEMORY:
                self._ask_admission()

    def handleContentChunk(self, data: bytes) -> None:
        """A piece of the body has arrived."""
        if self._refused or self._pump is None:
            return
        self.received_bytes += len(data)
        if self.received_bytes > IN_MEMORY:
            self._ask_admission()
        try:
            self._check_size(self.received_bytes)
            if self._held is not None:
                self._held.append(data)
            elif not self._refused:
                self._write(data)
        except AwedError as error:
            self._refuse(error)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The whole body has arrived: run the handler, unless the body was refused."""
        self._complete = True
        if self._pump is not None:
            self._read_at_once(Connection.bufferSize)
        if self._refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def _ask_admission(self) -> None:
        """Read no more of a large body until it is known whether its sender has the right to the call."""
        if self.bodies.uploads is not None and self._upload is None and self._held is None and not self._refused:
            self._held = []
            Deferred.fromCoroutine(self._be_admitted(self.bodies.uploads))
            if self._held is not None and not self.received_bytes:
                self._is_to_go_on = self._expects_to_go_on()
                change_header(self, b"Expect", None)  # by which twisted.web would tell it at once

    def _expects_to_go_on(self) -> bool:
        channel: Any = self.channel
        return channel._version == b"HTTP/1.1" and (header(self, b"Expect") or "").lower() == "100-continue"

    async def _be_admitted(self, uploads: Uploads) -> None:
        channel: Any = self.channel
        transport = channel.transport  # the channel may lose it meanwhile
        transport.pauseProducing()
        try:
            self._upload = await uploads.admit(self)
            if self._is_to_go_on and not self.received_bytes:
                transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._write_held()
        except Exception as error:
            self._refuse(error)
        finally:
            transport.resumeProducing()

    def _write_held(self) -> None:
        """Go on with what arrived meanwhile. Its handler also does so, which has asked for the right itself."""
        held, self._held = self._held or [], None
        for data in held:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._pump is not None:
            if self._upload is not None:
                self._upload.add(len(data))
            self._pump.write(data)

    @property
    def _limit(self) -> int:
        """Bytes that the body may have."""
        limit = self.traits.body_limit
        return self.bodies.limit if limit is None else limit

    def _content_type(self) -> str:
        return header(self, b"Content-Type") or ""

    def _is_file(self) -> bool:
        """Whether the body is a file for a collection that takes files, whatever its content type says."""
        to_collection = b"/" not in self.path.strip(b"/")
        is_form = self._content_type().lower().startswith("multipart/")
        return self.traits.takes_files and to_collection and not is_form

    def _let_go(self, _: object) -> None:
        """At the end of the request, discard the pump, and break its reference cycle with the request, which would be
        left to the garbage collector."""
        if self._pump is not None:
            self._pump.discard()
            self._pump = None
        if self._upload is not None:
            self._upload.end()
            self._upload = None

    def _read_at_once(self, size: int) -> None:
        channel: Any = self.channel
        channel.transport.bufferSize = size

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise TooLarge(f"the body has more than {self._limit} bytes")

    def _refuse(self, error: Exception) -> None:
        """Answer before the whole body has arrived, and close the connection. Afterwards form() raises the error."""
        if self._refused or self._complete or self.channel is None:
            return
        self._refused = True
        change_header(self, b"Expect", None)
        self.clientproto = b"HTTP/1.1"
        self.responseHeaders.setRawHeaders("Connection", ["close"])
        self.write(self.failed(Failure(error)))
        closing = self.channel.callLater(LINGER, self.channel.loseConnection)
        self.notifyFinish().addBoth(lambda _: closing.active() and closing.cancel())


def requests_with(bodies: Bodies, collections: Mapping[bytes, Traits] | None = None) -> type[AwedRequest]:
    """The request factory of a site. *bodies*: how it receives bodies. *collections*: traits of each, by name."""
    return type("AwedRequest", (AwedRequest,), {"bodies": bodies, "collections": collections or {}})
