"""Heads of answers are limited, bodies are not."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web._newclient import Request
from twisted.web.http_headers import Headers

from awed.tx.heads import LONGEST_HEAD, connections

PIECE = 8000


class Host:
    """A connection of which the other end is the test."""

    def __init__(self) -> None:
        pool: Any = connections(Clock())
        self.connection = pool._factory(lambda protocol: None, "").buildProtocol(None)
        self.transport = StringTransport()
        self.connection.makeConnection(self.transport)

    def asked(self) -> Deferred[Any]:
        """A request of which the answer is still to come."""
        answer: Deferred[Any] = self.connection.request(Request(b"GET", b"/", Headers({"Host": ["a"]}), None, True))
        return answer

    def sends(self, data: bytes, times: int = 1) -> None:
        """Send it, as long as the connection is there."""
        for _ in range(times):
            if not self.transport.disconnecting:
                self.connection.dataReceived(data)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"A: " + b"x" * PIECE + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nA: x\r\n", b" " + b"x" * PIECE + b"\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nA: " + b"x" * PIECE + b"\r\n\r\n"),
    ],
    ids=["headers", "one header", "interim answers"],
)
def test_a_head_without_end_breaks_the_connection_off(begin: bytes, more: bytes) -> None:
    host = Host()
    answer = host.asked()
    host.sends(begin)
    host.sends(more, 1000)
    assert host.transport.disconnecting
    answer.addErrback(lambda failure: None)


def test_bodies_may_have_any_length_and_do_not_count_for_the_next_head() -> None:
    host = Host()
    for _ in range(3):
        answers: list[Any] = []
        host.asked().addCallback(answers.append)
        host.sends(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LONGEST_HEAD * 2))
        answers[0].deliverBody(Protocol())
        host.sends(b"x" * LONGEST_HEAD, 2)
    assert not host.transport.disconnecting
