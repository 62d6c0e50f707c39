"""Lists of nodes: conditions, order, pages, and only nodes that the user may read."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from awed.model.access import User
from awed.model.node import Node
from awed.nodes.change import Change
from awed.nodes.search import Condition, NodeQuery
from tests.unit.gathered import gathered
from tests.unit.nodes.world import ALICE, BOB, EPOCH, World, result, whole


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


DOCUMENT: dict[str, Any] = {
    "file": {"size": 100, "name": "reads.fasta"},
    "attributes": {"n": 5, "text": "5", "yes": True, "nothing": None, "list": [{"x": "a"}, {"x": "b"}]},
    "created_on": "2026-01-02T03:04:05Z",
    "public_read": False,
}


@pytest.mark.parametrize(
    ("path", "value", "holds"),
    [
        ("file.name", "reads.fasta", True),
        ("file.name", "reads", False),
        ("file.name", "reads*", True),
        ("file.name", "*fasta", True),
        ("file.name", "*ads*", True),
        ("file.name", "*reads", False),
        ("file.name", "!reads*", False),
        ("file.name", "!other", True),
        ("file.size", "100", True),
        ("file.size", "[100;200]", True),
        ("file.size", "]100;200[", False),
        ("file.size", "]99;200[", True),
        ("file.size", "[101;200]", False),
        ("file.size", "[a;b]", False),
        ("attributes.n", "5", True),
        ("attributes.text", "5", True),
        ("attributes.yes", "true", True),
        ("public_read", "false", True),
        ("attributes.list.x", "b", True),
        ("attributes.list.x", "c", False),
        ("attributes.nothing", "null", True),
        ("attributes.nothing", "", False),
        ("attributes.other", "null", True),
        ("attributes.other", "!null", False),
        ("attributes.other", "!x", True),
        ("attributes.n", "", True),
        ("created_on", "[2026-01-01;2026-01-03]", True),
        ("created_on", "[2026-01-02T03:04:05Z;2026-01-03]", True),
        ("created_on", "]2026-01-02T03:04:05Z;2026-01-03]", False),
        ("created_on", "[2026-01-03;2026-01-04]", False),
    ],
)
def test_conditions_in_shocks_notation(path: str, value: str, holds: bool) -> None:
    assert Condition(path, value).holds(DOCUMENT) is holds


def find(world: World, user: User = ALICE, **query: Any) -> tuple[list[Node], int]:
    found, total = result(world.store.find(NodeQuery(**query), user))
    return gathered(found), total


def test_a_list_is_a_page_in_order_of_what_one_may_read(world: World) -> None:
    nodes = [result(world.store.create(ALICE, Change(priority=number))) for number in (2, 3, 1)]
    result(world.store.create(BOB, Change()))
    assert find(world) == (nodes[::-1], 3)
    assert find(world, limit=1, offset=1) == ([nodes[1]], 3)
    assert find(world, order="priority", descending=False)[0] == [nodes[2], nodes[0], nodes[1]]
    assert find(world, limit=0)[1] == 3
    assert find(world, User("root", admin=True))[1] == 4
    assert find(world, User("carol")) == ([], 0)


def test_a_client_finds_the_file_it_has_already(world: World) -> None:
    node = result(world.store.create(ALICE, whole(b"a")))
    result(world.store.create(ALICE, whole(b"b")))
    md5 = Condition("file.checksum.md5", node.file.checksum["md5"])
    assert find(world, conditions=(md5, Condition("type", "basic"), Condition("owner", "alice")))[0] == [node]


def test_distinct_values_numbers_before_texts(world: World) -> None:
    for value in ("b", 2, "a", 2, None, True):
        result(world.store.create(ALICE, Change(attributes={"x": value})))
    result(world.store.create(BOB, Change(attributes={"x": "secret"})))
    assert result(world.store.distinct("attributes.x", ALICE)) == [True, 2, "a", "b"]


def test_nodes_whose_time_is_over_are_removed(world: World) -> None:
    over = result(world.store.create(ALICE, Change(expiration=EPOCH + timedelta(minutes=1))))
    kept = result(world.store.create(ALICE, Change(expiration=EPOCH + timedelta(minutes=3))))
    world.time = EPOCH + timedelta(minutes=2)
    assert result(world.store.remove_expired()) == 1
    assert list(world.records) == [kept.id]
    assert over.id not in world.records
