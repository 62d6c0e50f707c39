"""The query string of a request, read in one place.

It is read from the URI: twisted.web's own ``args`` drop a key that has no value (``?active``), which is how the
flags of this API are written.
"""

from urllib.parse import unquote_plus

from twisted.web.iweb import IRequest

from awed.model.errors import Invalid

Params = dict[str, list[str]]
"""Keys and values of a query string. A key may be repeated, and may stand without a value, which is empty then."""


def params_of(request: IRequest) -> Params:
    """The parameters of *request*'s query string. Raises :class:`~awed.model.errors.Invalid` if it is not UTF-8."""
    return parse_query(request.uri.partition(b"?")[2])


def parse_query(query: bytes) -> Params:
    """The same for the string itself."""
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
    """The value of a field, None if it is not there. Bytes that are no UTF-8 come as replacement characters: a wrong
    token is a wrong token, not a fault of the server."""
    value = request.getHeader(name)
    return None if value is None else value.decode("utf-8", "replace")


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict")
