"""The straight way to a handler leads where Klein's own does."""

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from awed.model.errors import Conflict
from awed.web.body import AwedRequest, Bodies, requests_with
from awed.web.envelope import answer
from awed.web.errors import new_app
from awed.web.form import Spool
from awed.web.routes import CollectionResource
from awed.web.site import Root
from tests.unit.web.traversal import at_once
from tests.unit.web.wire import call, connect


class Things:
    """A collection with all that routes have."""

    app = new_app()

    def __init__(self) -> None:
        self.cancelled = False

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        return answer(request, "list")

    @app.route("/", methods=["PUT"])
    def change_all(self, request: AwedRequest) -> bytes:
        return answer(request, "changed")

    @app.route("/<path:thing>", methods=["GET"])
    async def show(self, request: AwedRequest, thing: str) -> bytes:
        if thing == "bad":
            raise Conflict("it is bad")
        return answer(request, thing)

    @app.route("/<thing>", methods=["PUT"])
    async def change(self, request: AwedRequest, thing: str) -> bytes:
        never: Deferred[bytes] = Deferred(self._cancel)
        return await never

    @app.route("/<thing>/part", methods=["GET"])
    async def part(self, request: AwedRequest, thing: str) -> bytes:
        return answer(request, f"part of {thing}")

    def _cancel(self, never: Deferred[bytes]) -> None:
        self.cancelled = True


@pytest.fixture
def requests(tmp_path: Path) -> type[AwedRequest]:
    return requests_with(Bodies(Spool(tmp_path, at_once)))


PATHS = ("", "/", "//", "/a", "/a/", "/a%2Fb", "/a/b", "/a%20b", "/%C3%A4", "/bad", "/a/part", "/a/part/")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", PATHS)
def test_both_ways_lead_to_the_same_answer(requests: type[AwedRequest], method: str, path: str) -> None:
    def reply(things: IResource) -> object:
        root = Root(things, {"thing": things})
        found = call(root, method, f"/thing{path}", {"X-Request-Id": "r"}, request_factory=requests)
        return found.status, {**found.headers, "Date": ""}, found.body

    assert reply(CollectionResource(Things())) == reply(Things().app.resource())


def test_handlers_that_are_no_coroutines_go_kleins_way(requests: type[AwedRequest]) -> None:
    root = Root(CollectionResource(Things()), {"thing": CollectionResource(Things())})
    assert call(root, "PUT", "/thing", request_factory=requests).json["data"] == "changed"


def test_a_peer_that_leaves_cancels_what_it_waits_for(requests: type[AwedRequest]) -> None:
    things = Things()
    resource = CollectionResource(things)
    connection, transport = connect(Root(resource, {"thing": resource}), requests)
    connection.dataReceived(b"PUT /thing/a HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not things.cancelled
    connection.connectionLost(Failure(ConnectionDone()))
    assert things.cancelled
    assert transport.value() == b""
