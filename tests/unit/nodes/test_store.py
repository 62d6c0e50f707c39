"""What a node store promises: whole files, nothing lost, nothing left over."""

import hashlib
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from awed.model.access import PUBLIC, AclChange, User
from awed.model.errors import Invalid, Locked, NotFound, StaleAttempt, StoreAway, Unauthorized, Unavailable
from awed.model.ids import new_id
from awed.model.node import Node
from awed.model.times import NO_TIME
from awed.nodes.change import Change, CopyOf, Declare, JoinOf
from awed.nodes.own import OwnShock
from awed.nodes.search import NodeQuery
from awed.tx.longwork import LongWork
from tests.unit.gathered import gathered
from tests.unit.nodes.world import ALICE, ANYONE, BOB, EPOCH, Bytes, Gate, World, filled, later, result, whole


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def create(world: World, change: Change | None = None, user: User = ALICE) -> Node:
    node: Node = result(world.store.create(user, change or Change()))
    return node


def update(world: World, node: Node, change: Change, user: User = ALICE) -> Node:
    changed: Node = result(world.store.update(node.id, user, change))
    return changed


def part(number: int, data: bytes) -> Change:
    return Change(parts={number: Bytes(data, f"part{number}")})


def test_an_empty_node_has_neither_checksum_nor_time_nor_anything_on_disk(world: World) -> None:
    node = create(world)
    assert (node.file.size, node.file.checksum, node.file.created_on, node.indexes) == (0, {}, NO_TIME, {})
    assert node.type == "basic"
    assert not node.has_file
    assert world.names() == []


@pytest.mark.parametrize("data", [b"", b"hello"])
def test_an_upload_is_the_file_also_after_a_restart(world: World, data: bytes) -> None:
    node = create(world, whole(data, "f.txt"))
    world.start()
    kept = result(world.store.get(node.id, ALICE))
    assert kept == node
    assert kept.has_file
    assert (kept.file.name, kept.file.size) == ("f.txt", len(data))
    assert kept.file.checksum == {"md5": hashlib.md5(data).hexdigest()}
    assert (kept.indexes["size"].total_units, kept.indexes["size"].average_unit_size) == (min(len(data), 1), 1 << 20)
    assert world.content(node.id) == data


def test_an_empty_node_is_filled_once(world: World) -> None:
    node = create(world)
    assert update(world, node, whole(b"a")).file.size == 1
    with pytest.raises(Invalid, match="Node file immutable"):
        update(world, node, whole(b"b"))
    assert world.content(node.id) == b"a"
    assert world.names() == ["data"]


def test_the_same_file_again_is_no_error(world: World) -> None:
    """A workunit that runs again because its report was lost delivers what is there already."""
    node = create(world, whole(b"a"))
    assert update(world, node, whole(b"a")).file == node.file


def test_an_upload_from_disk_is_moved_not_copied(world: World) -> None:
    upload = Bytes(b"x" * 100)
    upload.path = world.files.temporary / "upload"
    upload.path.write_bytes(upload.data or b"")
    inode = upload.path.stat().st_ino
    upload.data = None
    change = whole(b"")
    change.fill.upload = upload  # type: ignore[union-attr]
    node = create(world, change)
    assert world.files.data(node).path.stat().st_ino == inode
    assert world.names() == ["data"]


def test_what_is_recorded_late_finds_its_file(world: World) -> None:
    """Who waits too long for the database is told so, but when it is back the record is written; a new node goes, for
    it is made again."""
    node = create(world)
    world.failing = Unavailable("no database")
    with pytest.raises(Unavailable):
        create(world, whole(b"created"))
    with pytest.raises(Unavailable):
        update(world, node, whole(b"updated"))
    with pytest.raises(Invalid):
        update(world, node, Change(fill=CopyOf(node.id)))
    world.back()
    assert update(world, node, whole(b"updated")).file.size == 7
    assert {world.content(node_id) for node_id in world.records} == {b"updated"}
    world.start()
    assert world.names() == ["data"]


def test_what_is_never_recorded_leaves_no_file(world: World) -> None:
    node = create(world)
    world.failing = Unavailable("no database")
    with pytest.raises(Unavailable):
        create(world, whole(b"a"))
    with pytest.raises(Unavailable):
        update(world, node, whole(b"a"))
    world.failing = None
    world.start()
    result(world.store.tidy())
    assert world.names() == []
    assert update(world, node, whole(b"b")).file.size == 1


def test_versions_change_with_what_they_stand_for_and_nothing_else(world: World) -> None:
    node = create(world)
    changed = update(world, node, Change(attributes={"a": 1}))
    different = {key for key in node.version_parts if node.version_parts[key] != changed.version_parts[key]}
    assert different == {"attributes_ver"}
    assert node.version != changed.version
    assert update(world, node, Change(attributes={"a": 1})).version == changed.version


def test_attributes_are_replaced_tags_added_the_format_stays(world: World) -> None:
    node = create(world, Change(attributes={"a": 1, "b": 2}, tags=["x"], format="fasta", priority=3))
    node = update(world, node, Change(attributes={"c": 3}, tags=["y", "x"], file_name="n"))
    assert (node.attributes, node.tags, node.file.format) == ({"c": 3}, ["x", "y"], "fasta")
    assert (node.priority, node.file.name) == (3, "n")
    with pytest.raises(Invalid, match="format"):
        update(world, node, Change(format="fastq"))


def test_a_deleted_node_is_gone_with_its_files(world: World) -> None:
    node = create(world, whole(b"a"))
    result(world.store.delete(node.id, ALICE))
    with pytest.raises(NotFound, match="Node not found"):
        result(world.store.get(node.id, ALICE))
    assert world.names() == []
    assert world.records == {}


@pytest.mark.parametrize("node_id", ["00000000-0000-4000-8000-000000000000", "", "..", "../../etc", "x" * 200])
def test_an_unknown_node_is_not_found(world: World, node_id: str) -> None:
    for call in (world.store.get, world.store.content, world.store.delete, world.store.acl):
        with pytest.raises(NotFound):
            result(call(node_id, ALICE))
    with pytest.raises(NotFound):
        result(world.store.update(node_id, ALICE, Change()))


def test_a_node_is_its_owners_and_an_anonymous_one_everyones(world: World) -> None:
    private, public = create(world, whole(b"a")), create(world, whole(b"a"), ANYONE)
    for user in (BOB, ANYONE):
        for call in (world.store.get, world.store.content, world.store.delete, world.store.acl):
            with pytest.raises(NotFound, match="Node not found"):
                result(call(private.id, user))
        with pytest.raises(NotFound):
            update(world, private, Change(), user)
        assert result(world.store.get(public.id, user)).id == public.id
    assert result(world.store.get(private.id, User("root", admin=True)))
    result(world.store.delete(public.id, BOB))


# Parts.


def test_parts_are_merged_in_the_order_of_their_numbers(world: World) -> None:
    node = update(world, create(world), Change(fill=Declare(3), file_name="all"))
    assert (node.type, node.parts and node.parts.parts) == ("parts", [None, None, None])
    update(world, node, part(3, b"ccc"))
    node = update(world, node, part(1, b"a"))
    assert node.parts is not None
    assert (node.parts.length, node.parts.parts[1]) == (2, None)
    assert not node.has_file
    update(world, node, part(2, b""))
    node = result(world.store.get(node.id, ALICE))
    assert (node.type, node.file.name, node.file.size, node.file.locked) == ("parts", "all", 4, None)
    assert node.file.checksum == {"md5": hashlib.md5(b"accc").hexdigest()}
    assert node.parts.parts[0] == ["part1", hashlib.md5(b"a").hexdigest()]
    assert world.content(node.id) == b"accc"
    assert world.names() == ["data"]


def test_a_merged_file_without_a_name_is_named_after_its_node(world: World) -> None:
    node = create(world, Change(fill=Declare(1), parts={1: Bytes(b"a")}))
    assert result(world.store.get(node.id, ALICE)).file.name == node.id


def test_a_part_that_comes_again_replaces_the_old_one_until_the_merge(world: World) -> None:
    node = create(world, filled(Declare(2)))
    update(world, node, part(1, b"old"))
    update(world, node, part(1, b"new"))
    update(world, node, part(2, b"!"))
    assert world.content(node.id) == b"new!"
    update(world, node, part(1, b"new"))
    with pytest.raises(Invalid, match="Node file immutable"):
        update(world, node, part(1, b"newer"))
    assert world.content(node.id) == b"new!"
    assert world.names() == ["data"]


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_part_that_is_not_declared_is_refused(world: World, number: int) -> None:
    node = create(world, filled(Declare(2)))
    with pytest.raises(Invalid, match=f"no part {number}"):
        update(world, node, part(number, b"x"))
    with pytest.raises(Invalid, match="not a parts node"):
        update(world, create(world), part(1, b"x"))
    assert world.names() == []


def test_declaring_the_same_again_is_no_error_something_else_is(world: World) -> None:
    node = create(world, filled(Declare(2)))
    update(world, node, part(1, b"x"))
    assert update(world, node, filled(Declare(2))).parts == result(world.store.get(node.id, ALICE)).parts
    for change in (filled(Declare(3)), whole(b"y")):
        with pytest.raises(Invalid, match="immutable"):
            update(world, node, change)


def test_parts_that_arrived_before_a_restart_count(world: World) -> None:
    node = create(world, filled(Declare(2)))
    update(world, node, part(1, b"a"))
    world.start()
    shown = result(world.store.get(node.id, ALICE))
    assert shown.parts.parts == [["part1", hashlib.md5(b"a").hexdigest()], None]
    update(world, node, part(2, b"b"))
    assert world.content(node.id) == b"ab"


def test_the_arrival_of_a_part_writes_no_record(world: World) -> None:
    """So its cost does not grow with the number of parts."""
    node = create(world, filled(Declare(3)))
    commits = world.commits
    update(world, node, part(1, b"a"))
    update(world, node, part(2, b"b"))
    assert world.commits == commits


def test_a_merge_that_a_restart_cut_off_is_taken_up_again(world: World) -> None:
    node = create(world, filled(Declare(1)))
    world.failing = Unavailable("no database")
    update(world, node, part(1, b"a"))
    assert "no database" in result(world.store.get(node.id, ALICE)).file.locked.error
    world.failing = None
    world.start()
    result(world.store.tidy())
    assert world.content(node.id) == b"a"
    assert world.names() == ["data"]


def test_a_merge_that_the_store_was_away_for_is_begun_again(world: World) -> None:
    """Whoever needs the file for a job is told to ask again, not that there never will be one."""
    node = create(world, filled(Declare(1)))
    own = OwnShock(world.store, "alice")
    world.failing = StoreAway("no database")
    update(world, node, part(1, b"a"))
    with pytest.raises(StoreAway):
        result(own.node(node.id))
    world.back()
    assert result(own.node(node.id)).has_file
    assert world.content(node.id) == b"a"


def test_an_index_that_the_store_was_away_for_is_begun_again(world: World) -> None:
    node = create(world, whole(b"a\nb\n"))
    world.failing = StoreAway("no database")
    with pytest.raises(StoreAway):
        result(world.store.index(node.id, "line", ALICE))
    world.back()
    assert result(world.store.index(node.id, "line", ALICE)).total_units == 2


def test_while_parts_are_merged_the_file_is_locked_and_others_wait(tmp_path: Path) -> None:
    gate = Gate()
    world = World(tmp_path, long=LongWork(gate, 2, 4, lambda: 0.0))
    node = create(world, filled(Declare(2)))
    update(world, node, part(1, b"a"))
    gate.shut = True
    answered = later(world.store.update(node.id, ALICE, part(2, b"b")))
    lock = result(world.store.get(node.id, ALICE)).file.locked
    assert lock is not None
    assert lock.error == ""
    with pytest.raises(Locked, match="Node file is locked"):
        result(world.store.content(node.id, ALICE))
    settled = later(OwnShock(world.store, "alice").node(node.id))
    assert settled == []
    gate.open()
    assert answered
    assert settled[0].file.size == 2
    assert world.content(node.id) == b"ab"


def test_two_changes_at_once_are_both_kept(tmp_path: Path) -> None:
    gate = Gate()
    world = World(tmp_path, gate)
    node = create(world)
    gate.shut = True
    changes = (whole(b"a"), Change(attributes=1), Change(tags=["t"]))
    done = [later(world.store.update(node.id, ALICE, change)) for change in changes]
    gate.open()
    assert all(done)
    node = result(world.store.get(node.id, ALICE))
    assert (node.file.size, node.attributes, node.tags) == (1, 1, ["t"])


def test_a_change_goes_on_when_its_client_leaves(tmp_path: Path) -> None:
    gate = Gate()
    world = World(tmp_path, gate)
    node = create(world)
    gate.shut = True
    waiting = Deferred.fromCoroutine(world.store.update(node.id, ALICE, whole(b"a")))
    waiting.addErrback(lambda _: None)
    waiting.cancel()
    gate.open()
    assert world.content(node.id) == b"a"
    assert world.names() == ["data"]


# Work that is done twice.


def later_part(number: int, data: bytes, attempt: int) -> Change:
    return Change(parts={number: Bytes(data)}, attempt=attempt)


def test_a_later_run_of_a_workunit_may_replace_its_file_an_earlier_one_not(world: World) -> None:
    node = create(world)
    fill = whole(b"first").fill
    update(world, node, Change(fill=fill, attempt=1))
    result(world.store.make_index(node.id, "line", ALICE))
    node = update(world, node, Change(fill=whole(b"second").fill, attempt=2))
    assert (node.file.size, list(node.indexes)) == (6, ["size"])
    assert world.content(node.id) == b"second"
    assert world.names() == ["data"]
    for attempt in (0, 1, 2):
        with pytest.raises(Invalid, match="immutable"):
            update(world, node, Change(fill=fill, attempt=attempt))
    assert world.content(node.id) == b"second"
    assert world.names() == ["data"]


def test_a_file_that_nobody_can_record_replaces_nothing(world: World) -> None:
    node = create(world, Change(fill=whole(b"first").fill, attempt=1))
    world.failing = Unavailable("no database")
    with pytest.raises(Unavailable):
        update(world, node, Change(fill=whole(b"second").fill, attempt=2))
    assert world.content(node.id) == b"first"
    world.start()
    result(world.store.tidy())
    assert world.content(node.id) == b"first"
    assert world.names() == ["data"]


def test_a_later_run_may_replace_its_part_of_a_merged_file(world: World) -> None:
    parts = {1: Bytes(b"one"), 2: Bytes(b"two"), 3: Bytes(b"three")}
    node = create(world, Change(fill=Declare(3), parts=dict(parts), attempt=1))
    update(world, node, later_part(2, b"a longer one", 2))
    shown = result(world.store.get(node.id, ALICE))
    assert world.content(node.id) == b"onea longer onethree"
    assert shown.parts.parts[1][1] == hashlib.md5(b"a longer one").hexdigest()
    assert shown.parts.length == 3
    for attempt in (0, 2):
        with pytest.raises(Invalid, match="immutable"):
            update(world, node, later_part(2, b"x", attempt))
    update(world, node, later_part(1, b"", 5))
    assert world.content(node.id) == b"a longer onethree"
    assert world.names() == ["data"]


def test_an_earlier_run_does_not_replace_a_part_that_waits(world: World) -> None:
    node = create(world, filled(Declare(2)))
    update(world, node, later_part(1, b"new", 2))
    with pytest.raises(StaleAttempt):
        update(world, node, later_part(1, b"old", 1))
    update(world, node, part(2, b"!"))
    assert world.content(node.id) == b"new!"


def test_a_part_that_replaces_survives_a_restart_before_it_is_merged(world: World) -> None:
    node = create(world, Change(fill=Declare(2), parts={1: Bytes(b"a"), 2: Bytes(b"b")}, attempt=1))
    world.failing = Unavailable("no database")
    update(world, node, later_part(2, b"new", 2))
    assert world.content(node.id) == b"ab"
    world.failing = None
    world.start()
    result(world.store.tidy())
    assert world.content(node.id) == b"anew"
    assert world.names() == ["data"]


# Restarts.


def test_what_a_crash_leaves_is_removed_at_the_next_start(world: World) -> None:
    node, merged = create(world), create(world, whole(b"a"))
    stray = new_id()
    for node_id, name in ((stray, "data.x"), (node.id, "data.x"), (merged.id, "data.x"), (merged.id, "part.1")):
        path = world.files.new_path()
        with world.files.writing(path) as file:
            file.write(b"x")
        world.files.place(path, node_id, name)
    (world.files.temporary / "upload").write_bytes(b"x")
    world.start()
    result(world.store.tidy())
    assert world.names() == ["data"]
    assert world.content(merged.id) == b"a"
    assert not world.files.directory(stray).exists()
    assert not result(world.store.get(node.id, ALICE)).has_file


def test_the_daemon_makes_and_removes_nodes_for_owners(world: World) -> None:
    own = OwnShock(world.store, "alice")
    assert result(own.create(1, "f")).type == "basic"
    node = result(own.create(2, "f"))
    assert (node.type, node.file.name) == ("parts", "f")
    result(OwnShock(world.store, "bob").delete(node.id))
    assert result(own.node(node.id)).id == node.id
    result(own.delete(node.id))
    result(own.delete(node.id))


def test_the_bytes_of_all_files_are_known_also_after_a_restart(world: World) -> None:
    first = create(world, whole(b"12345"))
    second = create(world, whole(b"123"))
    result(world.store.delete(first.id, ALICE))
    assert world.store.bytes == 3
    world.start()
    third = create(world, whole(b"1"))
    result(world.store.delete(second.id, ALICE))
    assert world.store.bytes == 1
    result(world.store.tidy())
    assert world.store.bytes == 1
    world.start()
    result(world.store.tidy())
    assert (world.store.bytes, third.file.size) == (1, 1)


def test_the_token_of_a_job_opens_the_nodes_of_that_job_alone(world: World) -> None:
    named, other, open_to_all = (create(world, whole(data)) for data in (b"named", b"other", b"open"))
    result(world.store.change_acl(open_to_all.id, ALICE, AclChange(("read",), (PUBLIC,), add=True)))
    worker = User("alice", nodes={named.id})
    assert world.content(named.id, worker) == b"named"
    update(world, named, Change(tags=["x"]), worker)
    assert world.content(open_to_all.id, worker) == b"open"
    assert {node.id for node in gathered(result(world.store.find(NodeQuery(), worker))[0])} == {
        named.id,
        open_to_all.id,
    }
    with pytest.raises(NotFound):
        world.content(other.id, worker)
    for fill in (CopyOf(other.id), JoinOf([other.id])):
        with pytest.raises(NotFound):
            result(world.store.create(worker, filled(fill)))
    result(world.store.create(worker, whole(b"new")))


def test_the_token_of_a_job_neither_deletes_nor_shares(world: World) -> None:
    node = create(world, whole(b"a"))
    worker = User("alice", nodes={node.id})
    for act in (
        lambda: world.store.delete(node.id, worker),
        lambda: world.store.change_acl(node.id, worker, AclChange(("read",), (PUBLIC,), add=True)),
        lambda: world.store.change_acl(node.id, worker, AclChange(("read",), ("alice",), add=False)),
        lambda: world.store.update(node.id, worker, Change(expiration=EPOCH)),
    ):
        with pytest.raises(Unauthorized):
            result(act())


def test_nobody_takes_a_right_away_that_everybody_has(world: World) -> None:
    node = create(world, whole(b"a"))
    result(world.store.change_acl(node.id, ALICE, AclChange(("read",), (PUBLIC,), add=True)))
    with pytest.raises(Unauthorized):
        result(world.store.change_acl(node.id, ANYONE, AclChange(("read",), (PUBLIC,), add=False)))
    assert world.content(node.id, BOB) == b"a"
