"""The access log: one line for each answered request."""

import re
from datetime import datetime
from typing import Any

from msgspec import Struct
from twisted.web.http import Request

_SECRET = re.compile(r"^(/+preauth/).*")


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


def access_line(request: Request, peer: str, now: datetime) -> AccessLine:
    """The line for a request of *peer* that has been answered."""
    channel: Any = request.channel
    return AccessLine(
        time=now,
        peer=peer,
        method=request.method.decode("ascii", "replace"),
        path=logged_path(request.path),
        status=request.code,
        bytes=request.sentLength,
        request=channel.request_id.decode(),
    )


def logged_path(path: bytes) -> str:
    """A path for a log, without the secret part of an address."""
    text = path.decode("utf-8", "replace")
    return _SECRET.sub(r"\1...", text) if "preauth" in text else text
