"""Quick parsing of requests and forms that arrive in one piece of data, as nearly all do.

All that is unusual or wrong is left to twisted.web and to the parser of forms.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from awed.web.dialects import filename_of
from awed.web.form import IN_MEMORY, Form, Spool, whole_part
from awed.web.params import SharedHeaders

LONGEST = 64 * 1024
"""Bytes that a request parsed here may have."""

LONGEST_HEAD = 8 * 1024
"""Bytes that its request line and headers may have."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_FIELD = rb"\r\n(?!(?i:Transfer-Encoding|Expect|Cookie):)%b:[^\r\n\0]*" % _TOKEN
_HEAD = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.1((?:%b){0,100})" % _FIELD)
_DIGITS = 18
"""Digits that a Content-Length may have. Python refuses to convert thousands."""


class WholeRequest(NamedTuple):
    """An HTTP/1.1 request, with or without a body."""

    method: bytes
    target: bytes
    headers: SharedHeaders
    body: bytes


def whole_request(data: bytes) -> WholeRequest | None:
    """The request in *data*; None for more or less than one request, and for anything unusual or wrong."""
    head, end, body = data.partition(b"\r\n\r\n")
    found = _HEAD.fullmatch(head) if end and len(head) <= LONGEST_HEAD else None
    if found is None:
        return None
    method, target, fields = found.groups()
    headers, length = _headers(fields)
    return WholeRequest(method, target, headers, body) if length == len(body) else None


@lru_cache(maxsize=256)
def _headers(fields: bytes) -> tuple[SharedHeaders, int]:
    """The headers, and the length of the body according to them; -1 if they are contradictory or invalid.

    Cached, as clients send the same ones again and again.
    """
    pairs = (field.partition(b":") for field in fields.split(b"\r\n")[1:])
    headers = SharedHeaders((name, value.strip(b" \t")) for name, _, value in pairs)
    lengths = headers.getRawHeaders(b"Content-Length", (b"0",))
    known = len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) <= _DIGITS
    return headers, int(lengths[0]) if known else -1


MOST_PARTS = 100
"""Parts of a form that is parsed here."""

LONGEST_PART_HEAD = 500
"""Bytes that the headers of a part may have."""

_CONTENT_TYPE = re.compile(r"multipart/form-data; boundary=([0-9A-Za-z_-]{1,70})")


def short_form(content_type: str, body: bytes, spool: Spool) -> Form | None:
    """The form in *body*; None for one that is long, and for anything unusual or wrong."""
    found = _CONTENT_TYPE.fullmatch(content_type)
    if found is None or len(body) > IN_MEMORY:
        return None
    before, *pieces = (b"\r\n" + body).split(b"\r\n--" + found[1].encode())
    if before or not pieces or pieces.pop() not in (b"--", b"--\r\n") or len(pieces) > MOST_PARTS:
        return None
    form = Form(is_form=True, parts=[])
    for piece in pieces:
        head, end, content = piece.partition(b"\r\n\r\n")
        field = _field(head) if end and len(head) <= LONGEST_PART_HEAD else None
        if field is None:
            return None
        form.parts.append(whole_part(field.name or "", filename_of(field), content, spool))
    return form


@lru_cache(maxsize=256)
def _field(head: bytes) -> MultipartSegment | None:
    """The parsed headers of a part, None if they are invalid. *head* begins with a line break.

    Cached, as clients send few different ones, and often.
    """
    parser = PushMultipartParser("x")
    try:
        segment, _ = parser.parse(b"--x%b\r\n\r\n\r\n--x--" % head)
        parser.close()
    except (MultipartError, ValueError):
        return None
    assert isinstance(segment, MultipartSegment)
    return segment
