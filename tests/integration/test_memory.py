"""Answers cost the daemon little memory, however large they are and however slowly they are read."""

import base64
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import pytest_twisted
import treq
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.model.access import Acl
from awed.model.ids import new_id
from awed.model.job import Cmd, Info, Job, Task
from awed.model.records import Batch, JobRecord, TaskRecord
from awed.model.states import JobState, TaskState
from awed.model.work import PerfRecord, WorkReport
from awed.store.open import open_store
from awed.store.sqlite.connections import READ_CACHE
from tests.integration.daemon import Daemon, Refused, Stage
from tests.integration.jobs import job as document_of
from tests.integration.jobs import reaches, shell, start

pytestmark = pytest.mark.slow

MB = 1 << 20
LARGE = 160 * MB
"""What the views that are asked for come to, and more than a daemon may take for them."""

MOST = 80 * MB
"""Bytes that the daemon may grow by: some pieces for each reader, and what an allocator keeps."""

CACHES = 3 * READ_CACHE * 1024
"""Bytes of SQLite's own, which come to this in the end whatever is read."""

READERS = 7
"""Who read slowly: to hold for each what they ask for would take a gigabyte."""

PEAK = "VmHWM"


def job(job_id: str, tasks: int, text: str) -> Batch:
    """A finished job with so many tasks, each with a text."""
    ids = [f"{job_id}_{index}" for index in range(tasks)]
    records = [
        TaskRecord(Task(task_id, job_id, Cmd(name="a", description=text), state=TaskState.COMPLETED), index)
        for index, task_id in enumerate(ids)
    ]
    record = JobRecord(Job(job_id, Info(name="a"), state=JobState.COMPLETED), Acl.of("public"), "public")
    return Batch(jobs=[record], tasks=records)


async def fill(path: Path) -> str:
    """Store many jobs, and one with logs: its id."""
    store = open_store(f"sqlite:{path}", cast(IReactorThreads, reactor))
    await store.open()
    for _ in range(LARGE // MB):
        await store.commit(job(new_id(), 10, MB // 10 * "x"))
    batch = job(job_id := new_id(), LARGE // MB, "")
    await store.commit(batch)
    for task in batch.tasks:
        whose = (f"{task.task.taskid}_0", job_id, task.task.taskid, 0)
        await store.commit(
            Batch(reports=[WorkReport(*whose, stdout=MB * "x")], perfs=[PerfRecord(*whose, {"runtime": 1.5})])
        )
    await store.close()
    return job_id


@pytest_twisted.async_fixture
async def filled(stage: Stage) -> tuple[Daemon, str]:
    """A daemon, and the job that has logs."""
    job_id = await fill(stage.folder / "awed.sqlite")
    daemon = stage.daemon("--store", f"sqlite:{stage.folder}/awed.sqlite")
    await daemon.start()
    await daemon.call("GET", "/job")
    return daemon, job_id


def memory(daemon: Daemon, what: str) -> int:
    """A line of the process's status, in bytes."""
    [line] = [line for line in status(daemon).read_text().splitlines() if line.startswith(what)]
    return int(line.split()[1]) * 1024


def status(daemon: Daemon) -> Path:
    return Path("/proc", str(daemon.program.transport.pid), "status")


@contextmanager
def bounded(daemon: Daemon, most: int = MOST) -> Iterator[None]:
    """The daemon does not grow much by what is done here, not even for a moment."""
    status(daemon).with_name("clear_refs").write_text("5")  # the peak is what it has now
    before = memory(daemon, "VmRSS")
    yield
    assert memory(daemon, PEAK) - before < most


def connect(daemon: Daemon) -> "closing[socket.socket]":
    """A connection of somebody who reads slowly: the system buffers little for them."""
    url = urlsplit(daemon.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((url.hostname, url.port))
    return closing(connection)


def ask(connection: socket.socket, path: str, headers: str = "") -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())


async def size(response: Any) -> int:
    """Bytes of an answer, none of which are kept."""
    sizes: list[int] = []
    await response.collect(lambda data: sizes.append(len(data)))
    return sum(sizes)


@ensureDeferred
async def test_views_are_not_held_for_those_who_read_slowly(filled: tuple[Daemon, str]) -> None:
    daemon, job_id = filled
    for path in (f"/job/{job_id}?report", "/job?limit=0", "/job?limit=0&verbosity=minimal", f"/job/{job_id}?perf"):
        with bounded(daemon, MOST + CACHES), ExitStack() as readers:
            for _ in range(READERS):
                connection = readers.enter_context(connect(daemon))
                ask(connection, path)
            response = await treq.get(f"{daemon.url}{path}", unbuffered=True, persistent=False)
            assert await size(response) > (0 if "perf" in path or "minimal" in path else LARGE)


@ensureDeferred
async def test_a_checkout_of_many_large_workunits(daemon: Daemon) -> None:
    document = {
        "info": {"userattr": {"x": 2 * MB * "x"}},
        "tasks": [{"taskid": "a", "cmd": {"name": "a"}, "totalwork": 300}],
    }
    await daemon.submit(document)
    client = (await daemon.register())["id"]
    with bounded(daemon):
        response = await treq.get(f"{daemon.url}/work?client={client}&max=300", persistent=False)
        assert 2 * MB < len(await response.content()) < 10 * MB


@pytest.mark.parametrize("value", ['"0"', "{}", "[]"])
@ensureDeferred
async def test_a_document_of_nothing_but_values(daemon: Daemon, value: str) -> None:
    text = f'{{"info": {{"userattr": {{"a": [{",".join([value] * (4 * MB))}]}}}}, "tasks": []}}'
    with bounded(daemon), pytest.raises(Refused) as refused:
        await daemon.call("POST", "/job", files={"upload": ("job.json", text.encode())})
    assert refused.value.status == 413


@ensureDeferred
async def test_files_that_are_joined(daemon: Daemon) -> None:
    """Long work goes on in pieces."""
    node = await daemon.call("POST", "/node", files={"upload": ("a", 16 * MB * b"x")})
    with bounded(daemon):
        source = ",".join([node["id"]] * 10)
        joined = await daemon.call(
            "POST", "/node", files={"type": (None, b"virtual"), "source": (None, source.encode())}
        )
        await daemon.call("GET", f"/node/{joined['id']}")
    assert joined["file"]["size"] == 160 * MB


@ensureDeferred
async def test_a_command_that_writes_a_gigabyte(daemon: Daemon) -> None:
    """While it runs and afterwards: it costs the daemon some megabytes of memory, and the disk what is configured."""
    start(daemon)
    await followed(daemon, 4 * MB)  # what the first long log takes is no matter of its length
    with bounded(daemon, 10 * MB):
        await followed(daemon, 1024 * MB)


async def followed(daemon: Daemon, size: int) -> None:
    """Have a command write so many bytes, and read along."""
    spool, go = daemon.data / "livelogs", daemon.stage.folder / f"go-{size}"
    script = f"head -c {size} /dev/zero | tr '\\0' x; until [ -e ../../../{go.name} ]; do sleep 0.1; done; echo end"
    job_id = (await daemon.submit(document_of(shell(script))))["id"]
    path, end = f"{daemon.url}/work/{job_id}_0_0/log", 0
    while end < size:
        response = await treq.get(f"{path}?offset={end}&wait=60", persistent=False)
        assert len(await response.content()) <= MB
        end = int(response.headers.getRawHeaders("Awe-Log-End")[0])
        sizes = [file.stat().st_blocks * 512 for file in spool.iterdir()]
        assert sum(sizes) <= MB + 16384
    go.touch()
    await reaches(daemon, job_id, "completed")
    response = await treq.get(f"{path}?offset={end}", persistent=False)
    assert await response.content() == b"end\n"
    assert list(spool.iterdir()) == []


@ensureDeferred
async def test_wrong_passwords_of_those_who_leave(daemon: Daemon) -> None:
    """Each check takes 64 MB, and there are two at a time."""
    await daemon.call("GET", "/job")
    before = memory(daemon, "VmRSS")
    with ExitStack() as connections:
        for number in range(60):
            secret = base64.b64encode(f"joe:{number}".encode()).decode()
            with connect(daemon) as connection:
                ask(connection, "/job", f"Authorization: Basic {secret}\r\n")
            connection = connections.enter_context(connect(daemon))
            ask(connection, "/job", f"Authorization: Basic {secret}\r\n")
        await daemon.call("GET", "/job")
    assert memory(daemon, PEAK) - before < 3 * 64 * MB
