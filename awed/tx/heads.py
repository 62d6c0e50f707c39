"""Connections to hosts that may send anything: the heads of their answers are limited, as Twisted would hold any."""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.web._newclient import BODY, DONE, HTTP11ClientProtocol
from twisted.web.client import HTTPConnectionPool

LONGEST_HEAD = 128 * 1024
"""Bytes of status and headers, with those of interim answers, after which a connection is broken off."""


class _Connection(HTTP11ClientProtocol):
    """A connection that is broken off if the head of an answer is too long."""

    _head = 0

    def dataReceived(self, bytes: bytes) -> None:
        super().dataReceived(bytes)  # type: ignore[no-untyped-call]
        if self._parser is None or self._parser.state in (BODY, DONE):
            self._head = 0
            return
        self._head += len(bytes)
        if self._head > LONGEST_HEAD:
            transport: Any = self.transport
            transport.abortConnection()


class _Connections(Factory):
    """Makes connections for a pool, which tells it what to call at the end of a request."""

    noisy = False

    def __init__(self, quiescent: Callable[..., object], about: str) -> None:
        self._quiescent = quiescent

    def buildProtocol(self, addr: IAddress | None) -> _Connection:
        return _Connection(self._quiescent)  # type: ignore[no-untyped-call]


def connections(reactor: Any) -> HTTPConnectionPool:
    """Connections that are reused, and whose answers have limited heads."""
    pool = HTTPConnectionPool(reactor)
    pool._factory = _Connections  # type: ignore[assignment]
    return pool
