"""The access log: one line for each answered request."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from awed.web.request import ShortRequest


class AccessLine(Struct):
    """Who asked for what, and what they got. The query is left out: it may hold what is nobody else's business."""

    time: datetime
    peer: str
    method: str
    path: str
    status: int
    bytes: int
    request: str
    """The id that the answer names in ``X-Request-Id``."""


def access_line(request: ShortRequest, peer: str, now: datetime) -> AccessLine:
    """The line for a request of *peer* that has been answered."""
    channel: Any = request.channel
    return AccessLine(
        time=now,
        peer=peer,
        method=request.method.decode("ascii", "replace"),
        path=request.shown_path,
        status=request.code,
        bytes=request.sentLength,
        request=channel.request_id.decode(),
    )
