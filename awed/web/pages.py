"""Answers for browsers: HTML, and redirections."""

from twisted.web.iweb import IRequest

_KINDS = ("text/html", "application/json", "*/*")


def prefers_html(accept: str) -> bool:
    """Whether a header Accept names HTML before JSON and before ``*/*``, as browsers do."""
    sorts = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    return next((sort for sort in sorts if sort in _KINDS), "") == "text/html"


def see_other(request: IRequest, location: str) -> bytes:
    """Redirect the browser to *location*, which it then gets by GET (status 303)."""
    request.setResponseCode(303)
    request.setHeader(b"Location", location.encode())
    request.setHeader(b"Content-Length", b"0")
    return b""


def send_html(request: IRequest, body: bytes, status: int = 200) -> bytes:
    """Set status and headers for *body*, which is HTML in UTF-8, and return it."""
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
    request.setHeader(b"Content-Length", b"%d" % len(body))
    return body
