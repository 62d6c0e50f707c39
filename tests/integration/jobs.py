"""Jobs and their files, as tests of real workers describe, await and read them."""

from typing import Any

import treq
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.integration.daemon import Daemon
from tests.integration.program import Program


def start(daemon: Daemon, name: str = "w", *options: str) -> Program:
    """A worker with a quick pulse, in a directory of its name."""
    return daemon.stage.run(
        *("-m", "awed.worker", "--server", daemon.url, "--workdir", str(daemon.stage.folder / name)),
        *("--name", name, "--heartbeat", "0.3", *(("--group", daemon.group) if daemon.group else ()), *options),
    )


def job(*tasks: dict[str, Any], **info: Any) -> dict[str, Any]:
    """A job of tasks that are named by their place."""
    return {
        "info": {"name": "test", **info},
        "tasks": [{"taskid": str(number), **task} for number, task in enumerate(tasks)],
    }


def shell(script: str, *, after: list[str] | None = None, **task: Any) -> dict[str, Any]:
    """A task that runs a script."""
    return {"cmd": {"name": "sh", "cmd_script": script.splitlines()}, "dependsOn": after or [], **task}


async def reaches(daemon: Daemon, job_id: str, *states: str) -> Any:
    """Wait until a job is in one of *states*: the job."""
    while (found := await daemon.call("GET", f"/job/{job_id}"))["state"] not in states:
        await deferLater(reactor, 0.05)
    return found


async def ended(daemon: Daemon, document: dict[str, Any]) -> Any:
    """Submit, and wait for the end: the job."""
    return await reaches(daemon, (await daemon.submit(document))["id"], "completed", "suspend")


async def content(output: dict[str, Any]) -> bytes:
    """What an output's node holds."""
    response = await treq.get(output["url"], persistent=False)
    assert response.code == 200
    return await response.content()


async def uploaded(daemon: Daemon, name: str, data: bytes) -> dict[str, Any]:
    """An input that lies in a node of its own."""
    node = await daemon.call("POST", "/node", files={"upload": (name, data)})
    return {"filename": name, "host": daemon.url, "node": node["id"]}


def from_task(number: int, name: str, **options: Any) -> dict[str, Any]:
    return {"filename": name, "origin": str(number), **options}
