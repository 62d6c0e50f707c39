"""Which call a request is for, on both ways to it."""

from pathlib import Path
from typing import Annotated

import pytest
from klein.resource import KleinResource
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from awed.model.errors import Conflict, Unauthorized
from awed.web.body import AwedRequest, Bodies, requests_with
from awed.web.calls import Asked, Call, Calls, Right
from awed.web.form import Spool
from awed.web.site import Root
from tests.unit.web.traversal import at_once
from tests.unit.web.wire import ANYONE, Plain, call, connect, resource, root


async def _nobody(context: None, asked: Asked) -> Call[None]:
    raise Unauthorized("nobody may")


class Things(Plain):
    """A collection with all that routes have."""

    calls = Calls[None]()

    def __init__(self) -> None:
        self.acted = False
        self.cancelled = False

    @calls("GET /", ANYONE)
    async def index(self, call: Call[None]) -> str:
        return "list"

    @calls("GET /?count", ANYONE, acts=True)
    async def act(self, call: Call[None], *, count: Annotated[int, "So often."]) -> str:
        self.acted = True
        return f"acted {count} times"

    @calls("GET /?secret", Right(_nobody))
    async def secret(self, call: Call[None], *, number: Annotated[int, "A number."] = 0) -> str:
        raise AssertionError("nobody comes here")

    @calls("GET /<path:thing>", ANYONE)
    async def show(self, call: Call[None], thing: str) -> str:
        if thing == "bad":
            raise Conflict("it is bad")
        return thing

    @calls("PUT /<thing>", ANYONE)
    async def change(self, call: Call[None]) -> str:
        never: Deferred[str] = Deferred(self._cancel)
        return await never

    @calls("GET /<thing>/part", ANYONE)
    async def part(self, call: Call[None], thing: str) -> str:
        return f"part of {thing}"

    @calls("POST /<thing>?b", Right(_nobody))
    @calls("POST /<thing>?a", ANYONE)
    @calls("POST /?b", ANYONE)
    @calls("POST /?a", Right(_nobody))
    async def flags(self, call: Call[None]) -> str:
        raise AssertionError("nobody comes here")

    @calls("PUT /lamp", ANYONE)
    async def neither(self, call: Call[None]) -> str:
        return "neither"

    @calls("PUT /lamp?off", ANYONE)
    @calls("PUT /lamp?on", ANYONE)
    async def switch(self, call: Call[None], *, on: Annotated[bool, "On."] = False) -> str:
        return "on" if on else "off"

    def _cancel(self, never: Deferred[str]) -> None:
        self.cancelled = True


@pytest.fixture
def requests(tmp_path: Path) -> type[AwedRequest]:
    return requests_with(Bodies(Spool(tmp_path, at_once)))


PATHS = (
    "",
    "/",
    "//",
    "/lamp",
    "/lamp/",
    "/a",
    "/a/",
    "/a%2Fb",
    "/a/b",
    "/a%20b",
    "/%C3%A4",
    "/bad",
    "/a/part",
    "/a/part/",
    "?secret",
)


class KleinsWay(KleinResource):
    """The same calls without the straight way."""

    def __init__(self) -> None:
        super().__init__(resource(Things())._app)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", PATHS)
def test_both_ways_lead_to_the_same_answer(requests: type[AwedRequest], method: str, path: str) -> None:
    def reply(things: IResource) -> object:
        root = Root(things, {"thing": things})
        found = call(root, method, f"/thing{path}", {"X-Request-Id": "r"}, request_factory=requests)
        return found.status, {**found.headers, "Date": ""}, found.body

    assert reply(resource(Things())) == reply(KleinsWay())


@pytest.mark.parametrize(("query", "data"), [("", "neither"), ("?on", "on"), ("?x&off", "off"), ("?off&on=1", "on")])
def test_the_first_declared_of_the_flags_counts(query: str, data: str) -> None:
    assert call(root(Things(), "thing"), "PUT", f"/thing/lamp{query}").json["data"] == data


def test_head_passes_by_what_acts() -> None:
    things = Things()
    reply = call(root(things, "thing"), "HEAD", "/thing?count=3")
    assert (reply.status, reply.headers["Content-Length"]) == (
        200,
        str(len(b'{"status":200,"data":"list","error":null}')),
    )
    assert not things.acted
    assert call(root(things, "thing"), "GET", "/thing?count=3").json["data"] == "acted 3 times"


def test_the_right_comes_before_the_parameters() -> None:
    assert call(root(Things(), "thing"), "GET", "/thing?secret&number=x").status == 401


def test_a_peer_that_leaves_cancels_what_it_waits_for(requests: type[AwedRequest]) -> None:
    things = Things()
    connection, transport = connect(root(things, "thing"), requests)
    connection.dataReceived(b"PUT /thing/a HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not things.cancelled
    connection.connectionLost(Failure(ConnectionDone()))
    assert things.cancelled
    assert transport.value() == b""


def test_where_no_flag_is_there_who_may_make_the_last_call_is_told_so() -> None:
    replies = [call(root(Things(), "thing"), "POST", f"/thing{path}") for path in ("", "/a")]
    assert [(reply.status, *reply.json["error"]) for reply in replies] == [
        (501, "Not Implemented"),
        (401, "nobody may"),
    ]


def test_a_parameter_is_described() -> None:
    async def handler(self: object, call: Call[None], *, name: str) -> str:
        return name

    Calls[None]()("GET /?name", ANYONE)(handler)
    with pytest.raises(TypeError, match="GET /: a parameter is not described"):
        Calls[None]()("GET /", ANYONE)(handler)


def test_a_handler_takes_names_that_are_in_the_path() -> None:
    async def handler(self: object, call: Call[None], thing: str, part: str = "") -> str:
        return thing + part

    Calls[None]()("GET /<thing>", ANYONE)(handler)
    with pytest.raises(TypeError, match="no thing is in the path"):
        Calls[None]()("GET /<part>", ANYONE)(handler)


@pytest.mark.parametrize("route", ["GET", "get /", "GET x", "GET /?a&b", "GET/"])
def test_what_is_no_route(route: str) -> None:
    with pytest.raises(TypeError, match="not a route"):
        Calls[None]()(route, ANYONE)
