"""On a full disk requests fail with 503, nothing acknowledged is lost, and with room again everything goes on."""

import json
import os
import resource
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
import treq
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from awed.model.ids import new_id
from tests.integration.daemon import IMPATIENT, Daemon, Stage
from tests.integration.jobs import ended, job, shell

pytestmark = pytest.mark.slow

EXECUTE = ("-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])")
MOUNT = 'mkdir "$0" && mount -t tmpfs -o size=$1 none "$0" && echo mounted && exec sleep 600'
MOST = 300
"""Jobs after which a disk must be full."""


class Disk(Protocol):
    """Where a daemon keeps its data; it can be filled while the daemon runs."""

    daemon: Daemon

    def fill(self) -> None: ...
    def free(self) -> None: ...


class Limited:
    """No file of the daemon grows beyond the largest that there is, which a write finds out like a full disk."""

    def __init__(self, stage: Stage) -> None:
        self.daemon = stage.daemon()
        self.daemon.twistd = IMPATIENT

    def fill(self) -> None:
        self._limit(max(file.stat().st_size for file in self.daemon.data.rglob("*") if file.is_file()))

    def free(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        process = self.daemon.program.transport.pid
        assert process is not None
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class Tmpfs:
    """A small file system, in a namespace that a process holds and the daemon enters."""

    def __init__(self, stage: Stage, holder: int | None) -> None:
        self.daemon = stage.daemon(data="disk/data")
        self.daemon.twistd = (*entering(holder), *IMPATIENT)
        self._ballast = Path(f"/proc/{holder}/root{stage.folder}/disk/ballast")

    def fill(self) -> None:
        left = os.statvfs(self._ballast.parent)
        self._ballast.write_bytes(bytes(left.f_bavail * left.f_frsize))

    def free(self) -> None:
        self._ballast.unlink()


async def limited(stage: Stage) -> Disk:
    return Limited(stage)


async def tmpfs(stage: Stage) -> Disk:
    return Tmpfs(stage, await mounted(stage, "16m"))


async def mounted(stage: Stage, size: str) -> int | None:
    """Mount a file system of that size as the folder ``disk``: the process that holds it."""
    holder = stage.run(*EXECUTE, "unshare", "-rm", "sh", "-c", MOUNT, str(stage.folder / "disk"), size)
    try:
        await holder.said("mounted")
    except AssertionError:
        pytest.skip("no file system can be mounted here")
    process: int | None = holder.transport.pid
    return process


def entering(holder: int | None) -> tuple[str, ...]:
    """How Python is started where the file system of *holder* is."""
    return (*EXECUTE, "nsenter", "-t", str(holder), "-U", "-m", "--preserve-credentials", sys.executable)


@pytest.mark.parametrize("prepare", [limited, tmpfs])
@ensureDeferred
async def test_a_full_disk(stage: Stage, prepare: Callable[[Stage], Awaitable[Disk]]) -> None:
    disk = await prepare(stage)
    daemon = disk.daemon
    await daemon.start()
    first = (await daemon.submit(a_job()))["id"]
    client = (await daemon.register())["id"]
    unit = await daemon.call("GET", f"/work?client={client}")
    acknowledged = {first}

    disk.fill()
    status, refused = 200, ""
    while status == 200 and len(acknowledged) < MOST:
        acknowledged.add(refused)
        refused = new_id()
        status = await submit(daemon, refused)
    assert status == 503
    report = f"/work/{unit['wuid']}?client={client}&status=done"
    changes = [ask(daemon, "PUT", path) for path in (report, f"/job/{refused}?priority=5")]
    views = [ask(daemon, "GET", path) for path in ("/job?limit=0", f"/job/{refused}", "/work")]
    assert set(await gatherResults(map(Deferred.fromCoroutine, [*changes, *views]))) == {503}
    assert await ask(daemon, "GET", "/") == 200

    disk.free()
    while await ask(daemon, "GET", "/job") == 503:
        await deferLater(reactor, 0.05)
    assert await ask(daemon, "PUT", report) == 200
    last = new_id()
    assert await submit(daemon, last) == 200
    await daemon.kill()
    await daemon.start()
    jobs = {found["id"]: found["state"] for found in await daemon.call("GET", "/job?limit=0")}
    assert (acknowledged | {last}) - {""} <= jobs.keys() <= acknowledged | {refused, last}
    assert jobs[first] == "completed"


@ensureDeferred
async def test_a_command_that_fills_its_worker_s_disk_leaves_room_for_the_next(stage: Stage) -> None:
    holder = await mounted(stage, "160m")
    daemon = stage.daemon()
    await daemon.start()
    workdir = str(stage.folder / "disk" / "w")
    stage.run(*entering(holder), "-m", "awed.worker", "--server", daemon.url, "--workdir", workdir)
    failed = await ended(daemon, job(shell("head -c 1G /dev/zero > huge"), noretry=True))
    assert failed["error"]["worknotes"] == "exit status 1"
    done = await ended(daemon, job(shell("head -c 100M /dev/zero > large")))
    assert done["state"] == "completed"


def a_job(**fields: Any) -> dict[str, Any]:
    """One that needs room."""
    return {"info": {"description": "x" * 20_000}, "tasks": [{"taskid": "0", "cmd": {"name": "true"}}], **fields}


async def submit(daemon: Daemon, job_id: str) -> int:
    return await ask(daemon, "POST", "/job", files={"upload": ("job.json", json.dumps(a_job(id=job_id)).encode())})


async def ask(daemon: Daemon, method: str, path: str, **parameters: Any) -> int:
    """The status of the answer; a 503 must say what is wrong, and when to come back."""
    response = await treq.request(method, daemon.url + path, persistent=False, **parameters)
    answer = await response.json()
    if response.code == 503:
        assert int(response.headers.getRawHeaders("Retry-After")[0]) > 0
        assert "changes cannot be written: database: " in answer["error"][0]
    return int(response.code)
