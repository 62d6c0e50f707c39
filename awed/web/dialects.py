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
    """Sees by its first line whether a form ends its lines with a line feed alone, and then puts a carriage return
    before each of them. What is in the parts stays as it is."""

    def __init__(self, boundary: str) -> None:
        self._delimiter = b"\n--" + boundary.encode()
        self._rest = b""
        self._has_begun = False
        self._is_odd = False
        self._in_head = False

    def read(self, data: bytes) -> bytes:
        """What is known of the form after this piece of it."""
        if not self._has_begun:
            self._rest += data
            data, first_line = self._rest, self._delimiter[1:] + b"\n"
            if len(data) < len(first_line) and first_line.startswith(data):
                return b""
            self._has_begun, self._is_odd = True, data.startswith(first_line)
            self._rest = b"\n" if self._is_odd else b""
        return b"".join(self._pieces(self._rest + data)) if self._is_odd else data

    def end(self) -> bytes:
        """What was waited for."""
        return self._rest

    def _pieces(self, data: bytes) -> Iterator[bytes]:
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
            place = data.find(self._delimiter, start)
            after = place + len(self._delimiter)
            if place == -1 or data[after:] in (b"", b"-"):  # it may be one, or not
                at = place if place != -1 else max(start, end - len(self._delimiter) + 1)
                yield data[start:at]
                break
            self._in_head = data[after : after + 1] == b"\n"
            at = after + 1 if self._in_head else after
            yield data[start:place] + b"\r" + data[place:after] + (b"\r\n" if self._in_head else b"")
        self._rest = data[at:]
