"""Merges and indexes that the system made fail are begun again by whoever needs them, once for each need."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from awed.model.errors import Invalid, Locked, StoreAway, Unavailable
from awed.model.node import Node
from awed.nodes.change import Change, CopyOf, Declare, JoinOf, SubsetOf
from awed.nodes.indexing import Selection
from awed.nodes.own import OwnShock
from awed.tx.longwork import LongWork
from tests.conftest import LoggedErrors
from tests.unit.nodes.world import ALICE, Bytes, Gate, World, filled, later, result, whole

FAULTS = [errno.ENOSPC, errno.EIO, errno.EMFILE]
LINES = b"a\nb\n"


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def world(tmp_path: Path, gate: Gate) -> World:
    return World(tmp_path, long=LongWork(gate, 2, 4, lambda: 0.0))


def failed(world: World, gate: Gate, fault: int = errno.ENOSPC) -> Node:
    """A node whose parts are there, but could not be merged."""
    node: Node = result(world.store.create(ALICE, filled(Declare(1))))
    gate.shut = True
    result(world.store.update(node.id, ALICE, Change(parts={1: Bytes(LINES)})))
    world.files.fault = fault
    gate.open()
    return node


@pytest.mark.parametrize("fault", FAULTS)
def test_a_merge_that_failed_is_begun_again_for_each_who_needs_it(world: World, gate: Gate, fault: int) -> None:
    """It was not: each resume of the job told the old error, until the daemon was started anew."""
    node = failed(world, gate, fault)
    assert result(world.store.get(node.id, ALICE)).file.locked.error
    own = OwnShock(world.store, "alice")
    for _ in range(3):
        with pytest.raises(Unavailable, match=f"the file of node {node.id} could not be put together: "):
            result(own.node(node.id))
    world.files.fault = 0
    assert result(own.node(node.id)).file.size == len(LINES)
    assert world.content(node.id) == LINES
    assert world.names() == ["data"]


def test_several_who_need_a_merge_at_once_share_it(world: World, gate: Gate) -> None:
    node = failed(world, gate)
    world.files.fault, gate.shut = 0, True
    own = OwnShock(world.store, "alice")
    found = [later(own.node(node.id)) for _ in range(3)]
    assert len(gate.waiting) == 1
    gate.open()
    assert [one[0].file.size for one in found] == [len(LINES)] * 3


NEEDS: dict[str, Callable[[World, str], Any]] = {
    "download": lambda world, node_id: world.store.content(node_id, ALICE),
    "index": lambda world, node_id: world.store.make_index(node_id, "line", ALICE),
    "copy": lambda world, node_id: world.store.create(ALICE, filled(CopyOf(node_id))),
    "join": lambda world, node_id: world.store.create(ALICE, filled(JoinOf([node_id]))),
    "subset": lambda world, node_id: world.store.create(ALICE, filled(SubsetOf(node_id, "size", Bytes(b"1")))),
}


@pytest.mark.parametrize("name", NEEDS)
def test_every_use_of_a_file_is_a_need_for_it(world: World, gate: Gate, name: str) -> None:
    node = failed(world, gate)
    world.files.fault, gate.shut = 0, True
    with pytest.raises(Locked, match="Node file is locked"):
        result(NEEDS[name](world, node.id))
    gate.open()
    assert result(world.store.get(node.id, ALICE)).has_file
    result(NEEDS[name](world, node.id))


def test_a_merge_that_never_will_be_is_not_begun_again(world: World, gate: Gate) -> None:
    node = result(world.store.create(ALICE, Change(fill=Declare(1, "gzip"), parts={1: Bytes(b"no gzip")})))
    gate.shut = True
    for need in (world.store.get_settled, world.store.content):
        with pytest.raises(Invalid, match="cannot be unpacked by gzip"):
            result(need(node.id, ALICE))
    assert gate.waiting == []


@pytest.mark.parametrize("fault", FAULTS)
def test_an_index_that_failed_is_begun_again_for_each_who_needs_it(world: World, fault: int) -> None:
    node = result(world.store.create(ALICE, whole(LINES)))
    own = OwnShock(world.store, "alice")
    world.files.fault = fault
    for _ in range(2):
        with pytest.raises(Unavailable):
            result(own.index(node.id, "line"))
    world.files.fault = 0
    assert result(own.index(node.id, "line")).total_units == 2


def test_a_download_by_an_index_that_failed_begins_it_again(world: World, gate: Gate) -> None:
    node = result(world.store.create(ALICE, whole(LINES)))
    world.files.fault = errno.ENOSPC
    result(world.store.make_index(node.id, "line", ALICE))
    world.files.fault, gate.shut = 0, True
    selection = Selection(index="line", parts=("2",))
    with pytest.raises(Invalid, match="Node file is locked"):
        result(world.store.content(node.id, ALICE, selection))
    gate.open()
    assert world.content(node.id, selection=selection) == b"b\n"


@pytest.mark.parametrize("name", ["merge", "index"])
def test_what_ends_while_the_store_is_away_leaves_no_file(world: World, gate: Gate, name: str) -> None:
    is_merge = name == "merge"
    node = result(world.store.create(ALICE, filled(Declare(1)) if is_merge else whole(LINES)))
    gate.shut = True
    part = Change(parts={1: Bytes(LINES)})
    later(world.store.update(node.id, ALICE, part) if is_merge else world.store.index(node.id, "line", ALICE))
    world.unreadable = StoreAway("no database")
    gate.open()
    assert world.names() == ["part.1" if is_merge else "data"]
    world.unreadable = None
    assert result(world.store.index(node.id, "line", ALICE)).total_units == 2


def test_a_fault_of_the_server_is_logged_and_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, logged_errors: LoggedErrors
) -> None:
    node = result(world.store.create(ALICE, whole(LINES)))
    with monkeypatch.context() as broken:
        broken.delattr(type(world.files), "writing")
        broken.delattr("awed.nodes.files.NodeFiles.writing")
        with pytest.raises(Unavailable, match="internal error"):
            result(world.store.index(node.id, "line", ALICE))
    assert len(logged_errors.flush(AttributeError)) == 1
    assert result(world.store.index(node.id, "line", ALICE)).total_units == 2
