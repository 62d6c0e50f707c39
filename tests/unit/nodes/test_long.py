"""Long work on files: beside short requests, within the limits of uploads, and no longer than somebody wants it."""

import bz2
import gzip
import struct
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from awed.model.errors import TooLarge, Unavailable
from awed.model.node import Node
from awed.nodes.change import Change, Declare, FromUrl, JoinOf, SubsetOf, Whole
from awed.nodes.files import Written
from awed.nodes.indexing import SubsetIndex
from awed.nodes.unpacking import FORMATS
from awed.tx.longwork import LongWork
from tests.unit.nodes.archives import archive
from tests.unit.nodes.world import ALICE, Bytes, Gate, World, filled, later, result, whole

LINES = b"one\ntwo\nthree\nfour\n"
Act = Callable[[World], Any]


def create(world: World, change: Change) -> Node:
    node: Node = result(world.store.create(ALICE, change))
    return node


def lines(world: World) -> Node:
    """A node with an index of its lines, and one of sixty times the whole."""
    node = create(world, whole(LINES))
    result(world.store.make_index(node.id, "line", ALICE))
    result(world.store.put_index(node.id, "often", ALICE, Bytes(struct.pack("<QQ", 0, len(LINES)) * 60)))
    return node


def subset(world: World) -> Any:
    records = b"".join(b"%d\n" % number for number in range(1, 61))
    return world.store.create(ALICE, filled(SubsetOf(lines(world).id, "often", Bytes(records))))


def unpacked(world: World, archive_format: str) -> Any:
    node = create(world, whole(archive(archive_format, {f"{number}": LINES for number in range(6)})))
    return world.store.create_from(node.id, archive_format, ALICE, Change())


def put_index(world: World) -> Any:
    return world.store.put_index(lines(world).id, "few", ALICE, SubsetIndex("line", Bytes(b"2\n")))


FILES: dict[str, Act] = {
    "join": lambda world: world.store.create(ALICE, filled(JoinOf([lines(world).id] * 60))),
    "subset": subset,
    "gzip": lambda world: world.store.create(ALICE, filled(Whole(Bytes(gzip.compress(LINES * 60)), "gzip"))),
    "bzip2": lambda world: world.store.create(ALICE, filled(Whole(Bytes(bz2.compress(LINES * 60)), "bzip2"))),
    **{name: lambda world, name=name: unpacked(world, name) for name in FORMATS},  # type: ignore[misc]
}
"""What makes files of others, each of 114 bytes or more."""

WORKS = {**FILES, "index": put_index}


def gated(directory: Path) -> tuple[World, Gate]:
    """A world in which long work has one step a turn, and the gate that keeps it from its threads."""
    gate = Gate()
    return World(directory, long=LongWork(gate, 2, 4, map(float, count()).__next__)), gate


@pytest.mark.parametrize("name", WORKS)
def test_however_much_long_work_a_user_asks_for_requests_have_their_threads(tmp_path: Path, name: str) -> None:
    world, gate = gated(tmp_path)
    works = [WORKS[name](world) for _ in range(12)]
    gate.shut = True
    answers = [later(work) for work in works]
    assert create(world, whole(b"x")).has_file
    assert not any(answers)
    gate.open()
    assert all(answers)
    assert not any(isinstance(answer[0], Failure) for answer in answers)


@pytest.mark.parametrize("name", WORKS)
def test_long_work_ends_with_its_request_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    world, gate = gated(tmp_path)
    work = WORKS[name](world)
    nodes, names, ended = list(world.records), world.names(), list[object]()
    gate.shut = True
    request = Deferred.fromCoroutine(work)
    request.addErrback(lambda failure: ended.append(failure.type))
    gate.waiting.pop(0)()
    assert len(world.names()) > len(names)
    request.cancel()
    gate.open()
    assert ended == [CancelledError]
    assert (list(world.records), world.names()) == (nodes, names)


def test_fetches_of_a_user_wait_for_each_other_and_keep_no_other_work_waiting(tmp_path: Path) -> None:
    hosts = list[Deferred[Written]]()

    async def fetch(url: str, path: Path) -> Written:
        hosts.append(Deferred())
        return await hosts[-1]

    world = World(tmp_path, fetch=fetch)
    fetches = [later(world.store.create(ALICE, filled(FromUrl("http://slow.example/f")))) for _ in range(6)]
    assert len(hosts) == 4
    result(WORKS["join"](world))
    for number in range(6):
        hosts[number].errback(Unavailable("slow"))
    assert all(isinstance(fetched[0], Failure) for fetched in fetches)


@pytest.mark.parametrize("name", ["part", "index"])
def test_what_is_under_way_on_a_node_ends_when_it_is_deleted(tmp_path: Path, name: str) -> None:
    world, gate = gated(tmp_path)
    node = create(world, filled(Declare(1)) if name == "part" else whole(LINES))
    gate.shut = True
    change = Change(parts={1: Bytes(LINES)})
    begun = (
        world.store.update(node.id, ALICE, change) if name == "part" else world.store.index(node.id, "line", ALICE)
    )
    later(begun)
    gate.waiting.pop(0)()
    deleted = later(world.store.delete(node.id, ALICE))
    assert not deleted
    gate.open()
    assert deleted == [None]
    assert world.names() == []


@pytest.mark.parametrize("name", FILES)
def test_what_is_made_of_other_files_may_not_be_larger_than_an_upload(tmp_path: Path, name: str) -> None:
    world = World(tmp_path, largest=100)
    work = FILES[name](world)
    nodes, names = list(world.records), world.names()
    with pytest.raises(TooLarge, match="100 bytes"):
        result(work)
    assert (list(world.records), world.names()) == (nodes, names)


@pytest.mark.parametrize("name", ["join", "zip"])
def test_what_is_known_to_become_too_large_is_not_begun(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, largest=100)
    work = FILES[name](world)
    monkeypatch.delattr(world.files.__class__, "writing")
    with pytest.raises(TooLarge):
        result(work)


def test_parts_may_not_be_larger_together_than_an_upload(tmp_path: Path) -> None:
    world = World(tmp_path, largest=100)
    node = create(world, filled(Declare(2)))
    result(world.store.update(node.id, ALICE, Change(parts={1: Bytes(bytes(60))})))
    for again in (60, 40):
        result(world.store.update(node.id, ALICE, Change(parts={1: Bytes(bytes(again))})))
    with pytest.raises(TooLarge, match="100 bytes"):
        result(world.store.update(node.id, ALICE, Change(parts={2: Bytes(bytes(61))})))
    result(world.store.update(node.id, ALICE, Change(parts={2: Bytes(bytes(60))})))
    assert result(world.store.get(node.id, ALICE)).file.size == 100


def test_packed_parts_are_unpacked_to_no_more_than_an_upload(tmp_path: Path) -> None:
    world = World(tmp_path, largest=100)
    node = create(world, Change(fill=Declare(1, "gzip"), parts={1: Bytes(gzip.compress(bytes(101)))}))
    assert "100 bytes" in result(world.store.get(node.id, ALICE)).file.locked.error
    assert world.names() == ["part.1"]
