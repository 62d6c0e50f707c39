"""Archives, taken apart."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from awed.model.errors import Invalid
from awed.tx.streams import PIECE

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
