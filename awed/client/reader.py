"""Parsing of HTTP/1.1 responses as they arrive."""

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from awed.client.calls import Response

LONGEST_HEAD = 64 << 10
"""Bytes that status line and headers may have."""


class Reader:
    """Parses the data of one connection: one response after another, in pieces of any size."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._head = 0
        self._begin()
        self._response: Response | None = None
        self._goes_on = False
        self.closes = False
        """Whether the connection must not be used for another request."""

    def feed(self, data: bytes) -> Response | None:
        """Take the next piece. Returns the response once it is complete, else None.

        Raises :class:`ValueError` if it is no HTTP response, or if more follows on it.
        """
        self._response = None
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise ValueError(f"not HTTP: {error}") from None
        except HttpParserUpgrade:
            raise ValueError("another protocol than was asked for") from None
        if self._goes_on:
            raise ValueError("more than was announced")
        self._head = 0 if self._in_body else self._head + len(data)
        if self._head > LONGEST_HEAD:
            raise ValueError("no end of the headers")
        return self._response

    def end(self) -> Response:
        """The response that ends with the connection. Raises :class:`ValueError` if it is incomplete."""
        if not self._in_body or {"content-length", "transfer-encoding"} & self._headers.keys():
            raise ValueError("the connection was closed in the middle of an answer")
        return self._whole()

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._content: list[bytes] = []
        self._in_body = False

    def _whole(self) -> Response:
        return Response(self._parser.get_status_code(), self._headers, b"".join(self._content))

    # Called by the parser:

    def on_message_begin(self) -> None:
        self._goes_on = self._response is not None
        self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # else it is a trailer
            self._headers[name.decode().lower()] = value.decode(errors="replace").strip()

    def on_headers_complete(self) -> None:
        self._in_body = self._parser.get_status_code() >= 200  # a 1xx is followed by the final response

    def on_body(self, data: bytes) -> None:
        self._content.append(data)

    def on_message_complete(self) -> None:
        if self._in_body:
            self._response = self._whole()
            self.closes = not self._parser.should_keep_alive()
