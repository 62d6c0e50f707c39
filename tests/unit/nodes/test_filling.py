"""Other ways to a file: packed uploads, copies that share bytes, subsets of records, parts without a number."""

import bz2
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from awed.model.errors import Invalid, NotFound
from awed.model.ids import new_id
from awed.model.node import Node
from awed.nodes.change import Change, CloseParts, CopyOf, Declare, Fill, JoinOf, KnownAs, SubsetOf, Whole
from awed.nodes.indexing import Selection
from awed.nodes.unpacking import FORMATS
from tests.unit.nodes.archives import archive
from tests.unit.nodes.world import ALICE, BOB, Bytes, World, filled, result, whole

LINES = b"one\ntwo\nthree\nfour\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def create(world: World, fill: Fill) -> Node:
    node: Node = result(world.store.create(ALICE, filled(fill)))
    return node


@pytest.mark.parametrize(("compression", "pack"), [("gzip", gzip.compress), ("bzip2", bz2.compress)])
def test_a_packed_upload_is_stored_unpacked(world: World, compression: str, pack: Callable[[bytes], bytes]) -> None:
    data = b"x" * 3_000_000
    node = create(world, Whole(Bytes(pack(data), "reads.fastq.gz"), compression))
    assert (node.file.name, node.file.size) == ("reads.fastq", len(data))
    assert node.file.checksum["md5"] == hashlib.md5(data).hexdigest()
    assert world.content(node.id) == data


@pytest.mark.parametrize(
    ("compression", "data"),
    [
        ("gzip", b"not packed"),
        ("bzip2", b"not packed"),
        ("gzip", gzip.compress(b"x" * 1000, mtime=0)[:-10]),
        ("bzip2", bz2.compress(b"x" * 1000)[:-10]),
    ],
)
def test_what_cannot_be_unpacked_is_refused_and_leaves_nothing(world: World, compression: str, data: bytes) -> None:
    with pytest.raises(Invalid, match=f"cannot be unpacked by {compression}"):
        create(world, Whole(Bytes(data), compression))
    assert world.names() == []


def test_a_copy_shares_the_bytes_and_outlives_its_source(world: World) -> None:
    source = result(world.store.create(ALICE, Change(fill=Whole(Bytes(LINES, "f")), attributes=1, format="text")))
    result(world.store.make_index(source.id, "line", ALICE))
    plain = create(world, CopyOf(source.id))
    full = create(world, CopyOf(source.id, attributes=True, indexes=True))
    assert (plain.type, plain.attributes, list(plain.indexes)) == ("copy", None, ["size"])
    assert (full.attributes, sorted(full.indexes), full.file.format) == (1, ["line", "size"], "text")
    inodes = {world.files.data(node).path.stat().st_ino for node in (source, plain, full)}
    assert len(inodes) == 1
    result(world.store.delete(source.id, ALICE))
    world.start()
    result(world.store.tidy())
    assert world.content(plain.id) == LINES
    assert world.content(full.id, selection=Selection(index="line", parts=("2",))) == b"two\n"
    for node in (plain, full):
        result(world.store.delete(node.id, ALICE))
    assert world.names() == []


def test_only_what_one_may_read_and_what_is_there_is_copied(world: World) -> None:
    private = result(world.store.create(BOB, whole(b"x")))
    empty = result(world.store.create(ALICE, Change()))
    for source, told in ((private.id, NotFound), (empty.id, Invalid), (new_id(), NotFound)):
        for fill in (CopyOf(source), SubsetOf(source, "size", Bytes(b"1\n"))):
            with pytest.raises(told):
                create(world, fill)
    assert world.names() == ["data"]


def test_a_subset_is_the_records_it_lists(world: World) -> None:
    parent = create(world, Whole(Bytes(LINES, "lines")))
    result(world.store.make_index(parent.id, "line", ALICE))
    node = create(world, SubsetOf(parent.id, "line", Bytes(b"1\n3\n4\n")))
    assert (node.type, node.file.name) == ("subset", "lines")
    assert world.content(node.id) == b"one\nthree\nfour\n"
    assert node.file.checksum["md5"] == hashlib.md5(b"one\nthree\nfour\n").hexdigest()
    result(world.store.delete(parent.id, ALICE))
    assert world.content(node.id) == b"one\nthree\nfour\n"


def test_a_subset_is_cut_by_the_records_it_has_like_its_parent(world: World) -> None:
    parent = create(world, Whole(Bytes(LINES)))
    result(world.store.make_index(parent.id, "line", ALICE))
    first = create(world, SubsetOf(parent.id, "line", Bytes(b"1\n3\n4\n")))
    index = first.indexes["line"]
    assert (index.total_units, index.average_unit_size) == (3, len(b"one\nthree\nfour\n") // 3)
    second = create(world, SubsetOf(first.id, "line", Bytes(b"2\n3\n")))
    world.start()
    result(world.store.tidy())
    assert world.content(second.id) == b"three\nfour\n"
    assert world.content(second.id, selection=Selection(index="line", parts=("2",))) == b"four\n"
    assert create(world, SubsetOf(parent.id, "line", Bytes(b""))).indexes["line"].total_units == 0
    assert list(create(world, SubsetOf(parent.id, "size", Bytes(b"1"))).indexes) == ["size"]


def test_a_virtual_node_is_the_files_of_others_joined(world: World) -> None:
    sources = [create(world, Whole(Bytes(data))).id for data in (b"a", b"bb", b"c")]
    node = create(world, JoinOf(sources))
    assert (node.type, node.file.virtual, node.file.virtual_parts) == ("virtual", True, sources)
    result(world.store.delete(sources[1], ALICE))
    assert world.content(node.id) == b"abbc"
    private = result(world.store.create(BOB, whole(b"x")))
    with pytest.raises(NotFound):
        create(world, JoinOf([sources[0], private.id]))


def test_a_file_that_is_known_by_its_md5_is_copied_if_one_may_read_it(world: World) -> None:
    known = create(world, Whole(Bytes(b"a", "name")))
    md5 = known.file.checksum["md5"]
    node = create(world, KnownAs(md5))
    assert (node.type, node.file.name) == ("copy", "name")
    assert not create(world, KnownAs("other")).has_file
    assert not result(world.store.create(BOB, filled(KnownAs(md5)))).has_file


def test_a_copy_or_a_subset_that_is_made_again_is_no_error(world: World) -> None:
    parent, other = create(world, Whole(Bytes(LINES))), create(world, Whole(Bytes(b"other\n")))
    for source in (parent, other):
        result(world.store.make_index(source.id, "line", ALICE))
    copy, subset = create(world, CopyOf(parent.id)), create(world, SubsetOf(parent.id, "line", Bytes(b"1\n")))
    assert result(world.store.update(copy.id, ALICE, filled(CopyOf(parent.id)))).file == copy.file
    again = filled(SubsetOf(parent.id, "line", Bytes(b"1\n")))
    assert result(world.store.update(subset.id, ALICE, again)).file == subset.file
    for fill in (CopyOf(other.id), SubsetOf(other.id, "line", Bytes(b"1\n"))):
        with pytest.raises(Invalid, match="immutable"):
            result(world.store.update(copy.id, ALICE, filled(fill)))
    assert world.names() == ["data"] * 4 + ["index.line"] * 3


@pytest.mark.parametrize(
    ("index", "records", "told"),
    [
        ("record", b"1\n", "Invalid index type"),
        ("line", b"5\n", "out of bounds"),
        ("line", b"0\n", "ascends"),
        ("line", b"2\n2\n", "ascends"),
        ("line", b"one\n", "has a number in each line"),
    ],
)
def test_a_subset_of_what_is_not_there_is_refused(world: World, index: str, records: bytes, told: str) -> None:
    parent = create(world, Whole(Bytes(LINES)))
    result(world.store.make_index(parent.id, "line", ALICE))
    with pytest.raises(Invalid, match=told):
        create(world, SubsetOf(parent.id, index, Bytes(records)))
    assert world.names() == ["data", "index.line"]


def test_parts_of_an_unknown_number_are_merged_when_it_is_told(world: World) -> None:
    node = create(world, Declare(0))
    for number in (2, 1, 3):
        result(world.store.update(node.id, ALICE, Change(parts={number: Bytes(b"%d" % number)})))
    shown = result(world.store.get(node.id, ALICE))
    assert (shown.parts.count, shown.parts.length, shown.parts.varlen, shown.has_file) == (0, 3, True, False)
    result(world.store.update(node.id, ALICE, filled(CloseParts())))
    shown = result(world.store.get(node.id, ALICE))
    assert (shown.parts.count, shown.parts.varlen) == (3, False)
    assert world.content(node.id) == b"123"
    with pytest.raises(Invalid):
        result(world.store.update(node.id, ALICE, filled(CloseParts())))


def test_parts_with_a_hole_are_not_closed(world: World) -> None:
    node = create(world, Declare(0))
    result(world.store.update(node.id, ALICE, Change(parts={2: Bytes(b"b")})))
    with pytest.raises(Invalid, match="lacks part 1"):
        result(world.store.update(node.id, ALICE, filled(CloseParts())))


def test_packed_parts_are_unpacked_when_they_are_joined(world: World) -> None:
    packed = gzip.compress(b"hello world")
    parts = {1: Bytes(packed[:7]), 2: Bytes(packed[7:])}
    node = result(world.store.create(ALICE, Change(fill=Declare(2, "gzip"), parts=dict(parts))))
    assert world.content(node.id) == b"hello world"
    bad = result(world.store.create(ALICE, Change(fill=Declare(1, "gzip"), parts={1: Bytes(b"x")})))
    assert "cannot be unpacked" in result(world.store.get(bad.id, ALICE)).file.locked.error


def test_a_list_that_lies_on_disk_is_read_like_one_in_memory(world: World) -> None:
    parent = create(world, Whole(Bytes(LINES)))
    result(world.store.make_index(parent.id, "line", ALICE))
    records = Bytes(b"")
    records.path = world.files.temporary / "list"
    records.path.write_bytes(b"2\n\n 4\r\n")
    records.size = 7
    assert world.content(create(world, SubsetOf(parent.id, "line", records)).id) == b"two\nfour\n"


@pytest.mark.parametrize("archive_format", FORMATS)
def test_an_archive_becomes_a_node_for_each_of_its_files(world: World, archive_format: str) -> None:
    files = {"a.txt": b"a", "folder/b.txt": b"bb", "../../c": b""}
    node = create(world, Whole(Bytes(archive(archive_format, files))))
    nodes = result(world.store.create_from(node.id, archive_format, ALICE, Change(attributes={"from": "x"})))
    assert [made.file.name for made in nodes] == ["a.txt", "b.txt", "c"]
    assert [world.content(made.id) for made in nodes] == list(files.values())
    assert all(made.attributes == {"from": "x"} for made in nodes)
    assert world.names() == ["data"] * 4


@pytest.mark.parametrize("archive_format", FORMATS)
def test_what_is_no_archive_makes_no_nodes(world: World, archive_format: str) -> None:
    packed = archive(archive_format, {"a": bytes(range(256)) * 99})
    for data in (b"pear\n", packed[: len(packed) // 2]):
        node = create(world, Whole(Bytes(data)))
        with pytest.raises(Invalid, match=f"cannot be taken apart as {archive_format}"):
            result(world.store.create_from(node.id, archive_format, ALICE, Change()))
    assert world.names() == ["data"] * 2
