"""How requests take in their bodies, over a transport in memory."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from klein import Klein
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.web.server import Site

from awed.model.access import User
from awed.model.errors import AwedError, Unauthorized
from awed.tx.streams import BATCH
from awed.tx.threads import InThread
from awed.web.body import LINGER, READ, AwedRequest, Bodies, requests_with
from awed.web.form import IN_MEMORY, Spool
from awed.web.site import ApiSite
from awed.web.traits import Traits
from awed.web.uploads import Uploads
from tests.unit.web.test_form import multipart
from tests.unit.web.traversal import P, T, at_once

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
CHUNKED = {"Transfer-Encoding": "chunked"}


def length(size: int) -> dict[str, str]:
    return {"Content-Length": str(size)}


class SlowThread:
    """Work waits here until it is let go on."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        done: Deferred[T] = Deferred()

        def run() -> None:
            try:
                done.callback(function(*args, **kwargs))
            except AwedError:
                done.errback()

        self.jobs.append(run)
        return done

    def run(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


class Peer:
    """One connection to a site whose handler tells what the form had, or the error that it got."""

    def __init__(
        self, directory: Path, in_thread: InThread = at_once, limit: int = 1 << 22, uploads: Uploads | None = None
    ) -> None:
        app = Klein()

        @app.route("/<path:_>", methods=["POST", "PUT"])
        async def handler(request: AwedRequest, _: str) -> bytes:
            try:
                form = await request.form()
                self.seen.append([(part.name, part.size) for part in form.parts])
                return await request.body(100)
            except AwedError as error:
                request.setResponseCode(400)
                self.seen.append(error)
                return b""

        self.directory = directory
        self.seen: list[object] = []
        self.clock = MemoryReactorClock()
        bodies = Bodies(Spool(directory, in_thread), limit, uploads)
        requests = requests_with(bodies, {b"large": Traits(body_limit=2000)})
        site: Site = ApiSite(app.resource(), requests, self.clock)
        self.channel: Any = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        self.transport = StringTransport()
        self.channel.makeConnection(self.transport)

    def send(self, head: str, headers: dict[str, str], body: bytes = b"") -> bytes:
        lines = [f"{head} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.channel.dataReceived("\r\n".join(lines).encode() + body)
        return bytes(self.transport.value())

    def leave(self) -> None:
        self.channel.connectionLost(Failure(ConnectionLost()))

    def files(self) -> int:
        return len(list(self.directory.iterdir()))


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("size", [3, IN_MEMORY * 5])
def test_any_method_may_send_a_form_chunked_or_not(tmp_path: Path, method: str, size: int) -> None:
    peer = Peer(tmp_path)
    body = multipart(("upload", "f", b"x" * size))
    peer.send(f"{method} /a", CHUNKED | FORM, chunked(body))
    peer.send(f"{method} /a", FORM | length(len(body)), body)
    assert peer.seen == [[("upload", size)]] * 2
    assert peer.files() == 0


def test_an_empty_chunked_form_that_closes_the_connection(tmp_path: Path) -> None:
    peer = Peer(tmp_path)
    peer.send("POST /a", CHUNKED | FORM | {"Connection": "close"}, chunked(b"\r\n--b--\r\n"))
    assert peer.seen == [[]]
    assert peer.transport.disconnecting


def test_a_plain_body_is_bytes_up_to_the_handlers_limit(tmp_path: Path) -> None:
    peer = Peer(tmp_path)
    assert peer.send("PUT /a", length(5), b"hello").endswith(b"hello\r\n0\r\n\r\n")
    peer.send("PUT /a", length(101), b"x" * 101)
    assert "101 bytes, more than the 100" in str(peer.seen[-1])


def test_a_declared_length_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    peer = Peer(tmp_path, limit=1000)
    answer = peer.send("POST /a", length(1001) | {"Expect": "100-continue"})
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in head
    assert json.loads(body) == {"status": 413, "data": None, "error": ["the body has more than 1000 bytes"]}
    assert not peer.transport.disconnecting
    peer.clock.advance(LINGER)
    assert peer.transport.disconnecting
    assert peer.seen == []


@pytest.mark.parametrize(
    ("found", "answer"), [(User("joe"), b"HTTP/1.1 100 Continue\r\n\r\n"), (Unauthorized("no"), b"HTTP/1.1 401 ")]
)
def test_who_asks_whether_to_send_a_large_body_is_answered_when_it_is_known(
    tmp_path: Path, found: User | AwedError, answer: bytes
) -> None:
    """It was told to go on before it was refused, and sent gigabytes for nothing."""
    asked: Deferred[User] = Deferred()
    peer = Peer(tmp_path, uploads=Uploads(lambda request: asked, lambda request: "127.0.0.1", 0, 0))
    assert peer.send("PUT /a", length(IN_MEMORY * 2) | {"Expect": "100-continue"}) == b""
    asked.callback(found) if isinstance(found, User) else asked.errback(found)
    assert peer.transport.value().startswith(answer)
    assert b"100 Continue" not in peer.transport.value().removeprefix(answer)


def test_a_chunked_body_is_refused_at_its_first_byte_too_many(tmp_path: Path) -> None:
    peer = Peer(tmp_path, limit=BATCH * 2)
    answer = peer.send("POST /a", CHUNKED, b"%x\r\n" % (1 << 30) + b"x" * (BATCH + 1))
    assert answer == b""
    assert peer.files() == 1
    peer.channel.dataReceived(b"x" * BATCH)
    peer.channel.dataReceived(b"x" * 1000)
    assert peer.transport.value().startswith(b"HTTP/1.1 413 ")
    assert peer.transport.value().count(b"HTTP/1.1") == 1
    peer.leave()
    assert peer.files() == 0


def test_a_refused_peer_that_has_sent_all_is_closed_at_once(tmp_path: Path) -> None:
    peer = Peer(tmp_path, limit=10)
    peer.send("POST /a", length(11), b"x" * 11)
    assert peer.transport.disconnecting
    assert peer.seen == []


@pytest.mark.parametrize("path", ["/large", "/large/1", "/l%61rge", "//large"])
def test_a_collection_has_its_own_limit(tmp_path: Path, path: str) -> None:
    peer = Peer(tmp_path, limit=10)
    body = multipart(("upload", "f", b"x" * 1000))
    peer.send(f"POST {path}", FORM | length(len(body)), body)
    assert peer.seen == [[("upload", 1000)]]
    answer = peer.send(f"POST {path}", FORM | length(2001))
    assert b"the body has more than 2000 bytes" in answer


def test_a_form_that_breaks_off_is_told_to_the_handler(tmp_path: Path) -> None:
    peer = Peer(tmp_path)
    body = multipart(("upload", "f", b"x" * IN_MEMORY * 2))[:-10]
    peer.send("POST /a", FORM | length(len(body)), body)
    assert "malformed multipart form" in str(peer.seen)
    assert peer.files() == 0


def test_a_form_that_goes_wrong_early_is_answered_early(tmp_path: Path) -> None:
    peer = Peer(tmp_path)
    answer = peer.send("POST /a", FORM | length(1_000_000), b"--b?" + b"x" * BATCH)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert peer.seen == []


def test_a_peer_that_is_faster_than_the_disk_has_to_wait(tmp_path: Path) -> None:
    thread = SlowThread()
    peer = Peer(tmp_path, thread)
    peer.send("PUT /node/1", length(BATCH * 3))
    peer.channel.dataReceived(b"x" * BATCH)
    peer.channel.dataReceived(b"x" * (BATCH - 1))
    assert peer.transport.producerState == "producing"
    peer.channel.dataReceived(b"x")
    assert peer.transport.producerState == "paused"
    thread.run()
    assert peer.transport.producerState == "producing"


def test_only_a_large_body_is_read_in_large_pieces(tmp_path: Path) -> None:
    peer = Peer(tmp_path)
    reads = []
    for size in (IN_MEMORY, IN_MEMORY + 1):
        peer.send("PUT /a", length(size), b"x")
        reads.append(getattr(peer.transport, "bufferSize", None))
        peer.channel.dataReceived(b"x" * (size - 1))
    assert reads == [None, READ]
    assert getattr(peer.transport, "bufferSize", None) == Connection.bufferSize


def test_a_handler_that_runs_before_the_disk_is_done_waits_for_it(tmp_path: Path) -> None:
    thread = SlowThread()
    peer = Peer(tmp_path, thread)
    body = multipart(("upload", "f", b"x" * IN_MEMORY * 2))
    peer.send("PUT /a", FORM | length(len(body)), body)
    assert peer.seen == []
    thread.run()
    assert peer.seen == [[("upload", IN_MEMORY * 2)]]
    assert peer.files() == 0


@pytest.mark.parametrize("sent", [0, IN_MEMORY, BATCH, BATCH * 2])
def test_a_peer_that_leaves_leaves_nothing_even_while_a_thread_writes(tmp_path: Path, sent: int) -> None:
    thread = SlowThread()
    peer = Peer(tmp_path, thread)
    peer.send("PUT /a", length(BATCH * 3), b"x" * (BATCH + 1))
    peer.channel.dataReceived(b"x" * sent)
    peer.leave()
    thread.run()
    assert peer.files() == 0
