"""Files from URLs: within the same limits as uploads, and nothing is left of one that was refused."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from klein import Klein
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest

from awed.model.errors import Invalid, NoSpace, NotFound, TooLarge
from awed.model.node import Node
from awed.nodes.change import Change, FromUrl
from awed.nodes.fetching import fetcher
from awed.shock.http import DataHttp
from tests.unit.nodes.world import ALICE, World, later
from tests.unit.web.traversal import MemoryClient, at_once

DATA = bytes(range(256)) * 10
URL = "http://user:secret@host.example/some/reads.fasta?key=secret"


class Site:
    """One file."""

    app = Klein()

    @app.route("/some/reads.fasta")
    def file(self, request: IRequest) -> bytes:
        return DATA


def fetched(directory: Path, url: str = URL, limit: int = 0, min_free: int = 0) -> tuple[World, Node]:
    """A world whose store fetches, and a node with what is at *url*."""
    http = MemoryClient(Site().app.resource(), directory)
    world = World(directory / "data", fetch=fetcher(DataHttp(http, Clock(), at_once), limit, min_free))
    results = later(world.store.create(ALICE, Change(fill=FromUrl(url))))
    for _ in range(10):  # each may make the client ask for more
        http.flush()
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return world, results[0]


def test_a_file_is_fetched_and_named_as_its_url_says(tmp_path: Path) -> None:
    world, node = fetched(tmp_path, limit=len(DATA))
    assert (node.file.name, node.file.checksum["md5"]) == ("reads.fasta", hashlib.md5(DATA).hexdigest())
    assert world.content(node.id) == DATA


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"limit": len(DATA) - 1}, TooLarge),
        ({"min_free": 1 << 60}, NoSpace),
        ({"url": "http://host.example/other"}, NotFound),
        ({"url": "ftp://host.example/some/reads.fasta"}, Invalid),
        ({"url": "file:///etc/passwd"}, Invalid),
        ({"url": ""}, Invalid),
    ],
)
def test_what_cannot_be_had_is_refused_and_leaves_nothing(
    tmp_path: Path, asked: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        fetched(tmp_path, **asked)
    assert "secret" not in str(caught.value)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
