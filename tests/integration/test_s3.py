"""Files at s3 URLs, in a store that checks signatures, and at other URLs, with a real daemon and worker."""

import hashlib
import json
import socket
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from klein import Klein
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.web.http import Request
from twisted.web.server import Site

from tests.integration.daemon import Daemon
from tests.integration.jobs import ended, from_task, job, shell, start, uploaded
from tests.integration.program import Program
from tests.integration.relay import Relay
from tests.integration.test_tes import no_sandbox, run, sh

reactor: Any = global_reactor

RCLONE = Path(sys.executable).with_name("rclone")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not RCLONE.exists(), reason="there is no rclone")]

KEY, SECRET = "key-of-all", "secret-of-all"
OTHERS = ("key-of-one", "secret-of-one")


class Store:
    """The bucket ``b`` of an S3 store, as a *folder*. *config*: a file for workers."""

    def __init__(self, daemon: Daemon) -> None:
        self.folder = daemon.stage.folder / "s3" / "b"
        self.folder.mkdir(parents=True)
        self.config = daemon.stage.folder / "s3.conf"
        self._daemon = daemon
        self.port = 0

    async def open(self) -> None:
        """Start it. The worker is told of it at the port *port*."""
        keys = [word for pair in ((KEY, SECRET), OTHERS) for word in ("--auth-key", ",".join(pair))]
        server = self._daemon.stage.start(
            [RCLONE, "serve", "s3", self.folder.parent, "--addr", "127.0.0.1:0", *keys, "--config", ""]
        )
        self.port = int((await server.said(r"Starting s3 server on \[http://127.0.0.1:(\d+)/"))[1])
        self.configure(self.port)

    def configure(self, port: int) -> None:
        self.config.write_text(
            f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
            f"endpoint_url = http://127.0.0.1:{port}\n"
        )

    def worker(self, *options: str) -> Program:
        return start(self._daemon, "w", "--s3-config", str(self.config), *options)


@pytest_twisted.async_fixture
async def store(server: Daemon) -> Store:
    store = Store(server)
    await store.open()
    return store


@pytest_twisted.ensureDeferred
async def test_files_and_directories_come_from_s3_and_go_there(server: Daemon, store: Store) -> None:
    """A task reads what another one brought there; what lies in a directory keeps its layout."""
    store.worker()
    (store.folder / "in" / "deep").mkdir(parents=True)
    (store.folder / "in" / "deep" / "a b").write_text("1\n")
    (store.folder / "in" / "c").write_text("2\n")
    done = await ended(
        server,
        job(
            shell(
                "cat 'd/deep/a b' d/c > sum; mkdir -p out/x; echo 3 > out/x/y; echo 4 > 1.txt; echo 5 > 2.txt",
                inputs=[{"filename": "d", "url": "s3://b/in/"}],
                outputs=[
                    {"filename": "sum", "url": "s3://b/the%20sum"},
                    {"filename": "out", "url": "s3://b/out/"},
                    {"filename": "*.txt", "url": "s3://b/texts/"},
                ],
            ),
            shell("cat sum more/out/x/y > all", inputs=[from_task(0, "sum"), from_task(0, "out", directory="more")])
            | {"outputs": [{"filename": "all"}]},
        ),
    )
    assert done["state"] == "completed", done
    made = {
        str(path.relative_to(store.folder)): path.read_text() for path in store.folder.rglob("*") if path.is_file()
    }
    assert made.items() >= {"the sum": "1\n2\n", "out/x/y": "3\n", "texts/1.txt": "4\n", "texts/2.txt": "5\n"}.items()
    assert done["tasks"][1]["outputs"][0]["size"] == 6


@no_sandbox
@pytest_twisted.ensureDeferred
async def test_a_tes_task_has_its_files_in_s3(server: Daemon, store: Store) -> None:
    store.worker("--containers", "ignore")
    (store.folder / "in" / "deep").mkdir(parents=True)
    (store.folder / "in" / "deep" / "a").write_text("1\n")
    task = await run(
        server,
        inputs=[
            {"path": "/data/d", "url": "s3://b/in", "type": "DIRECTORY"},
            {"path": "/data/a", "url": "s3://b/in/deep/a"},
        ],
        executors=[sh("cd /data; cat a d/deep/a > sum; mkdir -p out/x; cp a out/x")],
        outputs=[
            {"path": "/data/sum", "url": "s3://b/sum"},
            {"path": "/data/out", "url": "s3://b/out", "type": "DIRECTORY"},
        ],
    )
    assert task["state"] == "COMPLETE", task
    assert (store.folder / "sum").read_text() == "1\n1\n"
    assert (store.folder / "out" / "x" / "a").read_text() == "1\n"


@pytest_twisted.ensureDeferred
async def test_a_wrong_key_fails_its_own_task_alone_and_says_so(server: Daemon, store: Store) -> None:
    """A task's own keys are for it alone, and those of the worker never go to an address of the task's."""
    store.worker()
    (store.folder / "a").write_text("a\n")
    inputs = [{"filename": "a", "url": "s3://b/a"}]

    def own(key: str, secret: str, **more: str) -> dict[str, Any]:
        private = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, **more}
        task = shell("cat a", inputs=inputs)
        return task | {"cmd": {**task["cmd"], "environ": {"private": private}}}

    wrong = await ended(server, job(own(KEY, "wrong"), noretry=True))
    assert wrong["state"] == "suspend"
    assert "a: look at s3://b/a: 403" in wrong["notes"] or "a: get s3://b/a: 403" in wrong["notes"], wrong["notes"]
    missing = await ended(server, job(shell("cat b", inputs=[{"filename": "b", "url": "s3://b/none"}]), noretry=True))
    assert "b: get s3://b/none: 404" in missing["notes"], missing["notes"]
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.1)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}"
        task = shell("cat a", inputs=inputs)
        lured = task | {"cmd": {**task["cmd"], "environ": {"private": {"AWS_ENDPOINT_URL": address}}}}
        assert (await ended(server, job(lured)))["state"] == "completed"
        with pytest.raises(TimeoutError):
            trap.accept()
    for task in (own(*OTHERS), shell("cat a", inputs=inputs)):
        assert (await ended(server, job(task)))["state"] == "completed"


@pytest_twisted.ensureDeferred
async def test_a_worker_without_an_account_says_what_is_missing(server: Daemon) -> None:
    start(server, "w")
    done = await ended(server, job(shell("true", inputs=[{"filename": "a", "url": "s3://b/a"}]), noretry=True))
    assert "this worker has no account for s3 URLs (--s3-config)" in done["notes"]
    (server.stage.folder / "empty").write_text("")
    refused = start(server, "x", "--s3-config", "empty")
    await refused.said(r"Invalid value for --s3-config: empty has no section \[default\]")
    assert await refused.ended() == 2


@pytest_twisted.ensureDeferred
async def test_outputs_go_to_web_servers_and_below_file_roots(server: Daemon) -> None:
    """By PUT, and whole; a URL outside of the roots fails that task."""
    received: dict[str, bytes] = {}
    app = Klein()

    @app.route("/<name>", methods=["PUT"])
    def put(request: Request, name: str) -> bytes:
        received[name] = (request.content or BytesIO()).read()
        return b""

    site = reactor.listenTCP(0, Site(app.resource()), interface="127.0.0.1")
    shared = server.stage.folder / "shared"
    shared.mkdir()
    start(server, "w", "--file-root", str(shared))
    web = f"http://127.0.0.1:{site.getHost().port}"

    def to(url: str) -> dict[str, Any]:
        return shell("echo hello > a", outputs=[{"filename": "a", "url": url}])

    try:
        done = await ended(server, job(to(f"{web}/a?signed=x"), to(f"file://{shared}/deep/a")))
        assert done["state"] == "completed", done
        outside = await ended(server, job(to(f"file://{server.stage.folder}/a"), noretry=True))
        assert "is not below a --file-root of this worker" in outside["notes"]
    finally:
        await site.stopListening()
    assert received == {"a": b"hello\n"}
    assert (shared / "deep" / "a").read_text() == "hello\n"


class CutOnce(Relay):
    """Cuts all connections once in each transfer of *size* bytes, in its middle. *passed*: all bytes."""

    def __init__(self, port: int, size: int) -> None:
        self.passed = 0
        self.left = [size // 2, size + size // 2]
        """Of :attr:`passed`, where it still cuts."""
        super().__init__(port)

    def took(self, data: bytes) -> None:
        self.passed += len(data)
        if self.left and self.passed > self.left[0]:
            self.left.pop(0)
            self.cut()


def peak(program: Program) -> int:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{program.transport.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


@pytest.mark.timeout(600)
@pytest_twisted.ensureDeferred
async def test_a_large_file_takes_little_memory_and_a_cut_connection_little_time(
    server: Daemon, store: Store
) -> None:
    """256 MB each way, in one attempt. What came before a cut does not come again, but an upload begins anew."""
    size = 256 << 20
    with (store.folder / "big").open("wb") as file:
        for number in range(size >> 20):
            file.write(hashlib.sha256(str(number).encode()).digest() * (1 << 15))
    relay = CutOnce(store.port, size)
    store.configure(relay.port)
    worker = store.worker()
    small = shell("true", inputs=[{"filename": "a", "url": "s3://b/none"}])
    await ended(server, job(small, noretry=True))  # boto3 is loaded
    before = peak(worker)
    copy = shell(
        "cp big copy",
        inputs=[{"filename": "big", "url": "s3://b/big"}],
        outputs=[{"filename": "copy", "url": "s3://b/copy"}],
    )
    done = await ended(server, job(copy))
    assert done["state"] == "completed", done["notes"]
    assert _md5(store.folder / "copy") == _md5(store.folder / "big")
    print(json.dumps({"memory": peak(worker) - before, "passed": relay.passed / size}))
    assert peak(worker) - before < 64
    assert not relay.left
    assert relay.passed < 3.2 * size
    assert [one["cause"] for one in done["tasks"][0]["attempts"]] == ["done"]
    relay.close()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


@pytest_twisted.ensureDeferred
async def test_a_store_that_hangs_holds_up_its_own_tasks_alone(server: Daemon, store: Store) -> None:
    held: list[Protocol] = []

    class Silent(Protocol):
        def connectionMade(self) -> None:
            held.append(self)

    port = reactor.listenTCP(0, Factory.forProtocol(Silent), interface="127.0.0.1")
    store.configure(port.getHost().port)
    store.worker("--slots", "14")
    hangs = shell("cat a", inputs=[{"filename": "a", "url": "s3://b/a"}])
    await server.submit(job(*[hangs] * 12))
    while len(held) < 10:
        await deferLater(reactor, 0.05)
    assert (await ended(server, job(shell("cat a", inputs=[await uploaded(server, "a", b"1\n")]))))[
        "state"
    ] == "completed"
    await maybeDeferred(port.stopListening)
    for one in held:
        assert one.transport
        one.transport.loseConnection()
