"""Answers that go on: events as they come, by the rules of ``text/event-stream``, at the pace of the peer."""

from collections.abc import AsyncIterator

from msgspec import Struct

from awed.tx.streams import Pace
from awed.web.body import AwedRequest
from awed.web.kinds import COUNT
from awed.web.params import header
from awed.web.streaming import send_paced

MEDIA_TYPE = "text/event-stream"

KEEP_ALIVE = 15.0
"""Seconds after which something is to be sent, so that whatever is in between keeps the connection open."""


class Message(Struct, frozen=True):
    """One event. *id* is where the stream goes on if it is cut; without *data*, one line of JSON, it is nothing more
    than that."""

    id: int
    data: bytes = b""

    def encode(self) -> bytes:
        data = b"data: %b\n" % self.data if self.data else b""
        return b"id: %d\n%b\n" % (self.id, data)


IDLE = b":\n\n"
"""A comment, to keep the connection open."""


def wants_stream(request: AwedRequest) -> bool:
    """Whether the Accept header asks for it, before anything else."""
    first, _, _ = (header(request, b"accept") or "").partition(",")
    return first.partition(";")[0].strip().lower() == MEDIA_TYPE


def last_event_id(request: AwedRequest) -> int | None:
    """Where a stream that was cut is to go on. Raises :class:`~awed.model.errors.Invalid`."""
    text = header(request, b"last-event-id")
    return None if text is None else COUNT.read("Last-Event-ID", [text])


async def send_stream(request: AwedRequest, messages: AsyncIterator[bytes]) -> bytes:
    """Send *messages*, encoded, each as soon as the peer has taken the last."""
    for name, text in {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}.items():
        request.responseHeaders.setRawHeaders(name, [text])
    if request.method != b"HEAD":
        pace = Pace()
        await send_paced(request, pace, _write(request, pace, messages))
    return b""


async def _write(request: AwedRequest, pace: Pace, messages: AsyncIterator[bytes]) -> None:
    async for message in messages:
        await pace.room()
        request.write(message)
