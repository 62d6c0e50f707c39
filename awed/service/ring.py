"""A file with the last bytes of a stream, at most so many."""

import errno
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import msgspec
from msgspec import Struct

HEAD = 4096
"""Bytes at the beginning of a file that are reserved for its :class:`Head`."""


class Head(Struct):
    """The head of a file with the bytes of a stream from *start* to *end*, each at its offset modulo *size*."""

    wuid: str
    attempt: int
    stream: str
    size: int
    start: int = 0
    end: int = 0


class Ring:
    """A file with the last bytes of a stream. :meth:`write` and :meth:`read` block; one of each may run at a time."""

    def __init__(self, path: Path, head: Head) -> None:
        self.path = path
        self.head = head

    def write(self, offset: int, data: bytes) -> None:
        """Add *data*, which begins at *offset* of the stream. Bytes that the file has already are skipped; after a
        gap, the bytes before it are dropped. Raises :class:`OSError`."""
        head = self.head
        end = offset + len(data)
        if not data or end <= head.end:
            return
        start = head.start if offset <= head.end else offset
        begin = max(offset, head.end, end - head.size)
        kept = max(start, end - head.size)
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
            if kept > head.start:  # before it is overwritten: somebody may be reading, or the daemon be killed
                head.start, head.end = kept, max(kept, head.end)
                self._note(file)
            for place, piece in _places(begin, data[begin - offset :], head.size):
                _put(file, piece, HEAD + place)
            head.end = end
            self._note(file)

    def _note(self, file: FileIO) -> None:
        _put(file, msgspec.json.encode(self.head) + b"\n", 0)

    def read(self, offset: int, most: int) -> tuple[int, bytes]:
        """The offset and the bytes, at most *most*, from *offset* or the first byte that is kept on. An offset below
        0 counts from the end.

        Raises :class:`OSError`.
        """
        head = self.head
        begin = min(max(offset if offset >= 0 else head.end + offset, head.start), head.end)
        length = min(most, head.end - begin)
        if not length:
            return begin, b""
        with self.path.open("rb", buffering=0) as file:
            data = b"".join(
                os.pread(file.fileno(), size, HEAD + place) for place, size in _spans(begin, length, head.size)
            )
        lost = max(0, head.start - begin)  # overwritten meanwhile
        return begin + lost, data[lost:]


def _put(file: FileIO, data: bytes, place: int) -> None:
    if os.pwrite(file.fileno(), data, place) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _spans(offset: int, length: int, size: int) -> Iterator[tuple[int, int]]:
    """The places in a ring of *size* bytes that hold *length* bytes from *offset* on, each with its length."""
    while length:
        place = offset % size
        part = min(length, size - place)
        yield place, part
        offset, length = offset + part, length - part


def _places(offset: int, data: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    for place, part in _spans(offset, len(data), size):
        yield place, data[:part]
        data = data[part:]
