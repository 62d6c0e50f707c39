"""Files packed and unpacked as streams, and archives taken apart."""

import bz2
import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from awed.model.errors import Invalid
from awed.tx.files import Pieces, Slice
from awed.tx.streams import PIECE

_OPENERS: Mapping[str, Callable[[Any], Any]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
}


def unpacked(pieces: Pieces, compression: str) -> Iterator[bytes]:
    """The bytes of *pieces*, unpacked if *compression* is ``gzip`` or ``bzip2``. Blocks.

    Raises :class:`~awed.model.errors.Invalid` if they are not packed like that, or cut off.
    """
    if not compression:
        yield from pieces
        return
    with _OPENERS[compression](pieces) as file:
        try:
            while data := file.read(PIECE):
                yield data
        except (OSError, EOFError, zlib.error) as error:
            raise Invalid(f"the file cannot be unpacked by {compression}: {error}") from None


class Packer:
    """A packed form of *pieces* that is read like them; *name* is what an archive calls its only member.

    Its methods block; a read and a close never run side by side with one of *pieces*' own.
    """

    def __init__(self, pieces: Pieces, packing: str, name: str) -> None:
        self._pieces = pieces
        self._sink = _Sink()
        self._writer = _WRITERS[packing](self._sink, name)
        self._open = True

    def read(self, size: int) -> bytes:
        """The next packed bytes, about *size*; none at the end."""
        while self._open and self._sink.size < size:
            if data := self._pieces.read(size):
                self._writer.write(data)
            else:
                self._writer.close()
                self._open = False
        return self._sink.take()

    def close(self) -> None:
        """Close the file that is read."""
        self._pieces.close()


def packed(slices: Iterable[Slice], packing: str, name: str) -> Packer:
    """The bytes of *slices*, packed by ``gzip`` or ``zip`` as they are read; *name* is what an archive calls them."""
    return Packer(Pieces(slices), packing, name)


class _Sink:
    """What is written to it is taken away again; it cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return data


class _ZipMember:
    """The only member of a zip archive, which ends with it."""

    def __init__(self, sink: Any, name: str) -> None:
        self._archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
        self._member = self._archive.open(zipfile.ZipInfo(name), "w", force_zip64=True)

    def write(self, data: bytes) -> None:
        self._member.write(data)

    def close(self) -> None:
        self._member.close()
        self._archive.close()


_WRITERS: Mapping[str, Callable[[Any, str], Any]] = {
    "gzip": lambda sink, name: gzip.GzipFile(name, "wb", 6, sink),
    "zip": _ZipMember,
}
PACKINGS = tuple(_WRITERS)


MAX_MEMBERS = 10_000


_TAR: Mapping[str, Literal["r:", "r:gz", "r:bz2"]] = {"tar": "r:", "tar.gz": "r:gz", "tar.bz2": "r:bz2"}


FORMATS = ("zip", *_TAR)


def members(path: Path, archive_format: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name, without its directories, and the bytes of each regular file in an archive. Blocks.

    Raises :class:`~awed.model.errors.Invalid` if it is no such archive, or has too many members.
    """
    with _told_as_invalid(archive_format):
        found = _zipped(path) if archive_format == "zip" else _tarred(path, archive_format)
        for number, (name, content) in enumerate(found, 1):
            if number > MAX_MEMBERS:
                raise Invalid(f"the archive has more than {MAX_MEMBERS} members")
            yield PurePosixPath(name).name, _read(content, archive_format)


def _read(content: Any, archive_format: str) -> Iterator[bytes]:
    with _told_as_invalid(archive_format):
        while data := content.read(PIECE):
            yield data


@contextmanager
def _told_as_invalid(archive_format: str) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
        raise Invalid(f"the file cannot be taken apart as {archive_format}: {error}") from None


def _zipped(path: Path) -> Iterator[tuple[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                with archive.open(member) as content:
                    yield member.filename, content


def _tarred(path: Path, archive_format: str) -> Iterator[tuple[str, Any]]:
    with tarfile.open(path, _TAR[archive_format]) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content
