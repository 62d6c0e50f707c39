"""``/events``: changes of jobs, tasks, workunits and workers, one by one as they become durable."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from msgspec import Struct, json

from awed.api.context import Context, Resource
from awed.api.rights import may
from awed.model.errors import Gone, Unavailable
from awed.model.feed import FeedEvent, Subject
from awed.service.events import Choice, Cursor
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
from awed.web.kinds import Kind, count, split, word
from awed.web.streaming import listed
from awed.wire.envelope import Events

MAX_WAIT = 60.0
"""Seconds for which a request may wait for events."""

AT_ONCE = 1000
"""The most events of an answer without ``limit``, and of one piece of a stream."""

MOST = 10_000
"""The largest ``limit``."""

_LISTEN = may("read", runners=True)

_SUBJECT = word(Subject)
_SUBJECTS = Kind(lambda name, texts: [_SUBJECT.read(name, [text]) for text in split(texts)], {"type": "string"})


class Wanted(Struct, frozen=True):
    """Which events are asked for."""

    since: Annotated[
        int | None, "Only events after this number; 0: all that are kept. If absent: only those from now on."
    ] = None
    job: Annotated[str, "Only events of this job, its tasks and workunits."] = ""
    steps: Annotated[bool, "With job: of the steps of this run as well."] = False
    kind: Annotated[
        list[Subject], _SUBJECTS, "Only events of these kinds: job, task, work, client; several with commas."
    ] = []


class EventsResource(Resource):
    """The events that the caller may see."""

    calls = Calls[Context]()

    @calls("GET /?stream", _LISTEN)
    async def stream(self, call: Call[None], *, wanted: Wanted) -> EventStream:
        """The events as a stream, as with ``Accept: text/event-stream``. ``Last-Event-ID`` overrides ``since``."""
        cursor = self._cursor(call, wanted, last_event_id(call.request))
        require = partial(_LISTEN.grant, self.context, Asked(call.request, {}, {}))
        messages = while_allowed(self._messages(cursor), require, self.engine.events.feed.seconds)
        return await send_stream(call.request, messages)

    @calls("GET /", _LISTEN)
    async def index(
        self,
        call: Call[None],
        *,
        wanted: Wanted,
        wait: Annotated[float, "Seconds to wait for an event, 60 at most."] = 0.0,
        limit: Annotated[int, count(1, MOST), "How many events at most."] = AT_ONCE,
    ) -> Events[list[FeedEvent]] | EventStream:
        """The events, in order."""
        if wants_stream(call.request):
            return await self.stream(call, wanted=wanted)
        cursor = self._cursor(call, wanted)
        found = await cursor.wait(limit, min(wait, MAX_WAIT))
        return Events(200, listed(found), last=cursor.number, oldest=self.engine.events.feed.oldest)

    def _cursor(self, call: Call[None], wanted: Wanted, last: int | None = None) -> Cursor:
        """A cursor for the wanted events, after the event *last*, or else after ``since``.

        Raises :class:`Gone` if some of them are not kept any more.
        """
        since = next((number for number in (last, wanted.since) if number is not None), self.engine.events.feed.last)
        choice = Choice(frozenset(wanted.kind), wanted.job, wanted.steps and bool(wanted.job))
        return self.engine.events.cursor(call.user, self.context.groups.acl, choice, since)

    async def _messages(self, cursor: Cursor) -> AsyncIterator[bytes]:
        """The pieces of a stream: events as they come, and ids after which a cut stream goes on.

        Ends when the server stops, and for a listener that was too slow: the next request is answered by the error.
        """
        yield Message(cursor.number).encode()
        while not self.engine.events.feed.closed:
            before = cursor.number
            try:
                found = await cursor.wait(AT_ONCE, KEEP_ALIVE)
            except (Gone, Unavailable):
                return
            if found:
                yield b"".join(Message(event.id, json.encode(event)).encode() for event in found)
            else:
                yield IDLE if cursor.number == before else Message(cursor.number).encode()
