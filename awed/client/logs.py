"""The call for what a command has written, while it runs and afterwards."""

from typing import NamedTuple
from urllib.parse import quote, urlencode

from awed.client.calls import PATIENCE, Call, Request, Response, answer
from awed.model.errors import Unavailable


class Part(NamedTuple):
    """Bytes of a log from *offset* on. *is_last*: whether nothing follows on them."""

    offset: int
    data: bytes
    is_last: bool


def part(work: str, stream: str, offset: int, *, attempt: int, wait: float) -> Call[Part]:
    """Get what the run *attempt* of a workunit has written to *stream*, stdout or stderr, from *offset* on.

    If that is nothing the server waits up to *wait* seconds for more. The part begins later than at *offset* if what
    lay there is not kept.
    """
    query = urlencode({"stream": stream, "offset": offset, "attempt": attempt, "wait": wait})
    return Call(Request("GET", f"{_path(work)}?{query}", patience=wait + PATIENCE), _part)


def end(work: str, stream: str, most: int) -> Call[Part]:
    """Get the last *most* bytes of what the last run of a workunit has written to *stream* so far."""
    return Call(Request("GET", f"{_path(work)}?stream={stream}", headers={"Range": f"bytes=-{most}"}), _part)


def _path(work: str) -> str:
    return f"/work/{quote(work, safe='')}/log"


def _part(response: Response) -> Part:
    if response.status not in {200, 206}:
        answer(response)
    try:
        begin, end = int(response.headers["awe-log-offset"]), int(response.headers["awe-log-end"])
    except (KeyError, ValueError):
        raise Unavailable(f"{response.url} does not answer like an AWE server") from None
    is_last = response.headers.get("awe-log-complete") == "true" and begin + len(response.content) >= end
    return Part(begin, response.content, is_last)
