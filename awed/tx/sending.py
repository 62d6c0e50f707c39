"""Requests and answers go to the system at once.

Twisted asks epoll whether a connection takes data, sends in the next turn of the reactor, and tells epoll that there
is no more: four calls for what nearly always is short, fits, and takes one.
"""

from typing import Any

from twisted.internet.tcp import Connection


def send(transport: Any, data: bytes) -> None:
    """Send *data* to the peer now, as far as the system takes it and nothing else waits; the transport does the rest.

    What is encrypted, or no socket, is always for the transport. So is the end of a connection that is gone.
    """
    if isinstance(transport, Connection) and transport.connected and not (transport.TLS or _waits(transport)):
        sent = transport.writeSomeData(data)
        if isinstance(sent, int):
            data = data[sent:]
    if data:
        transport.write(data)


def _waits(transport: Connection) -> bool:
    return bool(transport.dataBuffer or transport._tempDataLen)
