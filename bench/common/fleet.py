"""Many clients that wait for work, each on a connection of its own."""

import select
import socket
import time
from collections.abc import Sequence
from types import TracebackType

from bench.common.wire import Address, ask, request

WAIT = 60
"""Seconds for which they wait."""


class Fleet:
    """The clients *names*, all of which wait by the time the block is entered. *room*: their free disk in bytes."""

    def __init__(self, address: Address, names: Sequence[str], room: int | None = None) -> None:
        self._address = address
        self._sockets = [socket.create_connection(address) for _ in names]
        available = "" if room is None else f"&available={room}"
        for name, connection in zip(names, self._sockets, strict=True):
            connection.sendall(request("GET", f"/work?client={name}&wait={WAIT}{available}"))

    def __enter__(self) -> "Fleet":
        # The server reads in the order of arrival: when it answers this, it has read all the others.
        for _ in range(3):
            ask(self._address, request("GET", "/queue?json"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for connection in self._sockets:
            connection.close()

    def woken(self, number: int) -> list[float]:
        """The times at which the next *number* clients were handed something."""
        poll = select.epoll()
        for connection in self._sockets:
            poll.register(connection, select.EPOLLIN)
        times: list[float] = []
        while len(times) < number:
            for descriptor, _ in poll.poll():
                poll.unregister(descriptor)
                times.append(time.perf_counter())
        poll.close()
        return times
