"""kill -9 during uploads and merges: acknowledged files are kept, and no other files are left."""

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import treq
from treq.client import HTTPClient
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.task import TaskStopped, deferLater
from twisted.web.client import Agent, RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived

from tests.conftest import LoggedErrors
from tests.integration.daemon import Daemon

pytestmark = pytest.mark.slow

ROUNDS = 4
SENDERS = 4
PARTS = 5

BROKEN = (ConnectError, ConnectionClosed, RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived)

reactor: Any = global_reactor


class Sender:
    """Uploads whole files and parts until the daemon is gone, and remembers what was acknowledged."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self.http = HTTPClient(Agent(reactor))
        self.url = url
        self.chance = chance
        self.whole: dict[str, str] = {}
        self.parts: dict[str, dict[int, bytes]] = {}

    async def run(self) -> None:
        try:
            while True:
                await self.upload()
                await self.upload_parts()
        except BROKEN:
            return

    async def upload(self) -> None:
        data = self.chance.randbytes(self.chance.randrange(1, 2_000_000))
        node = await self.call("POST", "/node", upload=data)
        self.whole[node["id"]] = hashlib.md5(data).hexdigest()

    async def upload_parts(self) -> None:
        node = await self.call("POST", "/node")
        arrived = self.parts[node["id"]] = {}
        await self.call("PUT", f"/node/{node['id']}", parts=str(PARTS))
        for number in self.chance.sample(range(1, PARTS + 1), PARTS):
            data = self.chance.randbytes(self.chance.randrange(1, 200_000))
            await self.call("PUT", f"/node/{node['id']}", **{str(number): data})
            arrived[number] = data

    async def call(self, method: str, path: str, **fields: str | bytes) -> Any:
        files = {name: ("f", value) for name, value in fields.items() if isinstance(value, bytes)}
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        form: Any = {"files": files} if files else {"data": texts} if texts else {}
        response = await self.http.request(method, self.url + path, **form)
        answer = await response.json()
        assert answer["status"] == 200, answer
        return answer["data"]


async def document(url: str, node_id: str) -> Any:
    response = await HTTPClient(Agent(reactor)).get(f"{url}/node/{node_id}")
    return (await response.json())["data"]


async def content(url: str, node_id: str) -> bytes:
    response = await HTTPClient(Agent(reactor)).get(f"{url}/node/{node_id}?download")
    assert response.code == 200
    return await treq.content(response)


async def check(url: str, sender: Sender) -> None:
    """All that *sender* was told is true."""
    for node_id, md5 in sender.whole.items():
        assert hashlib.md5(await content(url, node_id)).hexdigest() == md5
    for node_id, arrived in sender.parts.items():
        node = await settled(url, node_id)
        if node["file"]["size"]:
            assert len(arrived) >= PARTS - 1  # the last may have arrived without its acknowledgement
            merged = await content(url, node_id)
            assert hashlib.md5(merged).hexdigest() == node["file"]["checksum"]["md5"]
            if len(arrived) == PARTS:
                assert merged == b"".join(data for _, data in sorted(arrived.items()))
        else:
            told = {n: part[1] for n, part in enumerate((node["parts"] or {}).get("parts", []), 1) if part}
            assert {n: hashlib.md5(data).hexdigest() for n, data in arrived.items()}.items() <= told.items()


async def settled(url: str, node_id: str) -> Any:
    """The document of a node whose parts are not being merged."""
    while (node := await document(url, node_id))["file"]["locked"] or complete(node):
        await deferLater(reactor, 0.02)
    return node


def complete(node: Any) -> bool:
    """Whether all parts are there, but no file yet."""
    return bool(node["parts"]) and node["parts"]["length"] == PARTS and not node["file"]["size"]


async def expected(url: str) -> dict[str, set[str]]:
    """The files that there must be, by the documents of all nodes."""
    names: dict[str, set[str]] = {}
    for node in await documents(url):
        if node["file"]["size"]:
            names[node["id"]] = {f"data.{node['file']['checksum']['md5']}"}
        elif node["parts"] and node["parts"]["length"]:
            names[node["id"]] = {f"part.{n}" for n, part in enumerate(node["parts"]["parts"], 1) if part}
    return names


async def documents(url: str) -> list[Any]:
    response = await HTTPClient(Agent(reactor)).get(f"{url}/node?limit=0")
    nodes: list[Any] = (await response.json())["data"]
    return nodes


async def check_all(url: str, data: Path) -> None:
    """Whatever a document tells of is served whole, acknowledged or not; an empty node serves nothing. There is no
    directory without a document."""
    nodes = await documents(url)
    assert directories(data) <= {node["id"] for node in nodes}
    for node in nodes:
        if md5 := node["file"]["checksum"].get("md5"):
            assert hashlib.md5(await content(url, node["id"])).hexdigest() == md5
        else:
            refused = await HTTPClient(Agent(reactor)).get(f"{url}/node/{node['id']}?download")
            assert refused.code == 400


def directories(data: Path) -> set[str]:
    return {path.name for path in data.glob("nodes/*/*/*")}


def on_disk(data: Path) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for path in data.glob("nodes/*/*/*/*"):
        names.setdefault(path.parent.name, set()).add(path.name)
    return names


@pytest_twisted.ensureDeferred
async def test_nodes_that_are_deleted_with_their_job_go_although_the_daemon_is_killed(daemon: Daemon) -> None:
    """199 of 200 stayed for ever."""
    outputs = [{"filename": f"f{number}", "host": daemon.url} for number in range(200)]
    job = await daemon.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}, "outputs": outputs}]})
    while (await daemon.call("GET", f"/job/{job['id']}"))["state"] != "queued":
        await deferLater(reactor, 0.05)
    assert len(await documents(daemon.url)) == 200
    await daemon.call("DELETE", f"/job/{job['id']}?full")
    await daemon.kill()
    await daemon.start()
    while await documents(daemon.url):
        await deferLater(reactor, 0.05)


@pytest_twisted.ensureDeferred
async def test_a_crash_loses_nothing_and_leaves_nothing(daemon: Daemon, logged_errors: LoggedErrors) -> None:
    chance = random.Random(20260101)
    senders = []
    for _ in range(ROUNDS):
        crowd = [Sender(daemon.url, random.Random(chance.random())) for _ in range(SENDERS)]
        senders += crowd
        running = gatherResults([Deferred.fromCoroutine(sender.run()) for sender in crowd], consumeErrors=True)
        await deferLater(reactor, chance.uniform(0.2, 1.2))
        await daemon.kill()
        await running
        await daemon.start()
        for sender in senders:
            await check(daemon.url, sender)
    assert sum(len(sender.whole) for sender in senders) > ROUNDS
    await check_all(daemon.url, daemon.data)
    while on_disk(daemon.data) != await expected(daemon.url):
        await deferLater(reactor, 0.05)
    assert not any((daemon.data / "tmp").iterdir())
    logged_errors.flush(TaskStopped)  # treq stops the body of a cut request twice
