"""Indexes of nodes: made, found, refused, and what they select of a file."""

import struct
from pathlib import Path

import pytest

from awed.model.errors import Invalid, Locked, NotFound
from awed.model.node import Node, NodeIndex
from awed.nodes.change import Change, Declare
from awed.nodes.indexing import Selection, SubsetIndex
from awed.nodes.own import OwnShock
from tests.unit.nodes.world import ALICE, BOB, Bytes, Gate, World, later, result, whole

FASTA = b"".join(b">r%d\n%s\n" % (number, b"ACGT" * number) for number in range(1, 6))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def made(world: World, name: str, data: bytes = FASTA) -> tuple[Node, NodeIndex]:
    node = result(world.store.create(ALICE, whole(data)))
    result(world.store.make_index(node.id, name, ALICE))
    return node, result(world.store.get(node.id, ALICE)).indexes[name]


def select(world: World, node: Node, selection: Selection) -> bytes:
    return world.content(node.id, selection=selection)


@pytest.mark.parametrize(("name", "units"), [("line", 10), ("record", 5), ("chunkrecord", 1), ("column1", 10)])
def test_an_index_tells_its_units_and_their_mean_size(world: World, name: str, units: int) -> None:
    node, index = made(world, name)
    assert (index.total_units, index.average_unit_size) == (units, len(FASTA) // units)
    assert index.locked is None
    world.start()
    result(world.store.tidy())
    assert result(world.store.get(node.id, ALICE)).indexes[name] == index
    assert select(world, node, Selection(index=name, parts=(f"1-{units}",))) == FASTA


def test_chunks_are_about_a_mebibyte_of_whole_records(world: World) -> None:
    records = [b"@r%d\n%s\n+\n@%s\n" % (number, b"A" * 5000, b"@" * 4999) for number in range(400)]
    data = b"".join(records)
    node, index = made(world, "chunkrecord", data)
    assert index.total_units == 4
    parts = [select(world, node, Selection(index="chunkrecord", parts=(str(n),))) for n in range(1, 5)]
    assert b"".join(parts) == data
    assert all(part.startswith(b"@r") and part.count(b"\n") % 4 == 0 for part in parts)


def test_a_part_is_one_unit_or_several_and_parts_are_joined_in_the_order_asked_for(world: World) -> None:
    node, _ = made(world, "record")
    records = [b">r%d\n%s\n" % (number, b"ACGT" * number) for number in range(1, 6)]
    for parts, expected in ((("2",), records[1]), (("2-4",), b"".join(records[1:4])), (("5", "1-2"), None)):
        joined = expected or records[4] + records[0] + records[1]
        assert select(world, node, Selection(index="record", parts=parts)) == joined


def test_the_index_size_is_always_there_in_units_of_any_size(world: World) -> None:
    node = result(world.store.create(ALICE, whole(b"0123456789")))
    assert select(world, node, Selection(index="size", parts=("1",))) == b"0123456789"
    assert select(world, node, Selection(index="size", parts=("4",), unit=3)) == b"9"
    assert select(world, node, Selection(index="size", parts=("2-3",), unit=3)) == b"345678"
    result(world.store.make_index(node.id, "size", ALICE))


def test_a_piece_by_seek_and_length_is_cut_at_the_end(world: World) -> None:
    node = result(world.store.create(ALICE, whole(b"0123456789")))
    assert select(world, node, Selection(seek=7)) == b"789"
    assert select(world, node, Selection(seek=2, length=3)) == b"234"
    assert select(world, node, Selection(seek=8, length=30)) == b"89"
    with pytest.raises(Invalid, match="beyond the end"):
        select(world, node, Selection(seek=11))


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        (Selection(index="record"), "needs a part"),
        (Selection(index="nonsense", parts=("1",)), "Invalid index type"),
        (Selection(index="line", parts=("1",)), "Invalid index type"),
        (Selection(index="record", parts=("6",)), "Index record out of bounds"),
        (Selection(index="record", parts=("3-2",)), "Invalid index record range"),
        (Selection(index="size", parts=("2",)), "Index record out of bounds"),
    ],
)
def test_what_is_not_in_an_index_is_refused(world: World, selection: Selection, told: str) -> None:
    node, _ = made(world, "record")
    with pytest.raises(Invalid, match=told):
        select(world, node, selection)


def test_a_file_of_no_known_format_has_an_index_with_the_error_that_clients_know(world: World) -> None:
    node, index = made(world, "chunkrecord", b"pear\napple\n")
    assert index.locked is not None
    assert index.locked.error == "Invalid file type for filter"
    with pytest.raises(Invalid, match="Invalid file type for filter"):
        result(OwnShock(world.store, "alice").index(node.id, "chunkrecord"))
    result(world.store.make_index(node.id, "chunkrecord", ALICE))


def test_an_empty_file_has_no_units(world: World) -> None:
    for name in ("line", "record", "chunkrecord"):
        assert made(world, name, b"")[1].total_units == 0


def test_an_index_is_made_once_unless_asked_again(world: World) -> None:
    node, _ = made(world, "line")
    with pytest.raises(Invalid, match="force_rebuild"):
        result(world.store.make_index(node.id, "line", ALICE))
    result(world.store.make_index(node.id, "line", ALICE, rebuild=True))
    for name in ("nonsense", "column", "column0", "../x"):
        with pytest.raises(Invalid, match="Invalid index type"):
            result(world.store.make_index(node.id, name, ALICE))


def test_only_a_file_that_is_there_has_indexes(world: World) -> None:
    empty = result(world.store.create(ALICE, Change()))
    with pytest.raises(Invalid, match="Node has no file"):
        result(world.store.make_index(empty.id, "line", ALICE))
    with pytest.raises(NotFound):
        result(world.store.make_index(empty.id, "line", BOB))


def test_while_an_index_is_made_it_is_locked_and_the_daemon_waits(tmp_path: Path) -> None:
    gate = Gate()
    world = World(tmp_path, gate)
    node = result(world.store.create(ALICE, whole(FASTA)))
    gate.shut = True
    index = later(OwnShock(world.store, "alice").index(node.id, "record"))
    shown = result(world.store.get(node.id, ALICE)).indexes["record"]
    assert shown.locked is not None
    assert shown.locked.error == ""
    with pytest.raises(Locked, match="Node index is locked"):
        result(world.store.make_index(node.id, "record", ALICE))
    with pytest.raises(Invalid, match="Node file is locked"):
        result(world.store.content(node.id, ALICE, Selection(index="record", parts=("1",))))
    second = later(OwnShock(world.store, "alice").index(node.id, "record"))
    gate.open()
    assert index[0].total_units == second[0].total_units == 5


def test_an_index_is_removed_with_its_file(world: World) -> None:
    node, _ = made(world, "line")
    result(world.store.remove_index(node.id, "line", ALICE))
    assert "line" not in result(world.store.get(node.id, ALICE)).indexes
    assert world.names() == ["data"]
    for name in ("line", "size"):
        with pytest.raises(Invalid, match="Invalid index type"):
            result(world.store.remove_index(node.id, name, ALICE))


def test_an_index_may_come_ready_if_it_fits_the_file(world: World) -> None:
    node = result(world.store.create(ALICE, whole(b"0123456789")))
    entries = struct.pack("<4Q", 0, 2, 5, 3)
    result(world.store.put_index(node.id, "mine", ALICE, Bytes(entries)))
    assert result(world.store.get(node.id, ALICE)).indexes["mine"].total_units == 2
    assert select(world, node, Selection(index="mine", parts=("2",))) == b"567"
    assert select(world, node, Selection(index="mine")) == b"01567"
    for name, data in (("mine", struct.pack("<2Q", 5, 6)), ("mine", b"x"), ("../x", entries), ("size", entries)):
        with pytest.raises(Invalid):
            result(world.store.put_index(node.id, name, ALICE, Bytes(data)))


def test_an_index_of_some_units_of_another(world: World) -> None:
    node, _ = made(world, "record")
    result(world.store.put_index(node.id, "few", ALICE, SubsetIndex("record", Bytes(b"2\n4\n"))))
    assert select(world, node, Selection(index="few", parts=("2",))) == b">r4\n" + b"ACGT" * 4 + b"\n"
    with pytest.raises(Invalid, match="ascends"):
        result(world.store.put_index(node.id, "few", ALICE, SubsetIndex("record", Bytes(b"4\n2\n"))))


def test_the_merged_parts_of_an_array_can_be_split_again(world: World) -> None:
    node = result(world.store.create(ALICE, Change(fill=Declare(2), parts={1: Bytes(FASTA), 2: Bytes(FASTA)})))
    assert result(OwnShock(world.store, "alice").index(node.id, "record")).total_units == 10


def test_an_index_of_a_deleted_node_is_gone(world: World) -> None:
    node, _ = made(world, "chunkrecord", b"pear\n")
    result(world.store.delete(node.id, ALICE))
    with pytest.raises(NotFound):
        result(world.store.index(node.id, "chunkrecord", ALICE))
    assert world.names() == []
