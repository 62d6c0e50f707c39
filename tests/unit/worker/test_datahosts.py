"""Files of tasks whose commands have no network: the worker does not lend them its own."""

import gzip
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from awed.model.errors import AwedError, Invalid, NoSpace
from awed.shock.client import ShockClient
from awed.shock.http import DataHttp
from awed.tx.http import Reach, http_client
from awed.worker.account import Account
from awed.worker.datahosts import hosts_within, reach_of
from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots
from awed.worker.urls import Urls
from tests.unit.worker.builders import IN_THREAD
from tests.waiting import until

REACTOR: Any = reactor

REFUSAL = "the host has no public address"


class Host(Resource):
    """Answers with its name, or leads to *elsewhere*. *asked*: the methods and paths of requests."""

    isLeaf = True

    def __init__(self, name: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.name = name
        self.elsewhere = b""
        self.asked: list[bytes] = []
        self.headers: dict[str, str] = {}

    def render(self, request: Request) -> bytes:
        self.asked.append(request.method + b" " + request.path)
        for name, value in self.headers.items():
            request.setHeader(name, value)
        if self.elsewhere:
            request.redirect(self.elsewhere)
            return b""
        return self.name

    url = ""


@pytest.fixture
def host() -> Iterator[Callable[[bytes], Host]]:
    """Starts a host on loopback."""
    ports = []

    def host(name: bytes) -> Host:
        made = Host(name)
        ports.append(REACTOR.listenTCP(0, Site(made), interface="127.0.0.1"))
        made.url = f"http://127.0.0.1:{ports[-1].getHost().port}"
        return made

    yield host
    for port in ports:
        port.stopListening()


def urls(*named: str, network: bool = False) -> Urls:
    """The files of a task. *named*: hosts that the administrator names."""
    reach, policy = reach_of(*named), BrowserLikePolicyForHTTPS()
    everywhere = DataHttp(http_client(REACTOR), REACTOR, IN_THREAD)
    hosts = partial(ShockClient, everywhere), hosts_within(REACTOR, reach, policy, IN_THREAD)
    return Urls(FileRoots(), None, *hosts, reach, IN_THREAD).of({}, network=network)


@pytest_twisted.ensureDeferred
async def test_only_a_task_with_the_network_has_files_of_hosts_that_are_not_public(
    host: Callable[[bytes], Host], tmp_path: Path
) -> None:
    """Others neither read nor write there, and are not told whether anybody listens; but what is named they may."""
    inner = host(b"secret")
    for there in (f"{inner.url}/file", "http://127.0.0.1:1/file", "http://localhost:1/file", "http://[::1]:1/file"):
        with pytest.raises(Invalid, match=REFUSAL):
            await urls("http://127.0.0.1:2").fetch(there, tmp_path / "file")
    (tmp_path / "mine").touch()
    with pytest.raises(Invalid, match=REFUSAL):
        await urls().deliver(tmp_path / "mine", f"{inner.url}/file")
    with pytest.raises(Invalid, match=REFUSAL):
        await urls().version(f"{inner.url}/file")
    assert inner.asked == []
    for allowed in (urls(inner.url), urls(network=True)):
        await allowed.fetch(f"{inner.url}/file", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"secret"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    "fetch",
    [
        lambda url, path: urls(url).fetch(url, path),
        lambda url, path: urls().host(url).download("x", path),
    ],
)
async def test_a_host_that_may_be_asked_leads_to_no_other(
    host: Callable[[bytes], Host], tmp_path: Path, fetch: Callable[[str, Path], Awaitable[object]]
) -> None:
    """A host of nodes, which the daemon has asked, no more than one of plain URLs; nor to a file of the worker."""
    inner, outer = host(b"secret"), host(b"")
    for elsewhere in (inner.url, "file:///etc/hostname"):
        outer.elsewhere = f"{elsewhere}/file".encode()
        with pytest.raises(AwedError):
            await fetch(outer.url, tmp_path / "file")
    assert (len(outer.asked), inner.asked, os.listdir(tmp_path)) == (2, [], [])


@pytest_twisted.ensureDeferred
async def test_a_file_is_taken_as_it_is_sent_and_leaves_room_to_others(
    host: Callable[[bytes], Host], tmp_path: Path
) -> None:
    """A packed one would be unpacked in the memory."""
    packed = gzip.compress(b"x" * 1000)
    there = host(packed)
    there.headers = {"Content-Encoding": "gzip"}
    await urls(network=True).fetch(f"{there.url}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == packed
    small = DataHttp(http_client(REACTOR), REACTOR, IN_THREAD, keep_free=1 << 62)
    with pytest.raises(NoSpace):
        await ShockClient(small, "").fetch_url(f"{there.url}/file", tmp_path / "more")
    await until(lambda: os.listdir(tmp_path) == ["file"])


def test_a_store_for_s3_that_a_task_names_must_be_public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent to one that is not, wherever its name leads; the worker's own is not asked about."""
    s3 = pytest.importorskip("awed.worker.s3")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        account = Account("key", "secret", endpoint=f"http://localhost:{server.getsockname()[1]}")
        (tmp_path / "file").touch()
        files = s3.S3(account, reach_of(), is_known=False)
        calls = [partial(files.version, "s3://b/k"), partial(files.deliver, tmp_path / "file", "s3://b/k", Event())]
        for call in calls:
            with pytest.raises(WorkFailed, match=f" s3://b/k: {REFUSAL}"):
                call()
            assert server.accept()[0].recv(1) == b""


def test_an_account_that_cannot_be_is_a_failure_of_its_task() -> None:
    s3 = pytest.importorskip("awed.worker.s3")
    for account in (Account("k", "s", region="a.b/c"), Account("k", "s", endpoint="ftp:/x")):
        with pytest.raises(WorkFailed, match="no such account"):
            s3.S3(account, Reach(), is_known=False)
