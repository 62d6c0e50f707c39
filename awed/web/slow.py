"""Ends requests that arrive too slowly: the head must be complete in time, and the body must keep a pace."""

from typing import Protocol

from msgspec import Struct
from twisted.internet.interfaces import IDelayedCall, IReactorTime

HEAD_TIMEOUT = 30.0
"""Seconds from the first byte of a request within which its head must be complete."""

WINDOW = 60.0
"""Seconds over which the pace of a body is measured; so long because peers may pause."""

SLOWEST = 1024
"""Bytes of a body that must arrive in a second, on average over a WINDOW."""

INTERVAL = 15.0
"""Seconds between two checks of all requests."""


class Coming(Protocol):
    """A connection on which a request arrives in pieces."""

    @property
    def body_bytes(self) -> int | None:
        """How many bytes of the request's body have arrived; None if its head is not complete."""

    @property
    def is_held_up(self) -> bool:
        """Whether the peer is paused until the bytes that arrived are processed."""

    def too_slow(self, text: str) -> None:
        """Answer with *text* and close the connection."""


class _Seen(Struct):
    """Where the measurement of a request begins: *since* (seconds), with *body* bytes; None before its head."""

    since: float
    body: int | None


class SlowRequests:
    """Watches the connections on which requests arrive in pieces."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._seen: dict[Coming, _Seen] = {}
        self._timer: IDelayedCall | None = None

    def watch(self, connection: Coming) -> None:
        """Watch *connection*: a piece of a request has arrived, and more is to come."""
        if connection not in self._seen:
            self._seen[connection] = _Seen(self._reactor.seconds(), connection.body_bytes)
        if self._timer is None:
            self._timer = self._reactor.callLater(INTERVAL, self._look)

    def forget(self, connection: Coming) -> None:
        """Stop watching *connection*: its request is complete, or it is closed."""
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
