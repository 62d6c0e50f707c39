"""What reaches a collection, and what the site answers by itself."""

import pytest

from awed.web.calls import Call, Calls
from awed.web.site import Root
from tests.unit.web.wire import ANYONE, Plain, call, parse, raw, resource


class Things(Plain):
    """A collection with a list and things."""

    calls = Calls[None]()

    @calls("GET /", ANYONE)
    async def index(self, call: Call[None]) -> str:
        return "list"

    @calls("GET|DELETE /<thing>", ANYONE)
    async def show(self, call: Call[None], thing: str) -> str:
        return thing


class Front(Plain):
    calls = Calls[None]()

    @calls("GET /", ANYONE)
    async def show(self, call: Call[None]) -> str:
        return "front"


@pytest.fixture
def root() -> Root:
    return Root(resource(Front()), {"thing": resource(Things(), "/thing")})


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/", "front"),
        ("/thing", "list"),
        ("/thing/", "list"),
        ("/thing/a", "a"),
        ("/thing/a/", "a"),
        ("/thing/%20", " "),
        ("//thing/a", "a"),
    ],
)
def test_paths_work_with_and_without_a_trailing_slash(root: Root, path: str, data: str) -> None:
    assert call(root, "GET", path).json == {"status": 200, "data": data, "error": None}


@pytest.mark.parametrize("path", ["/other", "/other/", "/thing/a/b", "/thing//a//", "/a%2Fb", "/*"])
def test_an_unknown_path_is_named(root: Root, path: str) -> None:
    reply = call(root, "GET", path)
    assert reply.status == 404
    assert reply.json == {"status": 404, "data": None, "error": [f"Resource {path} unknown"]}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_operation_that_a_collection_does_not_have(root: Root, method: str) -> None:
    reply = call(root, method, "/thing")
    assert (reply.status, reply.json["error"], reply.headers["Allow"]) == (501, ["Not Implemented"], "GET, HEAD")


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/thing"), ("PUT", "/"), ("TRACE", "/thing/a/"), ("POST", "/thing/a")]
)
def test_a_method_that_no_collection_has(root: Root, method: str, path: str) -> None:
    reply = call(root, method, path)
    assert (reply.status, reply.json["error"]) == (405, ["Method Not Allowed"])
    assert "GET" in reply.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/thing", "/thing/a"])
def test_options_are_answered_for_every_collection(root: Root, path: str) -> None:
    assert call(root, "OPTIONS", path).body == b'{"status":200,"data":null,"error":null}'


def test_options_of_an_unknown_collection(root: Root) -> None:
    assert call(root, "OPTIONS", "/other").status == 404


def test_head_is_get_without_its_body(root: Root) -> None:
    reply = call(root, "HEAD", "/thing/a")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "38")


def test_a_path_that_is_not_utf8(root: Root) -> None:
    assert call(root, "GET", "/thing/%ff").json["error"] == ["the path is not valid UTF-8"]
    assert call(root, "GET", "/%ff").status == 400


@pytest.mark.parametrize("host", [b"a..b", b"\xff", b"a b", b"x" * 64, b"[::1", b"a/b", b".", b"a:b"])
def test_a_host_that_is_none(root: Root, host: bytes) -> None:
    reply = parse(raw(root, b"GET /thing HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"))
    assert reply.status == 400


@pytest.mark.parametrize("host", [b"[::1]:8001", b"awe.example.", b"192.0.2.1:80", b"my_host"])
def test_a_host_of_any_form(root: Root, host: bytes) -> None:
    assert parse(raw(root, b"GET /thing HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")).status == 200


def test_a_request_without_a_host(root: Root) -> None:
    assert parse(raw(root, b"GET /thing HTTP/1.0\r\n\r\n")).status == 200


def test_connections_are_kept_alive(root: Root) -> None:
    request = b"GET /thing HTTP/1.1\r\nHost: a\r\n\r\n"
    assert raw(root, request + request).count(b"HTTP/1.1 200 OK") == 2
