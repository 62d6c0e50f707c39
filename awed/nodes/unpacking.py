"""Decompression of files as streams, and extraction of archives."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from awed.model.errors import Invalid
from awed.tx.files import Pieces
from awed.tx.streams import PIECE

_OPENERS: Mapping[str, Callable[[Any], Any]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
}

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, zlib.error, lzma.LZMAError)
"""What the libraries raise for broken files; RuntimeError is for encryption and unknown compression methods."""


def unpacked(pieces: Pieces, compression: str) -> Iterator[bytes]:
    """The bytes of *pieces*, decompressed if *compression* is ``gzip`` or ``bzip2``. Blocks.

    Raises :class:`~awed.model.errors.Invalid` if they are not compressed that way, or incomplete.
    """
    if not compression:
        yield from pieces
        return
    meter = _Meter(pieces)
    with _OPENERS[compression](meter) as file:
        yield from _read(meter, file, f"unpacked by {compression}")


MAX_MEMBERS = 10_000
"""Entries that an archive may have, directories included."""

MOST_BETWEEN = 2 * 1024 * 1024
"""Bytes of an archive or compressed file that may be read without any content of a file coming out: headers, or the
central directory, which the libraries hold in memory."""

_ARCHIVES: Mapping[str, Callable[[Any], Any]] = {
    "zip": lambda file: file,
    "tar": lambda file: file,
    "tar.gz": gzip.open,
    "tar.bz2": bz2.open,
}
FORMATS = tuple(_ARCHIVES)
"""The formats of archives."""


def members(path: Path, archive_format: str, admit: Callable[[int], object]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name, without directories, and the bytes of each regular file in an archive. Blocks.

    *admit* is called with the size of all files together, where the archive tells it beforehand, and raises to refuse
    them. Raises :class:`~awed.model.errors.Invalid` if it is no such archive, or has over MAX_MEMBERS entries.
    """
    act = f"taken apart as {archive_format}"
    with path.open("rb") as file, _told_as_invalid(act):
        on_disk = _Meter(file)
        meter = _Meter(_ARCHIVES[archive_format](on_disk), on_disk)
        found = _zipped(meter, admit) if archive_format == "zip" else _tarred(meter)
        for number, (name, content) in enumerate(found, 1):
            if number > MAX_MEMBERS:
                raise Invalid(f"the archive has more than {MAX_MEMBERS} members")
            if content is not None:
                readable = name.encode(errors="replace").decode()
                yield PurePosixPath(readable).name, _read(meter, content, act)


class _Meter:
    """A file of which only MOST_BETWEEN bytes may be read, and as many again after each :meth:`refill`.

    *below*: the meter of the file from which this one is decompressed; it is refilled too.
    """

    def __init__(self, file: Any, below: "_Meter | None" = None) -> None:
        self._file = file
        self._below = below
        self._left = MOST_BETWEEN

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def refill(self) -> None:
        self._left = MOST_BETWEEN
        if self._below is not None:
            self._below.refill()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise Invalid(f"more than {MOST_BETWEEN} bytes of what is packed hold nothing of a file")
        return data


def _read(meter: _Meter, content: Any, act: str) -> Iterator[bytes]:
    with _told_as_invalid(act):
        while data := content.read(PIECE):
            meter.refill()
            yield data


@contextmanager
def _told_as_invalid(act: str) -> Iterator[None]:
    """Context in which errors of the libraries are raised as :class:`Invalid`. *act*: what was being done."""
    try:
        yield
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the disk, not of the file
        raise Invalid(f"the file cannot be {act}: {error}") from None


def _zipped(file: Any, admit: Callable[[int], object]) -> Iterator[tuple[str, Any]]:
    with zipfile.ZipFile(file) as archive:
        admit(sum(member.file_size for member in archive.infolist()))
        for member in archive.infolist():
            if member.is_dir():
                yield member.filename, None
            else:
                with archive.open(member) as content:
                    yield member.filename, content


def _tarred(file: Any) -> Iterator[tuple[str, Any]]:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for member in archive:
            yield member.name, archive.extractfile(member) if member.isfile() else None
