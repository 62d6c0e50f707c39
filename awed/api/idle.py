"""Connections on which nothing happens are closed: one timer for all of them, which no request starts or stops."""

from collections import OrderedDict

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.web.http import HTTPChannel


class IdleConnections:
    """Closes connections that have no request to answer and were silent for *limit* seconds."""

    def __init__(self, limit: float, reactor: IReactorTime) -> None:
        self._limit = limit
        self._reactor = reactor
        self._heard: OrderedDict[HTTPChannel, float] = OrderedDict()
        """When it was last heard of each, the longest silent first."""
        self._timer: IDelayedCall | None = None

    def heard(self, connection: HTTPChannel) -> None:
        """The connection is idle from now on."""
        self._heard[connection] = self._reactor.seconds()
        self._heard.move_to_end(connection)
        if self._timer is None:
            self._timer = self._reactor.callLater(self._limit, self._look)

    def forget(self, connection: HTTPChannel) -> None:
        """The connection has a request to answer, or is gone."""
        self._heard.pop(connection, None)

    def _look(self) -> None:
        self._timer = None
        now = self._reactor.seconds()
        while self._heard:
            connection, heard = next(iter(self._heard.items()))
            if heard + self._limit > now:
                self._timer = self._reactor.callLater(heard + self._limit - now, self._look)
                return
            del self._heard[connection]
            connection.timeoutConnection()
