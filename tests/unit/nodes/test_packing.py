"""Files packed piece by piece are what they were when they are unpacked by others."""

import gc
import gzip
import io
import sys
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from awed.nodes.packing import ARCHIVES, Archive, Member, Packer
from awed.tx.files import Slice
from awed.tx.streams import PIECE
from tests.unit.nodes.world import EPOCH

CONTENTS = {"empty": b"", "small": b"x", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher": bytes(range(256)) * 5000}


def members(directory: Path) -> list[Member]:
    """The files of :data:`CONTENTS`, the largest in two slices."""
    found = []
    for number, (name, data) in enumerate(CONTENTS.items()):
        path = directory / str(number)
        path.write_bytes(data)
        half = len(data) // 2
        slices = [Slice(path, 0, half), Slice(path, half, len(data) - half)]
        found.append(Member(name, EPOCH, slices))
    return found


def packed(packer: Packer) -> bytes:
    return b"".join(iter(lambda: packer.read(PIECE), b""))


def unpacked(data: bytes, kind: str) -> dict[str, tuple[bytes, datetime]]:
    """By name, what is in an archive and of when that is."""
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {e.filename: (archive.read(e), datetime(*e.date_time, tzinfo=UTC)) for e in archive.infolist()}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {e.name: (tar.extractfile(e).read(), datetime.fromtimestamp(e.mtime, UTC)) for e in tar}  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_has_every_file_whole(tmp_path: Path, kind: str) -> None:
    data = packed(Packer(members(tmp_path), kind))
    assert unpacked(data, kind) == {name: (content, EPOCH) for name, content in CONTENTS.items()}
    assert (len(data) < 100_000) is (kind != "tar")


def test_an_archive_of_nothing_is_one(tmp_path: Path) -> None:
    assert [unpacked(packed(Packer([], kind)), kind) for kind in ARCHIVES] == [{}] * 3


def test_many_small_files_take_few_reads(tmp_path: Path) -> None:
    few = members(tmp_path)[:2]
    packer = Packer((member for _ in range(1000) for member in few), "tar")
    assert len(list(iter(lambda: packer.read(PIECE), b""))) < 20


@pytest.mark.parametrize("packing", ["gzip", *ARCHIVES])
def test_what_packs_well_is_packed_in_small_steps_and_can_be_left(tmp_path: Path, packing: str) -> None:
    """A read of 256 KiB that pack a thousand times is 256 MiB of the file."""
    zeros = tmp_path / "zeros"
    with zeros.open("wb") as file:
        file.truncate(64 << 20)
    packer = Packer([Member("zeros", EPOCH, [Slice(zeros, 0, 64 << 20)])], packing)
    reads = len(list(iter(lambda: packer.read(PIECE), b"")))
    assert reads >= 8
    other = Packer([Member("zeros", EPOCH, [Slice(zeros, 0, 64 << 20)])], packing)
    assert other.read(PIECE)
    other.close()


def test_one_file_is_packed_by_gzip(tmp_path: Path) -> None:
    [_, _, large] = members(tmp_path)
    assert gzip.decompress(packed(Packer([large], "gzip"))) == list(CONTENTS.values())[2]


def test_an_archive_is_made_piece_by_piece() -> None:
    archive = Archive()
    made = b""
    for name in ("a", "b"):
        archive.begin(name, EPOCH)
        made += archive.packed(b"x" * 1000) + archive.packed(b"y")
    made += archive.finish()
    archive.close()
    packed = zipfile.ZipFile(io.BytesIO(made))
    assert [packed.read(name) for name in packed.namelist()] == [b"x" * 1000 + b"y"] * 2


def test_an_archive_that_is_left_is_closed_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    archive = Archive()
    archive.begin("a", EPOCH)
    archive.packed(b"x")
    archive.close()
    del archive
    gc.collect()
    assert not said
