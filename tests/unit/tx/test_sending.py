"""What is sent arrives whole and in order, at once if the system takes it."""

import socket
from collections.abc import Iterator

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor, StringTransport

from awed.tx.sending import send

MUCH = b"x" * 10_000_000


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def transport(sockets: tuple[socket.socket, socket.socket]) -> Connection:
    transport = Connection(sockets[0], Protocol(), MemoryReactor())
    transport.connected = 1
    return transport


def test_a_short_answer_goes_without_the_reactor(
    transport: Connection, sockets: tuple[socket.socket, socket.socket]
) -> None:
    send(transport, b"short")
    assert sockets[1].recv(100) == b"short"
    assert not transport.reactor.getWriters()


def test_what_the_system_does_not_take_follows_before_anything_else(
    transport: Connection, sockets: tuple[socket.socket, socket.socket]
) -> None:
    send(transport, MUCH)
    send(transport, b"end")
    received = b""
    while len(received) < len(MUCH) + 3:
        received += sockets[1].recv(1 << 20)
        if transport.reactor.getWriters():
            assert transport.doWrite() is None
    assert received == MUCH + b"end"
    assert not transport.reactor.getWriters()


def test_the_transport_hears_of_a_peer_that_is_gone(
    transport: Connection, sockets: tuple[socket.socket, socket.socket]
) -> None:
    sockets[1].close()
    send(transport, b"late")
    assert isinstance(transport.doWrite(), Exception)


def test_nothing_is_sent_on_a_connection_that_is_lost(transport: Connection) -> None:
    transport.connected = 0
    send(transport, b"late")
    assert not transport.reactor.getWriters()


def test_other_transports_send_for_themselves() -> None:
    transport = StringTransport()
    send(transport, b"data")
    assert transport.value() == b"data"
