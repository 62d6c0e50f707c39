"""``/work/ID/log``: the logs of workunits, while their commands run and afterwards."""

import codecs
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from awed.api.context import Context, Resource
from awed.api.rights import a_job, as_client, to
from awed.model.errors import AwedError, Invalid, Unavailable, WorkNotFound
from awed.model.ids import WorkId, parse_work_id
from awed.model.records import JobRecord
from awed.service.worklogs import MOST, LogPart
from awed.web.arguments import Body
from awed.web.body import AwedRequest
from awed.web.calls import Asked, Call, Calls
from awed.web.eventstream import (
    IDLE,
    KEEP_ALIVE,
    EventStream,
    Message,
    last_event_id,
    send_stream,
    wants_stream,
    while_allowed,
)
from awed.web.kinds import count
from awed.web.params import header
from awed.wire.errors import status_of
from awed.wire.json import plain
from awed.wire.reports import MAX_AT_ONCE, LogPiece, Outcome

MAX_PIECES = 4 * 1024 * 1024
"""Bytes of a body with what commands have written."""

MAX_WAIT = 60.0
"""Seconds for which a request may wait for a log to grow."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")

_READ = to("read", a_job)

_pieces = msgspec.json.Decoder(Annotated[list[LogPiece], Meta(max_length=2 * MAX_AT_ONCE)])

Text = Annotated[bytes, "text/plain"]


class WorkLogs(Resource):
    """Takes and shows logs."""

    calls = Calls[Context]()

    @calls("PUT /?log", as_client("write"))
    async def take_pieces(
        self, call: Call[str], *, body: Annotated[bytes, Body(MAX_PIECES, list[LogPiece])]
    ) -> list[Outcome]:
        """Take what commands have written that run. Each piece is answered by itself."""
        try:
            pieces = _pieces.decode(plain(body))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise Invalid(f"the body must be a JSON list of pieces of logs: {error}") from None
        return [await self._taken(call.thing, piece) for piece in pieces]

    async def _taken(self, client: str, piece: LogPiece) -> Outcome:
        try:
            await self.engine.logs.append(client, piece)
        except AwedError as error:
            return Outcome(piece.wuid, status_of(error), error.texts)
        return Outcome(piece.wuid, 200)

    @calls("GET /<path:work_id>/log", _READ)
    async def follow(
        self,
        call: Call[JobRecord],
        work_id: str,
        *,
        stream: Annotated[Literal["stdout", "stderr"], "What is shown."] = "stdout",
        offset: Annotated[int, "From which byte on."] = 0,
        attempt: Annotated[int | None, count(1), "Of which run, if not of the last."] = None,
        wait: Annotated[float, "Seconds to wait for more, 60 at most."] = 0.0,
    ) -> Text | EventStream:
        """What the command has written, while it runs and afterwards, 1 MB at most; or all of it as a stream, with
        ``Accept: text/event-stream``."""
        work = known(call.thing, work_id)
        if wants_stream(call.request):
            last = last_event_id(call.request)
            begin = offset if last is None else last
            require = partial(_READ.grant, self.context, Asked(call.request, {}, {"work_id": work_id}))
            messages = self._messages(work, stream, begin, attempt or 0)
            return await send_stream(call.request, while_allowed(messages, require, self.engine.events.feed.seconds))
        first, most = _range(call.request)
        part = await self.engine.logs.read(
            work,
            stream,
            offset if first is None else first,
            attempt=attempt or 0,
            most=most,
            wait=min(wait, MAX_WAIT),
        )
        return _send(call.request, part, first)

    async def _messages(self, work: WorkId, stream: str, offset: int, attempt: int) -> AsyncIterator[bytes]:
        """Pieces of a stream, until the log is complete."""
        rest, complete = b"", False
        while not complete and not self.engine.events.feed.closed:
            try:
                part = await self.engine.logs.read(work, stream, offset, attempt=attempt, wait=KEEP_ALIVE)
            except (Unavailable, OSError):
                return
            attempt, complete = part.attempt, part.complete and part.offset + len(part.data) >= part.end
            if part.data or complete:
                text, rest = _text(rest if part.offset == offset else b"", part.data, complete)
                begin, offset = part.offset, part.offset + len(part.data)
                data = {"offset": begin, "text": text, "attempt": attempt, "complete": complete}
                yield Message(offset - len(rest), msgspec.json.encode(data)).encode()
            else:
                yield IDLE


def known(job: JobRecord, work_id: str) -> WorkId:
    """The workunit of that id, which *job* has. Raises :class:`~awed.model.errors.Invalid` if it has none."""
    work = parse_work_id(work_id)
    if not any(task.taskid == work.task_id and work.rank in task.ranks for task in job.job.tasks):
        raise WorkNotFound(str(work))
    return work


def _range(request: AwedRequest) -> tuple[int | None, int]:
    """From where (below 0: from the end), and how many bytes, a Range asks for; None for none that is understood."""
    match = _RANGE.fullmatch(header(request, b"range") or "")
    if match is None or match[0] == "bytes=-":
        return None, MOST
    if not match[1]:
        return -min(MOST, int(match[2])) or None, MOST
    first, last = int(match[1]), int(match[2] or 10**18)
    return (first, min(MOST, last + 1 - first)) if first <= last else (None, MOST)


def _send(request: AwedRequest, part: LogPart, first: int | None) -> bytes:
    end = part.offset + len(part.data)
    headers = {
        "Content-Type": "text/plain",
        "Content-Length": str(len(part.data)),
        "Accept-Ranges": "bytes",
        "Awe-Log-Offset": str(part.offset),
        "Awe-Log-End": str(part.end),
        "Awe-Log-Complete": str(part.complete).lower(),
        "Awe-Log-Attempt": str(part.attempt),
    }
    if first is not None and part.data:
        request.setResponseCode(206)
        headers["Content-Range"] = f"bytes {part.offset}-{end - 1}/{part.end if part.complete else '*'}"
    for name, text in headers.items():
        request.responseHeaders.setRawHeaders(name, [text])
    return part.data


def _text(before: bytes, data: bytes, complete: bool) -> tuple[str, bytes]:
    """*data* after *before* as text, and the bytes at the end that are no whole character yet."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(before + data, final=complete)
    return text, decoder.getstate()[0]
