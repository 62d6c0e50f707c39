"""Archives and packed files that lie about what is in them cost neither memory nor a thread."""

import bz2
import gzip
import io
import struct
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from awed.model.errors import Invalid
from awed.nodes.unpacking import FORMATS, MAX_MEMBERS, MOST_BETWEEN, members, unpacked
from awed.tx.files import Pieces, Slice
from tests.unit.nodes.archives import archive


def found(directory: Path, data: bytes, archive_format: str) -> dict[str, bytes]:
    """What is in an archive."""
    path = directory / "archive"
    path.write_bytes(data)
    return {name: b"".join(content) for name, content in members(path, archive_format, lambda size: None)}


def tar(*members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as made:
        for member in members:
            made.addfile(member, io.BytesIO(bytes(member.size)))
    return buffer.getvalue()


def with_header(size: int) -> bytes:
    """An archive whose first file has a comment of that many bytes."""
    member = tarfile.TarInfo("f")
    member.pax_headers = {"comment": "x" * size}
    return gzip.compress(tar(member), 1)


def with_folders(number: int) -> bytes:
    folder = tarfile.TarInfo("folder")
    folder.type = tarfile.DIRTYPE
    return gzip.compress(tar(*[folder] * number), 1)


def with_directory(number: int) -> bytes:
    """A zip archive that says what is in it in *number* long entries."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 60_000, 0, 0, 0, 0, 0, 0)
    directory = (entry + b"x" * 60_000) * number
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, len(directory), 0, 0)
    return directory + end


@pytest.mark.parametrize(
    ("data", "archive_format"),
    [
        (with_header(60_000_000), "tar.gz"),
        (with_folders(MAX_MEMBERS + 1), "tar.gz"),
        (with_directory(1000), "zip"),
    ],
    ids=["header", "folders", "directory"],
)
def test_an_archive_with_much_beside_its_files_is_refused_in_little_memory(
    tmp_path: Path, data: bytes, archive_format: str
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Invalid, match=r"hold nothing of a file|more than 10000 members"):
            found(tmp_path, data, archive_format)
        assert tracemalloc.get_traced_memory()[1] < 8 * MOST_BETWEEN
    finally:
        tracemalloc.stop()


def test_what_an_archive_says_of_its_files_may_be_long(tmp_path: Path) -> None:
    assert found(tmp_path, with_header(1_000_000), "tar.gz") == {"f": b""}


def test_a_packed_file_that_is_long_and_holds_nothing_is_refused(tmp_path: Path) -> None:
    nothing = bz2.compress(b"")
    assert list(unpacked(Pieces([nothing * 1000]), "bzip2")) == []
    path = tmp_path / "packed"
    path.write_bytes(nothing * (MOST_BETWEEN // len(nothing) + 1))
    with pytest.raises(Invalid, match="hold nothing"):
        list(unpacked(Pieces([Slice(path, 0, path.stat().st_size)]), "bzip2"))
    with pytest.raises(Invalid, match="hold nothing"):
        found(tmp_path, path.read_bytes(), "tar.bz2")


@pytest.mark.parametrize(("flags", "method"), [(0, 99), (1, 0)], ids=["unknown", "encrypted"])
def test_a_file_that_is_packed_in_an_unknown_way_is_refused(tmp_path: Path, flags: int, method: int) -> None:
    data = archive("zip", {"f": b"x"})
    plain, other = struct.pack("<2H", 0, 0), struct.pack("<2H", flags, method)
    for signature, version in ((b"PK\3\4", 20), (b"PK\1\2", 20)):
        at = data.rindex(signature) + len(signature) + (2 if signature == b"PK\1\2" else 0)
        assert data[at : at + 6] == struct.pack("<H", version) + plain
        data = data[: at + 2] + other + data[at + 6 :]
    with pytest.raises(Invalid, match="cannot be taken apart as zip"):
        found(tmp_path, data, "zip")


@pytest.mark.parametrize("archive_format", FORMATS[1:])
def test_names_that_are_no_text_become_some(tmp_path: Path, archive_format: str) -> None:
    names = found(tmp_path, archive(archive_format, {"na\udcffme": b"x"}), archive_format)
    assert names == {"na?me": b"x"}
