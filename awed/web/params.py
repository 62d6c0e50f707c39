"""The query string and the headers of a request.

The query string is read from the URI, because twisted.web's ``args`` leave out keys without a value, such as
``?active``, which is how the flags of this API are written.
"""

from urllib.parse import unquote_plus

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


def header(request: IRequest, name: bytes) -> str | None:
    """The value of a header, None if it is missing. Bytes that are not UTF-8 are replaced: a token with such bytes is
    refused like any wrong token."""
    values = request.requestHeaders.getRawHeaders(name)
    return values[-1].decode("utf-8", "replace") if values else None


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict")
