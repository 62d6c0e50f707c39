"""``/node`` over the wire: status, texts and documents as Shock's clients know them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from awed.model.ids import new_id
from tests.conftest import LoggedErrors
from tests.unit.api.shock import ALICE, BOB, FORM, Fields, Shock, error

EXCHANGES = Path(__file__).parents[2] / "data" / "exchanges"


@pytest.fixture
def shock(tmp_path: Path) -> Shock:
    return Shock(tmp_path)


KEYS = [
    *("id", "version", "file", "attributes", "indexes", "version_parts", "tags", "linkage", "priority", "created_on"),
    *("last_modified", "expiration", "type", "parts", "locations", "restore"),
]


@pytest.mark.parametrize("body", [b"", b"\r\n--b--\r\n"])
def test_a_post_without_anything_is_an_empty_node(shock: Shock, body: bytes) -> None:
    node = shock.call("POST", "/node", body, FORM if body else {}).json["data"]
    assert list(node) == KEYS
    assert node["file"] == {
        **{"name": "", "size": 0, "checksum": {}, "format": "", "virtual": False, "virtual_parts": None},
        **{"created_on": "0001-01-01T00:00:00Z", "locked": None},
    }
    assert (node["indexes"], node["type"], node["parts"], node["tags"]) == ({}, "basic", None, None)
    assert node["last_modified"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_no_form_is_the_file(shock: Shock, content_type: str) -> None:
    node = shock.call("POST", "/node/", b"hello", {"Content-Type": content_type}).json["data"]
    assert (node["file"]["name"], node["file"]["size"]) == ("filename", 5)


@pytest.mark.parametrize("size", [0, 10, 100_000])
def test_an_upload_comes_back_as_it_was(shock: Shock, size: int) -> None:
    data = bytes(range(256)) * 400
    node = shock.node("POST", "/node", {"upload": ("my file.txt", data[:size])})
    assert node["file"]["checksum"] == {"md5": hashlib.md5(data[:size]).hexdigest()}
    reply = shock.call("GET", f"/node/{node['id']}?download")
    assert (reply.status, reply.body) == (200, data[:size])
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Length"] == str(size)
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="my file.txt"')
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_a_download_may_be_named_or_raw(shock: Shock) -> None:
    node = shock.node("POST", "/node", {"upload": ("f", b"x")})
    reply = shock.call("GET", f"/node/{node['id']}?download&file_name=other")
    assert reply.headers["Content-Disposition"] == "attachment; filename=other"
    assert "Content-Disposition" not in shock.call("GET", f"/node/{node['id']}?download_raw").headers


@pytest.mark.parametrize(
    ("asked", "status", "body", "where"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=4-2", 416, None, "bytes */10"),
    ],
)
def test_a_range_of_a_file(shock: Shock, asked: str, status: int, body: bytes | None, where: str | None) -> None:
    node = shock.node("POST", "/node", {"upload": ("f", b"0123456789")})
    reply = shock.call("GET", f"/node/{node['id']}?download", headers={"Range": asked})
    assert reply.status == status
    assert body is None or reply.body == body
    assert reply.headers.get("Content-Range") == where


def test_an_etag_names_the_content(shock: Shock) -> None:
    node = shock.node("POST", "/node", {"upload": ("f", b"0123456789")})
    path = f"/node/{node['id']}?download"
    etag = shock.call("GET", path).headers["ETag"]
    assert shock.call("GET", path, headers={"If-None-Match": etag}).status == 304
    assert shock.call("GET", path, headers={"Range": "bytes=1-", "If-Range": etag}).status == 206
    assert shock.call("GET", path, headers={"Range": "bytes=1-", "If-Range": '"other"'}).status == 200


def test_head_tells_the_size_and_sends_nothing(shock: Shock) -> None:
    node = shock.node("POST", "/node", {"upload": ("f", b"0123456789")})
    reply = shock.call("HEAD", f"/node/{node['id']}?download")
    assert (reply.status, reply.headers["Content-Length"], reply.body) == (200, "10", b"")


def test_parts_of_an_array_become_one_file(shock: Shock) -> None:
    node = shock.call("POST", "/node").json["data"]
    path = f"/node/{node['id']}"
    node = shock.node("PUT", path, {"parts": "2", "file_name": "all"})
    assert node["parts"] == {"count": 2, "length": 0, "varlen": False, "parts": [None, None], "compression": ""}
    assert error(shock.call("GET", path + "?download")) == (400, "Node has no file")
    node = shock.node("PUT", path, {"2": ("b", b"22")})
    assert node["parts"]["parts"] == [None, ["b", hashlib.md5(b"22").hexdigest()]]
    shock.node("PUT", path, {"1": ("a", b"1")})
    node = shock.call("GET", path).json["data"]
    assert (node["type"], node["file"]["name"], node["file"]["size"]) == ("parts", "all", 3)
    assert shock.call("GET", path + "?download").body == b"122"


def test_a_later_attempt_replaces_what_an_earlier_one_delivered(shock: Shock) -> None:
    path = f"/node/{shock.call('POST', '/node').json['data']['id']}"
    shock.node("PUT", f"{path}?attempt=2", {"upload": ("f", b"second")})
    shock.node("PUT", f"{path}?attempt=3", {"upload": ("f", b"third")})
    assert error(shock.form("PUT", f"{path}?attempt=1", {"upload": ("f", b"first")})) == (400, "Node file immutable")
    assert shock.call("GET", f"{path}?download").body == b"third"


def test_attributes_come_as_file_or_text_but_not_both(shock: Shock) -> None:
    node = shock.node("POST", "/node", {"attributes_str": '{"a": [1, null]}'})
    assert node["attributes"] == {"a": [1, None]}
    node = shock.node("PUT", f"/node/{node['id']}", {"attributes": ("a.json", b'{"b": 2}')})
    assert node["attributes"] == {"b": 2}
    assert error(shock.form("POST", "/node", {"attributes": ("a", b"1"), "attributes_str": "1"}))[0] == 400
    for wrong in (b"{", b'{"\xff": 1}'):
        assert "not JSON" in error(shock.form("POST", "/node", {"attributes": ("a", wrong)}))[1]
    for depth in (201, 10_000):
        deep = "[" * depth + "1" + "]" * depth
        assert "nested more than 200 levels" in error(shock.form("POST", "/node", {"attributes_str": deep}))[1]


def test_small_fields_are_in_the_document(shock: Shock) -> None:
    fields: Fields = {"tags": "a,b", "priority": "7", "format": "fasta", "expiration": "2H", "linkage": "part_of"}
    node = shock.node("POST", "/node", {**fields, "ids": "x,y"})
    assert (node["tags"], node["priority"], node["file"]["format"]) == (["a", "b"], 7, "fasta")
    assert node["expiration"].startswith("2026-01-01T02:00:")
    assert node["linkage"] == [{"relation": "part_of", "ids": ["x", "y"], "operation": ""}]
    node = shock.node("PUT", f"/node/{node['id']}", {"remove_expiration": "1"})
    assert node["expiration"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"nonsense": "1"}, "unknown form field nonsense"),
        ({"upload_url": "http://inside"}, "files are not fetched from URLs by this server ([Security] fetch_urls)"),
        ({"path": "/etc/passwd"}, "path is not supported"),
        ({"upload": "text"}, "upload must be a file"),
        ({"format": ("f", b"x")}, "format must be a text"),
        ({"upload": ("f", b"x"), "copy_data": "1"}, "in one way, not by upload and copy_data"),
        ({"type": "basic"}, "type=virtual"),
        ({"type": "virtual", "source": ","}, "type=virtual"),
        ({"parts": "0"}, "parts must be a number from 1 up"),
        ({"parts": "many"}, "parts must be a number from 1 up"),
        ({"parts": "2", "compression": "rar"}, "compression must be gzip or bzip2"),
        ({"priority": "high"}, "priority must be an integer"),
        ({"expiration": "soon"}, "expiration must be a number followed by M, H or D"),
        ({"1": ("f", b"x")}, "Node is not a parts node"),
    ],
)
def test_a_form_that_makes_no_sense_is_told_why(shock: Shock, fields: Fields, text: str) -> None:
    status, told = error(shock.form("POST", "/node", fields))
    assert status == 400
    assert text in told
    assert shock.world.names() == []


def test_joined_and_known_files_are_asked_for_by_form(shock: Shock) -> None:
    one, two = (shock.node("POST", "/node", {"upload": ("f", data)}) for data in (b"a", b"b"))
    joined = shock.node("POST", "/node", {"type": "virtual", "source": f"{two['id']},{one['id']}"})
    assert shock.call("GET", f"/node/{joined['id']}?download").body == b"ba"
    known = shock.node("POST", "/node", {"checksum-md5": one["file"]["checksum"]["md5"]})
    assert (known["type"], known["file"]["size"]) == ("copy", 1)


def test_a_file_that_cannot_be_read_does_not_look_complete(shock: Shock, logged_errors: LoggedErrors) -> None:
    node = shock.node("POST", "/node", {"upload": ("f", b"0123456789")})
    (data,) = (path for path in shock.world.files.directory(node["id"]).iterdir())
    data.write_bytes(b"0123")
    reply = shock.call("GET", f"/node/{node['id']}?download")
    assert (reply.headers["Content-Length"], reply.body) == ("10", b"0123")
    assert logged_errors.flush(OSError)


def test_errors_that_clients_know(shock: Shock) -> None:
    full = shock.node("POST", "/node", {"upload": ("f", b"x")})["id"]
    empty = shock.call("POST", "/node").json["data"]["id"]
    private = shock.node("POST", "/node", {}, ALICE)["id"]
    assert error(shock.call("GET", f"/node/{new_id()}")) == (404, "Node not found")
    assert error(shock.call("GET", f"/node/{empty}?download")) == (400, "Node has no file")
    assert error(shock.form("PUT", f"/node/{full}", {"upload": ("f", b"y")})) == (400, "Node file immutable")
    shared = shock.node("POST", "/node", {}, ALICE)["id"]
    shock.call("PUT", f"/node/{shared}/acl/public_read", headers=ALICE)
    for headers, text in (({}, "No Authorization"), (BOB, "User Unauthorized")):
        assert error(shock.call("GET", f"/node/{private}", headers=headers)) == (404, "Node not found")
        assert error(shock.call("DELETE", f"/node/{shared}", headers=headers)) == (401, text)
    unknown = shock.call("POST", "/node", headers={"Authorization": "nonsense"})
    assert error(unknown) == (400, "Invalid authorization header or content")
    assert error(shock.call("PUT", f"/node/{full}", b"x")) == (400, "a node is changed by a multipart/form-data form")
    for method, path in (
        ("PUT", "/node"),
        ("DELETE", "/node"),
        ("PATCH", f"/node/{full}"),
        ("POST", f"/node/{full}"),
    ):
        assert error(shock.call(method, path)) == (501, "This request type is not implemented.")
    for name in ("download_post", "download&filter=anonymize"):
        assert "not supported" in error(shock.call("GET", f"/node/{full}?{name}"))[1]


def test_delete_removes_the_node_and_its_file(shock: Shock) -> None:
    node = shock.node("POST", "/node", {"upload": ("f", b"x")})
    reply = shock.call("DELETE", f"/node/{node['id']}")
    assert reply.json == {"status": 200, "data": None, "error": None}
    assert shock.call("GET", f"/node/{node['id']}").status == 404
    assert shock.world.names() == []


@pytest.mark.parametrize("version", ["v0.9.51", "head"])
def test_the_traffic_of_the_originals_workers_is_answered_as_shock_answers(shock: Shock, version: str) -> None:
    ids: dict[str, str] = {}
    traffic = map(json.loads, (EXCHANGES / f"worker-{version}.jsonl").read_text().splitlines())
    for exchange in (exchange for exchange in traffic if exchange["to"] == "shock"):
        asked, told = exchange["request"], exchange["response"]
        path = asked["path"]
        for theirs, ours in ids.items():
            path = path.replace(theirs, ours)
        headers = {n: v for n, v in asked["headers"] if n not in ("Host", "Content-Length", "Transfer-Encoding")}
        reply = shock.call(asked["method"], path, asked["body"].encode(), headers)
        assert reply.status == told["status"]
        expected = dict(told["headers"])
        assert reply.headers["Content-Type"] == expected["Content-Type"]
        assert reply.headers.get("Content-Disposition") == expected.get("Content-Disposition")
        if expected["Content-Type"] == "application/json":
            theirs = json.loads(told["body"])
            ids[theirs["data"]["id"]] = reply.json["data"]["id"]
            assert steady(reply.json["data"]) == steady(theirs["data"])
        else:
            assert reply.body == told["body"].encode()


def steady(value: Any, key: str = "") -> Any:
    """A node document without what differs from run to run: ids, versions, moments (but whether there is one), and
    the two ways in which Shock shows an empty list."""
    if isinstance(value, dict):
        added_later = ("locations", "restore")
        return {k: steady(v, k) for k, v in value.items() if k not in added_later}
    if key.endswith(("_on", "last_modified", "expiration")):
        return value.startswith("0001")
    if key in ("id", "version") or key.endswith("_ver"):
        return ""
    return value or None
