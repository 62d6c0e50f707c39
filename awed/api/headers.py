"""Header fields of a request."""

from twisted.web.iweb import IRequest


def header(request: IRequest, name: bytes) -> str | None:
    """The value of a field, None if it is not there. Bytes that are no UTF-8 come as replacement characters: a wrong
    token is a wrong token, not a fault of the server."""
    value = request.getHeader(name)
    return None if value is None else value.decode("utf-8", "replace")
