"""Short multipart forms that are there as a whole: cut at their boundaries in one step."""

import re
from functools import lru_cache

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from awed.api.form import IN_MEMORY, Form, Spool, whole_part

MOST_PARTS = 100

LONGEST_HEAD = 500
"""Bytes of the head of a part."""

_CONTENT_TYPE = re.compile(r"multipart/form-data; boundary=([0-9A-Za-z_-]{1,70})")


def short_form(content_type: str, body: bytes, spool: Spool) -> Form | None:
    """The form that *body* is.

    None for one that is long, and for what is unusual or wrong: that is for
    :class:`~awed.api.form.MultipartReceiver` to judge.
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
        field = _field(head) if end and len(head) <= LONGEST_HEAD else None
        if field is None:
            return None
        form.parts.append(whole_part(field.name or "", field.filename, content, spool))
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
