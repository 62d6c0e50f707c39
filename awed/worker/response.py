"""Responses of HTTP/1.1, put together as they arrive."""

from collections.abc import Mapping
from typing import NamedTuple

LONGEST_HEAD = 64 << 10
"""Bytes of status line and headers."""

_WITHOUT_BODY = (204, 304)


class Response(NamedTuple):
    """A whole response. The names of *headers* are in lower case; their values are UTF-8, as secrets of users are."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def closes(self) -> bool:
        """Whether its connection is not to be used again."""
        return "close" in self.headers.get("connection", "").lower()


class Reader:
    """Takes the pieces of one response, wherever it was cut."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._content = bytearray()
        self._status = 0
        self._headers: dict[str, str] = {}

    def feed(self, data: bytes) -> Response | None:
        """The response, once it is complete. Raises :class:`ValueError` if it is none."""
        self._received += data
        while self._status < 200:  # a 1xx is followed by what counts
            if not self._read_head():
                return None
        if not self._read_body():
            return None
        if self._received:
            raise ValueError("more than was announced")
        return self._response()

    def end(self) -> Response:
        """The response, now that the connection is closed. Raises :class:`ValueError` if something is missing."""
        if self._status < 200 or self._is_framed():
            raise ValueError("the connection was closed in the middle of an answer")
        self._content += self._received
        return self._response()

    def _response(self) -> Response:
        return Response(self._status, self._headers, bytes(self._content))

    def _read_head(self) -> bool:
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if len(head) > LONGEST_HEAD:
            raise ValueError("no end of the headers")
        if not end:
            return False
        first, *lines = head.decode(errors="replace").split("\r\n")
        protocol, _, status = first.partition(" ")
        if not protocol.startswith("HTTP/1."):
            raise ValueError(f"not HTTP: {first[:60]!r}")
        self._status, self._received = int(status[:3]), rest
        self._headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if protocol != "HTTP/1.1":
            self._headers["connection"] = "close"
        return True

    def _is_chunked(self) -> bool:
        return "chunked" in self._headers.get("transfer-encoding", "").lower()

    def _is_framed(self) -> bool:
        """Whether its end can be seen; if not, it ends with the connection."""
        return self._is_chunked() or self._status in _WITHOUT_BODY or "content-length" in self._headers

    def _read_body(self) -> bool:
        """Take in what came; whether that is all."""
        if self._is_chunked():
            return self._read_chunks()
        if not self._is_framed():
            return False
        length = 0 if self._status in _WITHOUT_BODY else _size(self._headers["content-length"], 10)
        if len(self._received) < length:
            return False
        self._content += self._received[:length]
        del self._received[:length]
        return True

    def _read_chunks(self) -> bool:
        while (line := self._received.find(b"\r\n")) >= 0:
            size = _size(self._received[:line].partition(b";")[0], 16)
            if not size:
                return self._read_trailers(line)
            begin, end = line + 2, line + 2 + size
            if len(self._received) < end + 2:
                return False
            self._content += self._received[begin:end]
            del self._received[: end + 2]
        return False

    def _read_trailers(self, begin: int) -> bool:
        end = self._received.find(b"\r\n\r\n", begin)
        if end >= 0:
            del self._received[: end + 4]
        return end >= 0


def _size(text: str | bytearray, base: int) -> int:
    size = int(text, base)
    if size < 0:
        raise ValueError(f"{size} bytes announced")
    return size
