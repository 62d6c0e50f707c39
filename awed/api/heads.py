"""Requests that arrive as a whole in one piece of data, which nearly all do: read in one step, not line by line."""

import re
from typing import NamedTuple

from twisted.web.http_headers import Headers

LONGEST = 64 * 1024
"""Bytes of a request that is read here."""

LONGEST_HEAD = 8 * 1024
"""Bytes of its head."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_FIELD = rb"\r\n(?!(?i:Transfer-Encoding|Expect|Cookie):)%b:[^\r\n\0]*" % _TOKEN
_HEAD = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.1((?:%b){0,100})" % _FIELD)
_DIGITS = 18
"""Of a length. Python refuses to read thousands."""


class WholeRequest(NamedTuple):
    """A request of HTTP/1.1 with a body of known length, or none."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes


def whole_request(data: bytes) -> WholeRequest | None:
    """The request that *data* is.

    None for more or less than one request, and for what is unusual or wrong: that is for twisted.web to judge.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    found = _HEAD.fullmatch(head) if end and len(head) <= LONGEST_HEAD else None
    if found is None:
        return None
    method, target, fields = found.groups()
    headers = Headers()
    for field in fields.split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        headers.addRawHeader(name, value.strip(b" \t"))
    if _length(headers) != len(body):
        return None
    return WholeRequest(method, target, headers, body)


def _length(headers: Headers) -> int:
    """Of the body, as the headers tell; -1 if they do not make sense."""
    lengths = headers.getRawHeaders(b"Content-Length", (b"0",))
    known = len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) <= _DIGITS
    return int(lengths[0]) if known else -1
