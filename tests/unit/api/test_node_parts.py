"""Indexes, parts of files and rights of nodes over the wire."""

import gzip
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from awed.model.access import User
from awed.nodes.change import Change
from awed.nodes.own import OwnShock
from tests.unit.api.shock import ALICE, BOB, Fields, Shock, error
from tests.unit.nodes.world import Bytes, Gate, later

FASTA = b">1\nA\n>2\nC\n>3\nG\n"


@pytest.fixture
def shock(tmp_path: Path) -> Shock:
    return Shock(tmp_path)


@pytest.fixture
def path(shock: Shock) -> str:
    return f"/node/{shock.node('POST', '/node', {'upload': ('reads.fasta', FASTA)})['id']}"


def test_an_index_is_made_and_shown(shock: Shock, path: str) -> None:
    assert shock.call("PUT", f"{path}/index/record").json == {"status": 200, "data": None, "error": None}
    index = shock.call("GET", f"{path}/index/record").json["data"]["record"]
    assert list(index) == ["total_units", "average_unit_size", "created_on", "locked"]
    assert (index["total_units"], index["average_unit_size"], index["locked"]) == (3, 5, None)
    assert shock.call("GET", path).json["data"]["indexes"]["record"] == index
    assert error(shock.call("PUT", f"{path}/index/record"))[0] == 400
    assert shock.call("PUT", f"{path}/index/record?force_rebuild=1").status == 200
    assert shock.call("DELETE", f"{path}/index/record").status == 200
    assert error(shock.call("GET", f"{path}/index/record")) == (400, "Invalid index type: record")


def test_an_index_of_a_column(shock: Shock, path: str) -> None:
    assert shock.call("PUT", f"{path}/index/column?number=1").status == 200
    assert "column1" in shock.call("GET", path).json["data"]["indexes"]
    assert error(shock.call("PUT", f"{path}/index/column"))[0] == 400


def test_a_file_that_is_no_sequence_file_says_so_in_its_index(shock: Shock) -> None:
    node = shock.node("POST", "/node", {"upload": ("f", b"pear\n")})
    assert shock.call("PUT", f"/node/{node['id']}/index/chunkrecord").status == 200
    index = shock.call("GET", f"/node/{node['id']}").json["data"]["indexes"]["chunkrecord"]
    assert index["locked"]["error"] == "Invalid file type for filter"


def test_an_empty_node_has_no_index(shock: Shock) -> None:
    node = shock.call("POST", "/node").json["data"]
    assert error(shock.call("PUT", f"/node/{node['id']}/index/line")) == (400, "Node has no file")


def test_an_index_may_come_ready_or_be_some_units_of_another(shock: Shock, path: str) -> None:
    ready: Fields = {"upload": ("index", struct.pack("<4Q", 0, 5, 10, 5))}
    put = shock.form("PUT", f"{path}/index/mine?upload&totalUnits=2&avgUnitSize=5&indexFormat=array", ready)
    assert put.json == {"status": 200, "data": None, "error": None}
    assert shock.call("GET", f"{path}/index/mine").json["data"]["mine"]["total_units"] == 2
    assert shock.call("GET", f"{path}?download&index=mine&part=2").body == FASTA[10:]
    few: Fields = {"index_name": "few", "parent_index": "mine", "subset_indices": ("list", b"2\n")}
    assert shock.form("PUT", f"{path}/index/subset", few).status == 200
    assert shock.call("GET", f"{path}?download&index=few").body == FASTA[10:]


def test_an_index_that_is_being_made_is_locked(tmp_path: Path) -> None:
    gate = Gate()
    shock = Shock(tmp_path, gate)
    node_id = shock.node("POST", "/node", {"upload": ("f", FASTA)})["id"]
    gate.shut = True
    later(OwnShock(shock.world.store, "").index(node_id, "record"))
    path = f"/node/{node_id}"
    assert shock.call("GET", path).json["data"]["indexes"]["record"]["locked"]["error"] == ""
    assert error(shock.call("PUT", f"{path}/index/record")) == (423, "Node index is locked")
    assert error(shock.call("GET", f"{path}?download&index=record&part=1")) == (400, "Node file is locked")
    gate.open()
    assert shock.call("GET", f"{path}?download&index=record&part=1").body == FASTA[:5]


def test_a_file_that_is_being_merged_is_locked(tmp_path: Path) -> None:
    gate = Gate()
    shock = Shock(tmp_path, gate)
    node_id = shock.node("POST", "/node", {"parts": "1"})["id"]
    path = f"/node/{node_id}"
    merge = shock.world.files.write

    def slow_merge(*args: Any) -> Any:
        gate.shut = True
        return merge(*args)

    setattr(shock.world.files, "write", slow_merge)  # noqa: B010
    later(shock.world.store.update(node_id, User(), Change(parts={1: Bytes(b"a")})))
    for method, query in (("GET", "?download"), ("PUT", "/index/line")):
        assert error(shock.call(method, path + query)) == (423, "Node file is locked")
    gate.open()
    assert shock.call("GET", f"{path}?download").body == b"a"


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("index=record&part=2", b">2\nC\n"),
        ("index=record&part=2-3", FASTA[5:]),
        ("index=record&part=3&part=1", FASTA[10:] + FASTA[:5]),
        ("index=size&part=1", FASTA),
        ("index=size&part=2-3&chunk_size=4", FASTA[4:12]),
        ("seek=3&length=4", FASTA[3:7]),
        ("seek=10", FASTA[10:]),
    ],
)
def test_a_part_of_a_file_is_downloaded(shock: Shock, path: str, query: str, body: bytes) -> None:
    shock.call("PUT", f"{path}/index/record")
    reply = shock.call("GET", f"{path}?download&{query}")
    assert (reply.status, reply.body) == (200, body)
    assert reply.headers["Content-Length"] == str(len(body))
    tail = shock.call("GET", f"{path}?download&{query}", headers={"Range": "bytes=2-"})
    assert (tail.status, tail.body) == (206, body[2:])
    assert tail.headers["ETag"] == reply.headers["ETag"] != shock.call("GET", f"{path}?download").headers["ETag"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("index=record&part=4", "Index record out of bounds"),
        ("index=record&part=2-1", "Invalid index record range"),
        ("index=record", "an index needs a part"),
        ("index=line&part=1", "Invalid index type"),
        ("seek=-1", "seek must be a non-negative integer"),
        ("index=size&part=1&chunk_size=0", "chunk_size must be at least 1"),
    ],
)
def test_a_part_that_is_not_there_is_refused(shock: Shock, path: str, query: str, text: str) -> None:
    shock.call("PUT", f"{path}/index/record")
    status, told = error(shock.call("GET", f"{path}?download&{query}"))
    assert status == 400
    assert text in told


def test_a_copy_and_a_subset_are_made_by_form(shock: Shock, path: str) -> None:
    shock.call("PUT", f"{path}/index/record")
    node_id = path.rpartition("/")[2]
    copy = shock.node("POST", "/node", {"copy_data": node_id, "copy_indexes": "1"})
    assert (copy["type"], sorted(copy["indexes"])) == ("copy", ["record", "size"])
    empty = shock.call("POST", "/node").json["data"]["id"]
    fields: Any = {"parent_node": node_id, "parent_index": "record", "subset_indices": ("list", b"1\n3\n")}
    subset = shock.node("PUT", f"/node/{empty}", fields)
    assert (subset["type"], subset["file"]["size"]) == ("subset", 10)
    assert shock.call("GET", f"/node/{empty}?download").body == FASTA[:5] + FASTA[10:]
    same = shock.node("POST", "/node", {"type": "subset", **fields})
    assert same["file"]["checksum"] == subset["file"]["checksum"]
    other = error(shock.form("POST", "/node", {"type": "virtual", "source": node_id, **fields}))
    assert other == (400, "a node gets its file in one way, not by type and parent_node")


def test_a_packed_upload_loses_its_suffix(shock: Shock) -> None:
    node = shock.node("POST", "/node", {"gzip": ("f.txt.gz", gzip.compress(b"hello"))})
    assert (node["file"]["name"], node["file"]["size"]) == ("f.txt", 5)
    assert error(shock.form("POST", "/node", {"gzip": ("f", b"hello")}))[0] == 400


def test_a_download_is_packed_while_it_is_sent(shock: Shock) -> None:
    data = b"ACGT" * 300_000
    path = f"/node/{shock.node('POST', '/node', {'upload': ('f.txt', data)})['id']}?download&compression="
    reply = shock.call("GET", path + "gzip")
    assert reply.headers["Content-Disposition"] == "attachment; filename=f.txt.gzip"
    assert "Content-Length" not in reply.headers
    assert gzip.decompress(unchunked(reply.body)) == data
    with zipfile.ZipFile(io.BytesIO(unchunked(shock.call("GET", path + "zip").body))) as archive:
        assert archive.namelist() == ["f.txt"]
        assert archive.read("f.txt") == data
    assert error(shock.call("GET", path + "rar"))[0] == 400


def test_an_archive_is_unpacked_into_nodes(shock: Shock) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("b", b"2")
    node = shock.node("POST", "/node", {"upload": ("x.zip", packed.getvalue())})
    made = shock.node("POST", "/node", {"unpack_node": node["id"], "archive_format": "zip"})
    assert [shock.call("GET", f"/node/{one['id']}?download").body for one in made] == [b"1", b"2"]
    refused = shock.form("POST", "/node", {"unpack_node": node["id"], "archive_format": "rar"})
    assert "archive_format must be one of" in error(refused)[1]


def unchunked(body: bytes) -> bytes:
    """What a chunked body holds."""
    content = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if not int(size, 16):
            return content
        content += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


# Rights.


def test_the_owner_gives_and_takes_rights(shock: Shock) -> None:
    path = f"/node/{shock.node('POST', '/node', {}, ALICE)['id']}"
    nobody = {"read": False, "write": False, "delete": False}
    first = shock.call("GET", f"{path}/acl/", headers=ALICE).json["data"]
    assert first == {"owner": "alice", "read": ["alice"], "write": ["alice"], "delete": ["alice"], "public": nobody}
    given = shock.call("PUT", f"{path}/acl/read?users=bob,carol", headers=ALICE).json["data"]
    assert given["read"] == ["alice", "bob", "carol"]
    assert shock.call("GET", path, headers=BOB).status == 200
    assert error(shock.form("PUT", path, {"tags": "x"}, BOB)) == (401, "User Unauthorized")
    shock.call("DELETE", f"{path}/acl/read?users=bob", headers=ALICE)
    assert error(shock.call("GET", path, headers=BOB)) == (404, "Node not found")
    public = shock.call("PUT", f"{path}/acl/public_read", headers=ALICE).json["data"]
    assert public["public"] == {**nobody, "read": True}
    assert shock.call("GET", path).status == 200
    assert shock.form("PUT", f"{path}/acl/all", {"users": "bob"}, ALICE).json["data"]["delete"] == ["alice", "bob"]
    assert shock.call("PUT", f"{path}/acl/owner?users=bob", headers=ALICE).json["data"]["owner"] == "bob"


def test_rights_are_shown_with_the_users_if_asked_for(shock: Shock) -> None:
    path = f"/node/{shock.node('POST', '/node', {}, ALICE)['id']}/acl"
    full = shock.call("GET", f"{path}/all?verbosity=full", headers=ALICE).json["data"]
    alice = {"uuid": "alice", "username": "alice", "fullname": "", "email": "", "shock_admin": False}
    assert full["owner"] == {**alice, "custom_fields": None}
    assert full["read"] == full["write"] == full["delete"] == [full["owner"]]
    assert full["public"] == {"read": False, "write": False, "delete": False}
    given = shock.call("PUT", f"{path}/read?users=bob&verbosity=full", headers=ALICE).json["data"]
    assert [user["username"] for user in given["read"]] == ["alice", "bob"]


def test_others_can_only_give_up_what_is_their_own(shock: Shock) -> None:
    path = f"/node/{shock.node('POST', '/node', {}, ALICE)['id']}"
    shock.call("PUT", f"{path}/acl/all?users=bob", headers=ALICE)
    for method, subject in (("PUT", "read?users=carol"), ("DELETE", "read?users=alice"), ("PUT", "owner?users=bob")):
        assert error(shock.call(method, f"{path}/acl/{subject}", headers=BOB)) == (401, "User Unauthorized")
    assert error(shock.call("PUT", f"{path}/acl/public_all")) == (404, "Node not found")
    stranger = {"Authorization": "user carol"}
    assert error(shock.call("DELETE", f"{path}/acl/read?users=carol", headers=stranger)) == (404, "Node not found")
    assert shock.call("DELETE", f"{path}/acl/write?users=bob", headers=BOB).json["data"]["write"] == ["alice"]


@pytest.mark.parametrize(
    ("method", "subject"),
    [
        ("GET", "nonsense"),
        ("PUT", "nonsense?users=a"),
        ("PUT", "public_owner"),
        ("PUT", "read"),
        ("DELETE", "owner?users=alice"),
        ("PUT", "owner?users=a,b"),
    ],
)
def test_a_change_of_rights_that_makes_no_sense(shock: Shock, method: str, subject: str) -> None:
    path = f"/node/{shock.node('POST', '/node', {}, ALICE)['id']}"
    assert error(shock.call(method, f"{path}/acl/{subject}", headers=ALICE))[0] == 400


# Lists.


def test_a_list_is_a_page_of_what_matches(shock: Shock) -> None:
    for number in (1, 2, 3):
        shock.node("POST", "/node", {"attributes_str": f'{{"n": {number}, "kind": "x,y"}}', "tags": "t"})
    page = shock.call("GET", "/node?query&n=[2;3]&kind=x,y&limit=1").json
    assert (page["limit"], page["offset"], page["total_count"]) == (1, 0, 2)
    assert page["data"][0]["attributes"]["n"] == 3
    assert shock.call("GET", "/node?querynode&tags=t&attributes.n=1").json["total_count"] == 1
    assert shock.call("GET", "/node").json["total_count"] == 3
    for path in ("attributes.n", "n"):
        assert shock.call("GET", f"/node?distinct={path}").json["data"] == [1, 2, 3]
    assert shock.call("GET", "/node?distinct=type").json["data"] == ["basic"]
    assert error(shock.call("GET", "/node?limit=x"))[0] == 400
