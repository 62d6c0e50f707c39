"""The call for events: what happens to jobs, tasks, workunits and workers, numbered and in order."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from awed.client.calls import PATIENCE, Call, Request, Response, answer
from awed.model.feed import FeedEvent, Subject

LONGEST_WAIT = 60.0
"""Seconds for which the server may wait for an event."""


class Heard(NamedTuple):
    """Events, and the number *last* from which the next request goes on."""

    events: list[FeedEvent]
    last: int


def events(
    since: int | None, *, job: str = "", steps: bool = False, kinds: Sequence[Subject] = (), wait: float = 0.0
) -> Call[Heard]:
    """Get the events after the number *since*; None: no events, but the number of the latest.

    *job*: only of this job, and with *steps* of the steps of this run; *kinds*: only of these. If there are none the
    server waits up to *wait* seconds, but no longer than ``LONGEST_WAIT``. Raises
    :class:`~awed.model.errors.Gone` if some of them are not kept any more.
    """
    wait = min(wait, LONGEST_WAIT)
    query = {
        "since": since,
        "job": job,
        "steps": "true" if steps else "",
        "kind": ",".join(kinds),
        "wait": f"{wait:.3f}" if wait else "",
    }
    asked = urlencode({name: value for name, value in query.items() if value not in ("", None)})
    return Call(Request("GET", f"/events?{asked}" if asked else "/events", patience=wait + PATIENCE), _heard)


def _heard(response: Response) -> Heard:
    read = answer(response)
    return Heard(read.read(list[FeedEvent]), read.last)
