"""Files: reading slices of them, writing with an MD5, and free disk space."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import BinaryIO, NamedTuple

from awed.model.errors import AwedError, NoSpace, Unavailable
from awed.tx.streams import PIECE


class Slice(NamedTuple):
    """*length* bytes of the file at *path*, from *offset* on."""

    path: Path
    offset: int
    length: int


class Pieces:
    """Bytes and slices of files, read one after the other. The methods block, and may be called from any thread."""

    def __init__(self, pieces: Iterable[bytes | Slice]) -> None:
        self._pieces = iter(pieces)
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._left = 0
        self._bytes = b""
        self._lock = Lock()
        self._closed = False

    def read(self, size: int) -> bytes:
        """The next bytes, at most *size*; empty at the end. Raises :class:`OSError`, also if a file is too short."""
        with self._lock:
            while not (self._closed or self._left or self._bytes):
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                if isinstance(piece, bytes):
                    self._bytes = piece
                else:
                    self._open(piece)
            if self._left:
                return self._read_file(size)
            data, self._bytes = self._bytes[:size], self._bytes[size:]
            return data

    def close(self) -> None:
        """Close the file that is open, after a :meth:`read` under way has ended. Later reads return nothing."""
        with self._lock:
            self._closed = True
            self._bytes, self._left = b"", 0
            self._close_file()

    def __iter__(self) -> Iterator[bytes]:
        """Read all that is left, then close."""
        try:
            while data := self.read(PIECE):
                yield data
        finally:
            self.close()

    def _open(self, piece: Slice) -> None:
        if self._file is None or self._path != piece.path:
            self._close_file()
            self._path = piece.path
            self._file = piece.path.open("rb", buffering=0)
        self._file.seek(piece.offset)
        self._left = piece.length

    def _read_file(self, size: int) -> bytes:
        assert self._file is not None
        data = self._file.read(min(size, self._left))
        if not data:
            raise OSError(f"{self._path} is {self._left} bytes too short")
        self._left -= len(data)
        return data

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def cut(slices: Iterable[Slice], begin: int, end: int) -> list[Slice]:
    """The slices of the bytes *begin* to *end* (exclusive) of *slices* strung together."""
    result = []
    for path, offset, length in slices:
        first, last = max(begin, 0), min(end, length)
        if first < last:
            result.append(Slice(path, offset + first, last - first))
        begin, end = begin - length, end - length
    return result


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write all of *data* to an unbuffered file, whose ``write`` may take only a part of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def shortage_told() -> Iterator[None]:
    """Context in which an :class:`OSError` is raised as the error that :func:`shortage` has for it, if any."""
    try:
        yield
    except OSError as error:
        lack = shortage(error)
        if lack is None:
            raise
        raise lack from None


def shortage(error: OSError) -> AwedError | None:
    """The error to report if the system lacks something for now, else None.

    :class:`~awed.model.errors.NoSpace` for a full disk, :class:`~awed.model.errors.Unavailable` for too many open
    files.
    """
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return NoSpace("there is no free disk space left")
        case errno.EMFILE | errno.ENFILE:
            return Unavailable("the server has too many files and connections open")
    return None


def check_space(directory: Path, size: int, keep_free: int) -> None:
    """Raises :class:`~awed.model.errors.NoSpace` if *size* more bytes would leave less than *keep_free* free."""
    if free_bytes(directory) < keep_free + size:
        raise NoSpace("there is too little free disk space for this file")


def free_bytes(directory: Path) -> int:
    """Bytes that an unprivileged process may still write to the disk of *directory*."""
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize


LARGE = 128 * 1024
"""Bytes of a piece from which on hashing it in another thread is worth the switch."""

STRIDE = 8 * 1024 * 1024
"""Bytes after which the system is told to write them to the disk."""


class Md5:
    """An MD5 that hashes large pieces in a thread of its own while the caller goes on."""

    def __init__(self) -> None:
        self._digest = hashlib.md5(usedforsecurity=False)
        self._thread: ThreadPoolExecutor | None = None
        self._added: Future[None] | None = None

    def update(self, data: bytes) -> None:
        """Add *data*, which must not change afterwards. Blocks until the piece before it is hashed."""
        before = self._added
        if self._thread is None and len(data) < LARGE:
            self._digest.update(data)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "md5")  # the thread ends when the executor is garbage
        self._added = self._thread.submit(self._digest.update, data)
        if before is not None:
            before.result()

    def hexdigest(self) -> str:
        """The MD5 of all pieces. Blocks until the last one is hashed."""
        if self._added is not None:
            self._added.result()
        return self._digest.hexdigest()


def md5_of(path: Path) -> str:
    """The MD5 of a file, in hex. Blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


class HashedFile:
    """Writes to *file*, and knows the size in bytes and the MD5 of what it wrote. The methods block.

    *file* is empty and unbuffered. The system is told to write to the disk all the while, so that an fsync at the end
    is short.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.size = 0
        self._file = file
        self._md5 = Md5()
        self._on_its_way = 0

    @property
    def md5(self) -> str:
        """The MD5 of what was written, in hex."""
        return self._md5.hexdigest()

    def write(self, data: bytes) -> None:
        """Write the next bytes."""
        self._md5.update(data)
        write_all(self._file, data)
        self.size += len(data)
        if self.size - self._on_its_way >= STRIDE:
            self._write_back()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write_back(self) -> None:
        """Have the kernel begin to write what it only has in memory, without waiting for it."""
        length = self.size - self._on_its_way
        os.posix_fadvise(self._file.fileno(), self._on_its_way, length, os.POSIX_FADV_DONTNEED)
        self._on_its_way = self.size
