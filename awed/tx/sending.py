"""Writing to a connection without waiting for the reactor.

Twisted's ``write`` asks epoll whether the socket takes data, sends in the next turn of the reactor, then tells epoll
that there is no more: four system calls. Nearly all requests and answers are short and fit into the socket's buffer,
so that one call does.
"""

from typing import Any

from twisted.internet.tcp import Connection


def send(transport: Any, data: bytes) -> None:
    """Send *data* to the peer at once, as much as the socket takes; ``transport.write`` gets the rest.

    It gets all of it if earlier data still waits there, or if the transport is encrypted, lost or no socket.
    """
    if isinstance(transport, Connection) and transport.connected and not (transport.TLS or _waits(transport)):
        sent = transport.writeSomeData(data)
        if isinstance(sent, int):
            data = data[sent:]
    if data:
        transport.write(data)


def _waits(transport: Connection) -> bool:
    return bool(transport.dataBuffer or transport._tempDataLen)
