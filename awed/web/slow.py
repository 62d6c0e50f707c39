"""Ends requests that come too slowly: their head must be there in time, and their body get on."""

from typing import Protocol

from msgspec import Struct
from twisted.internet.interfaces import IDelayedCall, IReactorTime

HEAD_TIMEOUT = 30.0
"""Seconds within which the head of a request must be there, from its first byte on."""

WINDOW = 60.0
"""Seconds over which the pace of a body is looked at: a peer may well be away for some of them."""

SLOWEST = 1024
"""Bytes of a body that must come in a second, on average."""

INTERVAL = 15.0
"""Seconds between two looks."""


class Coming(Protocol):
    """A connection on which a request comes in pieces."""

    @property
    def body_bytes(self) -> int | None:
        """How many bytes of the request's body have come. None: its head is not there yet."""

    @property
    def is_held_up(self) -> bool:
        """Whether the peer may not send more now, since what came must be dealt with first."""

    def too_slow(self, text: str) -> None:
        """End it, and say why."""


class _Seen(Struct):
    """What was seen of a request: from when on, and how much of its body there was then, None for none of it."""

    since: float
    body: int | None


class SlowRequests:
    """The connections on which requests come in pieces."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._seen: dict[Coming, _Seen] = {}
        self._timer: IDelayedCall | None = None

    def watch(self, connection: Coming) -> None:
        """A piece has come, and more is to come."""
        if connection not in self._seen:
            self._seen[connection] = _Seen(self._reactor.seconds(), connection.body_bytes)
        if self._timer is None:
            self._timer = self._reactor.callLater(INTERVAL, self._look)

    def forget(self, connection: Coming) -> None:
        """All of the request is there, or the connection is gone."""
        self._seen.pop(connection, None)

    def _look(self) -> None:
        now = self._reactor.seconds()
        for connection, seen in list(self._seen.items()):
            body, lasts = connection.body_bytes, now - seen.since
            if body is None:
                if lasts >= HEAD_TIMEOUT:
                    self._end(connection, f"the head of the request was not there within {HEAD_TIMEOUT:.0f} s")
            elif seen.body is None or connection.is_held_up:
                self._seen[connection] = _Seen(now, body)
            elif lasts >= WINDOW:
                self._seen[connection] = _Seen(now, body)
                if body - seen.body < SLOWEST * lasts:
                    came = f"{body - seen.body} bytes in {lasts:.0f} s, and at least {SLOWEST} a second are expected"
                    self._end(connection, f"the body comes too slowly: {came}")
        self._timer = self._reactor.callLater(INTERVAL, self._look) if self._seen else None

    def _end(self, connection: Coming, text: str) -> None:
        self.forget(connection)
        connection.too_slow(text)
