"""Answers that may be long: the same bytes as others, sent at the pace of the peer."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from awed.tx.streams import PIECE
from awed.tx.turns import each
from awed.web.body import Bodies, requests_with
from awed.web.calls import Call, Calls
from awed.web.form import Spool
from awed.web.streaming import listed, mapped, pieces
from awed.wire.envelope import Page
from tests.conftest import LoggedErrors
from tests.strategies import json_values
from tests.unit.gathered import gathered
from tests.unit.web.traversal import at_once
from tests.unit.web.wire import ANYONE, Plain, connect, parse, root


@given(json_values())
def test_the_json_is_that_of_the_whole(document: Any) -> None:
    assert b"".join(gathered(pieces(lazy(document)))) == msgspec.json.encode(document)


def lazy(document: Any) -> Any:
    """The same with long parts everywhere."""
    if isinstance(document, list):
        items = (lazy(item) for item in document)
        return listed(each(items) if len(document) % 2 else items)
    if isinstance(document, dict):
        return mapped((name, lazy(item)) for name, item in document.items())
    return document


def test_what_json_does_not_know_is_an_error() -> None:
    with pytest.raises(TypeError):
        gathered(pieces(object()))


class Views(Plain):
    """Short and long views. *half_way* is called while the long one is made."""

    calls = Calls[None]()

    def __init__(self) -> None:
        self.half_way: Callable[[], object] = lambda: None

    @calls("GET /", ANYONE)
    async def short(self, call: Call[None]) -> list[str]:
        return listed("abc")

    @calls("GET /<name>", ANYONE)
    async def long(self, call: Call[None]) -> Page[list[int]]:
        return Page(200, listed(self._items()), None, 0, 2, 9)

    def _items(self) -> Iterator[int]:
        for number in range(PIECE):
            if number == PIECE // 2:
                self.half_way()
            yield number


LONG = {"status": 200, "data": list(range(PIECE)), "error": None, "limit": 0, "offset": 2, "total_count": 9}


class Site:
    """A connection to the views, and what it sends."""

    def __init__(self, directory: Path) -> None:
        self.views = Views()
        requests = requests_with(Bodies(Spool(directory, at_once)))
        self.connection, self.transport = connect(root(self.views, "views"), requests)

    def ask(self, path: str, method: str = "GET") -> None:
        self.connection.dataReceived(f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    @property
    def body(self) -> bytes:
        """What has come of a body in chunks."""
        return parse(self.transport.value()).unchunked


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_short_answer_is_like_any_other(site: Site) -> None:
    site.ask("/views")
    reply = parse(site.transport.value())
    assert reply.body == b'{"status":200,"data":["a","b","c"],"error":null}'
    assert (reply.headers["Content-Length"], reply.headers["Content-Type"]) == ("48", "application/json")


def test_a_long_answer_comes_in_chunks(site: Site) -> None:
    site.ask("/views/long")
    reply = parse(site.transport.value())
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert "Content-Length" not in reply.headers
    assert site.body == msgspec.json.encode(LONG)
    assert site.transport.value().endswith(b"\r\n0\r\n\r\n")


def test_of_a_long_answer_head_gets_the_head(site: Site) -> None:
    site.ask("/views/long", "HEAD")
    reply = parse(site.transport.value())
    assert (reply.status, reply.body) == (200, b"")


def test_a_long_answer_waits_for_the_peer(site: Site) -> None:
    site.views.half_way = site.connection.pauseProducing
    site.ask("/views/long")
    assert len(site.body) < len(msgspec.json.encode(LONG)) / 2 + PIECE
    site.connection.resumeProducing()  # type: ignore[no-untyped-call]
    assert site.body == msgspec.json.encode(LONG)


def test_a_peer_that_leaves_ends_its_long_answer(site: Site) -> None:
    site.views.half_way = site.connection.pauseProducing
    site.ask("/views/long")
    before = site.transport.value()
    site.connection.connectionLost(Failure(ConnectionDone()))
    assert site.transport.value() == before


def test_an_answer_that_breaks_off_does_not_look_complete(site: Site, logged_errors: LoggedErrors) -> None:
    def gone() -> None:
        raise RuntimeError("what it was made of is gone")

    site.views.half_way = gone
    site.ask("/views/long")
    assert site.transport.disconnected
    assert not site.transport.value().endswith(b"0\r\n\r\n")
    assert logged_errors.flush(RuntimeError)
