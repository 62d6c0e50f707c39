"""``/preauth``: addresses by which a file can be downloaded once, without a token."""

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from awed.nodes.packing import ARCHIVES
from tests.unit.api.shock import ALICE, BOB, Fields, Shock, error
from tests.unit.api.test_node_parts import unchunked
from tests.unit.nodes.test_packing import unpacked
from tests.unit.nodes.world import result

DATA = b"0123456789"


@pytest.fixture
def shock(tmp_path: Path) -> Shock:
    return Shock(tmp_path)


@pytest.fixture
def node(shock: Shock) -> str:
    """The path of a node that is Alice's alone."""
    return f"/node/{shock.node('POST', '/node', {'upload': ('f.txt', DATA)}, ALICE)['id']}"


def address(shock: Shock, path: str) -> Any:
    """What is told of a new address, which must be here, with the path of its URL as ``path``."""
    told = shock.call("GET", path, headers=ALICE).json["data"]
    base, _, secret = told["url"].rpartition("/")
    assert base == "http://awe.example:8001/preauth"
    return {**told, "path": f"/preauth/{secret}"}


def test_an_address_gives_the_file_once_and_without_a_token(shock: Shock, node: str) -> None:
    told = address(shock, f"{node}?download_url")
    assert len(told["path"]) == len("/preauth/") + 20
    assert told["validtill"].startswith("Sat Jan 31 00:00:")
    assert (told["format"], told["filename"], told["files"], told["size"]) == ("", "f.txt", 1, 10)
    reply = shock.call("GET", told["path"])
    assert (reply.status, reply.body) == (200, DATA)
    assert reply.headers["Content-Disposition"] == "attachment; filename=f.txt"
    assert error(shock.call("GET", told["path"]))[0] == 404


def test_the_file_may_be_named_and_packed(shock: Shock, node: str) -> None:
    told = address(shock, f"{node}?download_url&file_name=mine&compression=gzip")
    assert (told["format"], told["filename"]) == ("gzip", "mine.gzip")
    reply = shock.call("GET", told["path"])
    assert reply.headers["Content-Disposition"] == "attachment; filename=mine.gzip"
    assert gzip.decompress(unchunked(reply.body)) == DATA


def three(shock: Shock) -> list[str]:
    """The ids of three nodes of Alice, two of one name, and of an empty one."""
    attributes = ("a.json", b'{"project": "p"}')
    names = ("x.txt", "../../x.txt", "y")
    forms: list[Fields] = [{"upload": (name, name.encode()), "attributes": attributes} for name in names]
    forms.append({"attributes": attributes})
    return [shock.node("POST", "/node", form, ALICE)["id"] for form in forms]


def held(shock: Shock, told: Any) -> dict[str, bytes]:
    """What is in the archive at a new address, which is void then."""
    path = f"/preauth/{told['url'].rpartition('/')[2]}"
    reply = shock.call("GET", path)
    assert reply.headers["Content-Disposition"] == f"attachment; filename={told['filename']}"
    assert error(shock.call("GET", path))[0] == 404
    return {name: data for name, (data, _) in unpacked(unchunked(reply.body), told["format"]).items()}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_the_files_of_several_nodes_come_as_an_archive(shock: Shock, kind: str) -> None:
    ids = three(shock)[:3]
    contents = {"x.txt": b"x.txt", f"{ids[1]}_x.txt": b"../../x.txt", "y": b"y"}
    query = f"/node?query&project=p&order=file.name&direction=asc&download_url&archive={kind}"
    found = shock.call("GET", query, headers=ALICE).json["data"]
    assert (found["format"], found["filename"], found["files"], found["size"]) == (kind, f"nodes.{kind}", 3, 17)
    assert sorted(held(shock, found).values()) == sorted(contents.values())
    fields: Fields = {"ids": ",".join([*ids, ids[0]]), "archive_format": kind, "file_name": "mine"}
    told = shock.node("POST", "/node", {"download_url": "1", **fields}, ALICE)
    assert (told["filename"], told["files"]) == (f"mine.{kind}", 3)
    assert held(shock, told) == contents


def test_an_archive_is_of_what_one_may_read_and_is_there(shock: Shock) -> None:
    *ids, empty = three(shock)
    private = shock.node("POST", "/node", {"upload": ("f", DATA)}, BOB)["id"]
    for wanted, told in (
        (f"{ids[0]},{private}", (404, "Node not found")),
        (empty, (400, "Node has no file")),
        ("x", (404, "Node not found")),
        ("", (400, "an archive has 1 to 10000 files, not 0")),
    ):
        fields: Fields = {"download_url": "1", "ids": wanted}
        assert error(shock.form("POST", "/node", fields, ALICE)) == told
    assert error(shock.call("GET", "/node?query&project=p&download_url")) == (
        400,
        "an archive has 1 to 10000 files, not 0",
    )
    nodes = shock.call("GET", "/node", headers=ALICE).json["total_count"]
    fields = {"download_url": "1", "ids": ids[0]}
    assert error(shock.form("POST", "/node", {**fields, "archive_format": "rar"}, ALICE))[0] == 400
    assert error(shock.form("POST", "/node", {**fields, "tags": "x"}, ALICE))[0] == 400
    assert error(shock.form("PUT", f"/node/{ids[0]}", fields, ALICE)) == (400, "unknown form field download_url")
    assert shock.call("GET", "/node", headers=ALICE).json["total_count"] == nodes
    told = shock.node("POST", "/node", {**fields, "ids": ",".join(ids)}, ALICE)
    shock.call("DELETE", f"/node/{ids[1]}", headers=ALICE)
    assert error(shock.call("GET", f"/preauth/{told['url'].rpartition('/')[2]}")) == (404, "Node not found")


def test_only_who_may_read_a_file_gets_an_address_for_it(shock: Shock, node: str) -> None:
    assert error(shock.call("GET", f"{node}?download_url", headers=BOB)) == (404, "Node not found")
    empty = shock.call("POST", "/node").json["data"]["id"]
    assert error(shock.call("GET", f"/node/{empty}?download_url")) == (400, "Node has no file")


def test_an_address_ends_with_its_time_or_its_node(shock: Shock, node: str) -> None:
    late, orphan = (address(shock, f"{node}?download_url")["path"] for _ in range(2))
    shock.call("DELETE", node, headers=ALICE)
    assert error(shock.call("GET", orphan)) == (404, "Node not found")
    result(shock.addresses.remove_expired())
    assert len(list(shock.world.files.addresses.iterdir())) == 2
    shock.world.time += timedelta(days=30)
    assert error(shock.call("GET", late))[0] == 404
    result(shock.addresses.remove_expired())
    assert not list(shock.world.files.addresses.iterdir())


def test_a_damaged_address_is_none_and_keeps_no_others(shock: Shock, node: str) -> None:
    paths = [address(shock, f"{node}?download_url")["path"] for _ in range(3)]
    files = sorted(shock.world.files.addresses.iterdir())
    files[1].write_bytes(b"")
    assert sorted(shock.call("GET", path).status for path in paths) == [200, 200, 404]
    address(shock, f"{node}?download_url")
    shock.world.time += timedelta(days=30)
    result(shock.addresses.remove_expired())
    assert not list(shock.world.files.addresses.iterdir())


@pytest.mark.parametrize("path", ["/preauth/x", "/preauth/..%2Fnodes", f"/preauth/{'0' * 20}", "/preauth"])
def test_what_is_no_address(shock: Shock, path: str) -> None:
    assert error(shock.call("GET", path))[0] == 404


def test_asking_whether_there_is_a_file_does_not_use_it_up(shock: Shock, node: str) -> None:
    path = address(shock, f"{node}?download_url")["path"]
    assert shock.call("HEAD", path).status == 501
    assert shock.call("GET", path).body == DATA
