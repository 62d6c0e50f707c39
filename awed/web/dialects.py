"""Forms as some programs write them, made into what the parser reads: encoded file names, lines that end with a line
feed alone."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from multipart import MultipartSegment

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ENCODED_NAME = re.compile(r";\s*filename\*\s*=\s*([\w.+-]+)'[^';]*'([^;\s]*)", re.IGNORECASE)


def filename_of(head: MultipartSegment) -> str | None:
    """The name of the file in a part. One that is encoded (``filename*``, RFC 5987) goes before the plain one."""
    told: str = head.header("Content-Disposition", "")
    plain: str | None = head.filename
    if "*" not in told or (encoded := _ENCODED_NAME.search(_QUOTED.sub("", told))) is None:
        return plain
    try:
        return unquote(encoded[2], encoded[1], errors="strict")
    except (LookupError, UnicodeDecodeError):
        return plain


LONGEST_LINE = 8 * 1024
"""Bytes of a line in the head of a part that are waited for."""


class Lines:
    """Sees by its first lines whether a form ends lines with a line feed alone, all of them or those in the heads of
    parts, and then ends them with a carriage return as well. What is in the parts stays as it is."""

    def __init__(self, boundary: str) -> None:
        self._first = b"--" + boundary.encode()
        self._newline: bytes | None = None
        """How boundaries end; empty if nothing is to be changed, None while that is not known."""
        self._rest = b""
        self._in_head = False

    def read(self, data: bytes) -> bytes:
        """What is known of the form after this piece of it."""
        data = self._rest + data
        if self._newline is None:
            self._newline = self._found_in(data)
            if self._newline is not None:
                data = self._newline + data
        if self._newline:
            return b"".join(self._pieces(data, self._newline))
        data, self._rest = (data, b"") if self._newline is not None else (b"", data)
        return data

    def _found_in(self, data: bytes) -> bytes | None:
        """The ends of boundaries in a form that begins with *data*, as *_newline* has them."""
        if data.startswith(self._first + b"\n"):
            return b"\n"
        boundary = self._first + b"\r\n"
        end = data.find(b"\n", len(boundary))
        if boundary.startswith(data[: len(boundary)]) and end == -1 and len(data) < LONGEST_LINE:
            return None
        return b"\r\n" if data.startswith(boundary) and end != -1 and data[end - 1 : end] != b"\r" else b""

    def end(self) -> bytes:
        """What was waited for."""
        return self._rest

    def _pieces(self, data: bytes, newline: bytes) -> Iterator[bytes]:
        delimiter = newline + self._first
        unclear = (b"", b"-", newline[:-1])
        at, end = 0, len(data)
        while True:
            start = at
            if self._in_head:
                at = data.find(b"\n", start) + 1
                if not at:
                    at = end if end - start > LONGEST_LINE else start
                    yield data[start:at]
                    break
                line = data[start : at - 1].removesuffix(b"\r")
                yield line + b"\r\n"
                self._in_head = bool(line)
                continue
            place = data.find(delimiter, start)
            after = place + len(delimiter)
            if place == -1 or data[after:] in unclear:  # it may be one, or not
                at = place if place != -1 else max(start, end - len(delimiter) + 1)
                yield data[start:at]
                break
            at = after + len(newline)
            self._in_head = data[after:at] == newline
            at = at if self._in_head else after
            yield data[start:place] + b"\r\n" + self._first + (b"\r\n" if self._in_head else b"")
        self._rest = data[at:]
