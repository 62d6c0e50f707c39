"""Responses of HTTP/1.1, put together as they arrive."""

from collections.abc import Mapping
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

LONGEST_HEAD = 64 << 10
"""Bytes of status line and headers."""


class Response(NamedTuple):
    """A whole response. The names of *headers* are in lower case; their values are UTF-8, as secrets of users are.

    *closes*: its connection is not to be used again.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    closes: bool = False


class Reader:
    """Takes the pieces of one response, wherever it was cut."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._fed = 0
        self._headers: dict[str, str] = {}
        self._content: list[bytes] = []
        self._has_head = False
        self._response: Response | None = None
        self._goes_on = False

    def feed(self, data: bytes) -> Response | None:
        """The response, once it is complete. Raises :class:`ValueError` if it is none."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise ValueError(f"not HTTP: {error}") from None
        except HttpParserUpgrade:
            raise ValueError("another protocol than was asked for") from None
        if self._goes_on:
            raise ValueError("more than was announced")
        self._fed += len(data)
        if not self._has_head and self._fed > LONGEST_HEAD:
            raise ValueError("no end of the headers")
        return self._response

    def end(self) -> Response:
        """The response, now that the connection is closed. Raises :class:`ValueError` if something is missing."""
        if not self._has_head or self._is_framed():
            raise ValueError("the connection was closed in the middle of an answer")
        return self._whole(closes=True)

    def _is_framed(self) -> bool:
        """Whether its end can be seen; if not, it ends with the connection."""
        return "content-length" in self._headers or "chunked" in self._headers.get("transfer-encoding", "").lower()

    def _whole(self, closes: bool) -> Response:
        return Response(self._parser.get_status_code(), self._headers, b"".join(self._content), closes)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._goes_on = self._response is not None

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # else it stands after the body
            self._headers[name.decode().lower()] = value.decode(errors="replace").strip()

    def on_headers_complete(self) -> None:
        if self._parser.get_status_code() >= 200:  # a 1xx is followed by what counts
            self._has_head = True
        else:
            self._headers = {}

    def on_body(self, data: bytes) -> None:
        self._content.append(data)

    def on_message_complete(self) -> None:
        if self._has_head:
            self._response = self._whole(closes=not self._parser.should_keep_alive())
