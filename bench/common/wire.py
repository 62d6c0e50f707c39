"""Simulated clients: each is a script that sends a request and is given the answer, on a connection of its own.

Raw sockets, one thread, and no more parsing than is needed: what is measured is the server.
"""

import select
import socket
from collections.abc import Generator, Iterable, Mapping
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct


class Answer(NamedTuple):
    """The status and the body of an answer."""

    status: int
    body: bytes

    def whole(self) -> bytes:
        """The body of an answer of status 200; others end the measurement."""
        if self.status != 200:
            raise SystemExit(f"unexpected answer: {self.status} {self.body[:500]!r}")
        return self.body

    def data(self) -> Raw:
        """The data in the envelope of such an answer."""
        return _envelope.decode(self.whole()).data


class _Envelope(Struct):
    data: Raw


_envelope = msgspec.json.Decoder(_Envelope)

Script = Generator[bytes, Answer, None]
"""Yields requests, is sent their answers, and ends when its client has done all it had to do."""

Address = tuple[str, int]


class _Connection:
    """A keep-alive connection, and the script that uses it."""

    def __init__(self, address: Address, script: Script) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._script = script
        self._head = b""
        self._body = bytearray()
        self.socket.sendall(next(script))

    def read(self) -> bool:
        """Take what has come. False: the script is at its end."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit("the server closed a connection")
        self._body += data
        answer = self._answer()
        if answer is not None:
            self._head = b""
            self._body.clear()
            try:
                self.socket.sendall(self._script.send(answer))
            except StopIteration:
                self.socket.close()
                return False
        return True

    def _answer(self) -> Answer | None:
        """The answer, once all of it is there. Looks at what has come just once, as an answer may be very long."""
        if not self._head:
            end = self._body.find(b"\r\n\r\n")
            if end < 0:
                return None
            self._head = bytes(self._body[:end])
            del self._body[: end + 4]
        status = int(self._head[9:12])
        if b"chunked" in self._head:
            return Answer(status, _joined(bytes(self._body))) if self._body.endswith(b"0\r\n\r\n") else None
        length = int(self._head.partition(b"Content-Length: ")[2].partition(b"\r")[0])
        return Answer(status, bytes(self._body)) if len(self._body) >= length else None


def _joined(chunks: bytes) -> bytes:
    """The body that comes in *chunks*."""
    content, at = [], 0
    while True:
        size, _, _ = chunks[at : at + 20].partition(b"\r\n")
        at += len(size) + 2
        content.append(chunks[at : at + int(size, 16)])
        at += int(size, 16) + 2
        if not content[-1]:
            return b"".join(content)


def play(address: Address, scripts: Iterable[Script]) -> None:
    """Run scripts side by side until all have ended."""
    poll = select.epoll()
    connections = {}
    for script in scripts:
        connection = _Connection(address, script)
        connections[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)
    while connections:
        for number, _ in poll.poll():
            if not connections[number].read():
                del connections[number]
    poll.close()


def ask(address: Address, request: bytes) -> Answer:
    """One request and its answer."""
    answers = []

    def script() -> Script:
        answers.append((yield request))

    play(address, [script()])
    return answers[0]


def request(method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def form(name: str, content: bytes) -> tuple[bytes, str]:
    """A multipart form with one file, and its content type."""
    return forms([(name, content)])


_BOUNDARY = "d74496d66958873e"


def fields(texts: Mapping[str, str]) -> tuple[bytes, str]:
    """A multipart form of text fields, and its content type."""
    body = b"".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in texts.items()
    )
    return body + f"--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"


def forms(parts: Iterable[tuple[str, bytes]]) -> tuple[bytes, str]:
    """A multipart form of files, and its content type."""
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n%b\r\n"
        % (_BOUNDARY.encode(), name.encode(), name.encode(), content)
        for name, content in parts
    )
    return b"%b--%b--\r\n" % (body, _BOUNDARY.encode()), f"multipart/form-data; boundary={_BOUNDARY}"
