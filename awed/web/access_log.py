"""The lines of the access log: one for each answered request."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from awed.web.request import ShortRequest


class AccessLine(Struct):
    """A line of the access log, without the query, which may have secrets. *bytes*: of the body of the answer."""

    time: datetime
    peer: str
    method: str
    path: str
    status: int
    bytes: int
    request: str
    """The id of the request, as in ``X-Request-Id`` of the answer."""


def access_line(request: ShortRequest, peer: str, now: datetime) -> AccessLine:
    """The line for an answered request from the IP address *peer*."""
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
