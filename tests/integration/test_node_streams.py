"""Big files through a real daemon: in and out as streams, in memory that does not depend on their size."""

import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from treq.client import HTTPClient
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.web.client import Agent

from awed.shock.client import ShockClient
from awed.shock.http import DataHttp
from awed.tx.threads import in_threads_of
from tests.integration.daemon import Daemon, Stage

SIZE = 200 * 1024 * 1024
GROWTH = 64 * 1024
"""KiB by which the daemon's peak memory may grow."""

reactor: Any = global_reactor


@pytest.fixture
def shock(daemon: Daemon) -> ShockClient:
    # Without a pool, so that no connection outlives the test.
    return ShockClient(DataHttp(HTTPClient(Agent(reactor)), reactor, in_threads_of(reactor)), daemon.url)


def peak(daemon: Daemon) -> int:
    """The most memory the daemon has had so far, in KiB."""
    status = Path(f"/proc/{daemon.program.transport.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def sparse(path: Path, size: int) -> str:
    """Make a file of zeros with something at its ends; its md5."""
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(size - 3)
        file.seek(size - 3)
        file.write(b"end")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_big_file_goes_through_in_little_memory(daemon: Daemon, shock: ShockClient, tmp_path: Path) -> None:
    source, back = tmp_path / "source", tmp_path / "back"
    md5 = await deferToThread(sparse, source, SIZE)
    before = peak(daemon)
    node = await shock.create()
    node = await shock.upload(node.id, source, filename="big")
    assert (node.file.size, node.file.checksum["md5"]) == (SIZE, md5)
    assert await shock.download(node.id, back, md5=md5) == SIZE
    assert await shock.download(node.id, back, part=("size", "200")) == 1024 * 1024
    assert peak(daemon) - before < GROWTH
    await shock.delete(node.id)
    assert not [path for path in daemon.data.glob("nodes/**/*") if path.is_file()]


@pytest_twisted.ensureDeferred
async def test_transfers_side_by_side_keep_apart(daemon: Daemon, shock: ShockClient, tmp_path: Path) -> None:
    async def there_and_back(number: int) -> None:
        source, back = tmp_path / f"source{number}", tmp_path / f"back{number}"
        md5 = await deferToThread(sparse, source, 5_000_000 + number)
        node = await shock.create()
        await shock.upload(node.id, source, filename=str(number))
        assert await shock.download(node.id, back, md5=md5) == 5_000_000 + number

    await gatherResults([Deferred.fromCoroutine(there_and_back(number)) for number in range(8)], consumeErrors=True)


@pytest_twisted.ensureDeferred
async def test_parts_uploaded_at_once_are_merged_in_order(shock: ShockClient, tmp_path: Path) -> None:
    node = await shock.create(parts=20, file_name="all")
    texts = [f"part {number}\n" * 10_000 for number in range(1, 21)]

    async def upload(number: int, text: str) -> None:
        path = tmp_path / str(number)
        path.write_text(text)
        await shock.upload(node.id, path, filename="part", rank=number)

    uploads = [Deferred.fromCoroutine(upload(*part)) for part in enumerate(texts, 1)]
    await gatherResults(uploads, consumeErrors=True)
    merged = await shock.node(node.id)
    assert merged.file.size == len("".join(texts))
    await shock.download(node.id, tmp_path / "back", md5=merged.file.checksum["md5"])
    assert (tmp_path / "back").read_text() == "".join(texts)
    assert (await shock.index(node.id, "line")).total_units == 200_000


@pytest_twisted.ensureDeferred
async def test_a_file_is_fetched_from_a_url_where_that_is_allowed(stage: Stage, tmp_path: Path) -> None:
    config = tmp_path / "awed.conf"
    config.write_text("[Security]\nfetch_urls = true\nfetch_inside = true\n")
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    http = HTTPClient(Agent(reactor))
    first = await (await http.post(f"{daemon.url}/node", data=b"x" * 1_000_000)).json()
    url = f"{daemon.url}/node/{first['data']['id']}?download"
    form = f'--b\r\nContent-Disposition: form-data; name="upload_url"\r\n\r\n{url}\r\n--b--\r\n'.encode()
    headers: Any = {"Content-Type": "multipart/form-data; boundary=b"}
    second = await (await http.post(f"{daemon.url}/node", data=form, headers=headers)).json()
    assert second["data"]["file"]["checksum"] == first["data"]["file"]["checksum"]


@pytest_twisted.ensureDeferred
async def test_an_upload_that_is_cut_off_leaves_nothing(daemon: Daemon, shock: ShockClient) -> None:
    head = (
        b"POST /node HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        b'--b\r\nContent-Disposition: form-data; name="upload"; filename="f"\r\n\r\n'
    )
    host, _, port = daemon.url.removeprefix("http://").partition(":")
    peer = await deferToThread(socket.create_connection, (host, int(port)))
    await deferToThread(peer.sendall, head + b"x" * 3_000_000)
    temporary = daemon.data / "tmp"
    await until(lambda: any(temporary.iterdir()))
    peer.close()
    await until(lambda: not any(temporary.iterdir()))
    assert not [path for path in daemon.data.glob("nodes/**/*") if path.is_file()]


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_join_ends_when_its_client_leaves(daemon: Daemon, shock: ShockClient, tmp_path: Path) -> None:
    await deferToThread(sparse, tmp_path / "source", SIZE)
    node = await shock.create()
    await shock.upload(node.id, tmp_path / "source", filename="big")
    temporary, before = daemon.data / "tmp", peak(daemon)
    assert not any(temporary.iterdir())
    fields = {"type": "virtual", "source": ",".join([node.id] * 60)}
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    ]
    body = "".join([*parts, "--b--\r\n"])
    head = "POST /node HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    host, _, port = daemon.url.removeprefix("http://").partition(":")
    peer = await deferToThread(socket.create_connection, (host, int(port)))
    await deferToThread(peer.sendall, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    await until(lambda: any(temporary.iterdir()))
    peer.close()
    await until(lambda: not any(temporary.iterdir()))
    assert peak(daemon) - before < GROWTH
    response = await HTTPClient(Agent(reactor)).get(f"{daemon.url}/node")
    assert [found["id"] for found in (await response.json())["data"]] == [node.id]


async def until(condition: Any) -> None:
    """Look until it is so; the test's own time limit ends it."""
    while not condition():
        await deferLater(reactor, 0.01)
