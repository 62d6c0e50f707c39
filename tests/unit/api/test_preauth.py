"""``/preauth``: a file for once, for whoever knows the address."""

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.api.shock import ALICE, BOB, Shock, error
from tests.unit.api.test_node_parts import unchunked
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


def test_only_who_may_read_a_file_gets_an_address_for_it(shock: Shock, node: str) -> None:
    assert error(shock.call("GET", f"{node}?download_url", headers=BOB)) == (401, "User Unauthorized")
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


@pytest.mark.parametrize("path", ["/preauth/x", "/preauth/..%2Fnodes", f"/preauth/{'0' * 20}", "/preauth"])
def test_what_is_no_address(shock: Shock, path: str) -> None:
    assert error(shock.call("GET", path))[0] == 404


def test_asking_whether_there_is_a_file_does_not_use_it_up(shock: Shock, node: str) -> None:
    path = address(shock, f"{node}?download_url")["path"]
    assert shock.call("HEAD", path).status == 501
    assert shock.call("GET", path).body == DATA
