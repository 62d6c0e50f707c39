"""Streams of events as ``text/event-stream``, at the pace of the peer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from msgspec import Struct

from awed.model.errors import AwedError
from awed.web.body import AwedRequest
from awed.web.kinds import COUNT
from awed.web.params import header
from awed.web.streaming import send_parts

MEDIA_TYPE = "text/event-stream"

EventStream = Annotated[bytes, MEDIA_TYPE]
"""The answer of a handler that sends a stream."""

KEEP_ALIVE = 15.0
"""Seconds without an event after which something is sent, so that proxies keep the connection open."""


class Message(Struct, frozen=True):
    """One event. *id*: its number, after which a cut stream goes on. *data*: one line of JSON; may be empty."""

    id: int
    data: bytes = b""

    def encode(self) -> bytes:
        """The bytes in the stream."""
        data = b"data: %b\n" % self.data if self.data else b""
        return b"id: %d\n%b\n" % (self.id, data)


LOOK = 60.0
"""Seconds after which it is looked again whether the listener may still listen."""

IDLE = b":\n\n"
"""A comment, to keep the connection open."""


def wants_stream(request: AwedRequest) -> bool:
    """Whether the Accept header names ``text/event-stream`` first."""
    first, _, _ = (header(request, b"accept") or "").partition(",")
    return first.partition(";")[0].strip().lower() == MEDIA_TYPE


def last_event_id(request: AwedRequest) -> int | None:
    """The number of the last event that the client has got, by the header Last-Event-ID; None without the header.

    Raises :class:`~awed.model.errors.Invalid` if it is no number.
    """
    text = header(request, b"last-event-id")
    return None if text is None else COUNT.read("Last-Event-ID", [text])


async def while_allowed(
    messages: AsyncIterator[bytes], require: Callable[[], Awaitable[object]], seconds: Callable[[], float]
) -> AsyncIterator[bytes]:
    """*messages* until *require* raises an error: rights may change, and tokens be revoked, while a stream is open.
    *seconds* is a clock."""
    due = seconds() + LOOK
    async for message in messages:
        if seconds() >= due:
            try:
                await require()
            except AwedError:  # which answers the listener's next request
                return
            due = seconds() + LOOK
        yield message


async def send_stream(request: AwedRequest, messages: AsyncIterator[bytes]) -> bytes:
    """Send encoded *messages*, each as soon as the peer has room for it. The body of the answer is then complete."""
    for name, text in {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}.items():
        request.responseHeaders.setRawHeaders(name, [text])
    if request.method != b"HEAD":
        await send_parts(request, messages)
    return b""
