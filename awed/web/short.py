"""The short way: requests and forms that arrive whole in one piece of data, as nearly all do, are read in one step.

Whatever is unusual or wrong is left to twisted.web and the parser of forms.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from multipart import MultipartError, MultipartSegment, PushMultipartParser
from twisted.web.http_headers import Headers

from awed.web.dialects import filename_of
from awed.web.form import IN_MEMORY, Form, Spool, whole_part

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


MOST_PARTS = 100


LONGEST_PART_HEAD = 500
"""Bytes of the head of a part."""


_CONTENT_TYPE = re.compile(r"multipart/form-data; boundary=([0-9A-Za-z_-]{1,70})")


def short_form(content_type: str, body: bytes, spool: Spool) -> Form | None:
    """The form that *body* is.

    None for one that is long, and for what is unusual or wrong: that is for
    :class:`~awed.web.form.MultipartReceiver` to judge.
    """
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
    """What stands in the head of a part, which begins with a line break. Clients have few, and send them often."""
    parser = PushMultipartParser("x")
    try:
        segment, _ = parser.parse(b"--x%b\r\n\r\n\r\n--x--" % head)
        parser.close()
    except (MultipartError, ValueError):
        return None
    assert isinstance(segment, MultipartSegment)
    return segment
