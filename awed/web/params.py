"""The query string and the headers of a request.

The query string is read from the URI, because twisted.web's ``args`` leave out keys without a value, such as
``?active``, which is how the flags of this API are written.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import unquote_plus

from twisted.web.http_headers import Headers
from twisted.web.iweb import IRequest

from awed.model.errors import Invalid

Params = dict[str, list[str]]
"""Keys and values of a query string. Keys may be repeated. The value of a key without one is ""."""


def params_of(request: IRequest) -> Params:
    """The parameters of *request*'s query string. Raises :class:`~awed.model.errors.Invalid` if it is not UTF-8."""
    return parse_query(request.uri.partition(b"?")[2])


def parse_query(query: bytes) -> Params:
    """The parameters in a query string. Raises :class:`~awed.model.errors.Invalid` if it is not UTF-8."""
    params: Params = {}
    try:
        text = query.decode()
        decoded = _decoded if "%" in text or "+" in text else str
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            if pair:
                params.setdefault(decoded(name), []).append(decoded(value))
    except UnicodeDecodeError:
        raise Invalid("the query string is not valid UTF-8") from None
    return params


class SharedHeaders(Headers):
    """Headers that many requests have in common, so they cannot be changed. *fields*: their names and values.
    *texts*: the value of each, the last one if there are several, by its name in lower case."""

    def __init__(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        super().__init__()
        self.texts: dict[bytes, str] = {}
        for name, value in fields:
            super().addRawHeader(name, value)
            self.texts[name.lower()] = _text(value)

    def copy(self) -> Headers:
        """Headers of the same names and values that can be changed."""
        return Headers(dict(self.getAllRawHeaders()))

    def addRawHeader(self, name: str | bytes, value: str | bytes) -> None:
        raise TypeError("other requests have these headers too")

    def setRawHeaders(self, name: str | bytes, values: Sequence[str | bytes]) -> None:
        raise TypeError("other requests have these headers too")

    def removeHeader(self, name: str | bytes) -> None:
        raise TypeError("other requests have these headers too")


def change_header(request: IRequest, name: bytes, value: bytes | None) -> None:
    """Have *request* treated as if it had been sent with this header, None: without it."""
    headers = request.requestHeaders = request.requestHeaders.copy()
    if value is None:
        headers.removeHeader(name)
    else:
        headers.setRawHeaders(name, [value])


def header(request: IRequest, name: bytes) -> str | None:
    """The value of a header, the last one if there are several, None if it is missing. Bytes that are not UTF-8 are
    replaced: a token with such bytes is refused like any wrong token."""
    headers = request.requestHeaders
    if type(headers) is SharedHeaders:  # isinstance() takes longer
        return headers.texts.get(name.lower())
    values = headers.getRawHeaders(name)
    return _text(values[-1]) if values else None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict")
