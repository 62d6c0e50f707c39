"""Files and the tokens by which users and workers reach them."""

import json
import sys
from typing import Any

import pytest
import pytest_twisted
import treq
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import from_task, job, shell, start

pytestmark = pytest.mark.slow

CLOSED = """
[Anonymous]
read = false
write = false
delete = false

[Auth]
client_auth_required = true
"""

Headers = dict[bytes | str, bytes | str]


async def guarded(stage: Stage) -> Daemon:
    """A daemon where nobody does anything without a name, and a file with the token of a group."""
    config = stage.folder / "awed.conf"
    config.write_text(CLOSED)
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    admin = {"Authorization": f"Bearer {(daemon.data / 'admin-token').read_text().strip()}"}
    group = await daemon.call("POST", "/cgroup/g", headers=admin)
    (stage.folder / "token").write_text(group["token"])
    return daemon


async def closed(stage: Stage) -> Daemon:
    """The same with a worker of that group."""
    daemon = await guarded(stage)
    start(daemon, "w", "--group", "g", "--token-file", str(stage.folder / "token"))
    return daemon


async def user(daemon: Daemon, name: str) -> Headers:
    """Add a user: the headers of their requests."""
    program = daemon.stage.run("-m", "awed.cli", "user", "add", name, "--data", str(daemon.data))
    return {"Authorization": f"Bearer {(await program.said(r'[0-9a-f]{64}'))[0]}"}


async def ended(daemon: Daemon, document: dict[str, Any], headers: Headers) -> Any:
    """Submit, and wait for the end: the job."""
    files = {"upload": ("job.json", json.dumps(document).encode())}
    job_id = (await daemon.call("POST", "/job", files=files, headers=headers))["id"]
    while True:
        found = await daemon.call("GET", f"/job/{job_id}", headers=headers)
        if found["state"] in ("completed", "suspend"):
            return found
        await deferLater(reactor, 0.05)


@pytest_twisted.ensureDeferred
async def test_a_token_that_comes_by_stdin_is_not_told_to_commands(stage: Stage) -> None:
    """Neither by the command line, nor by a file or a descriptor."""
    daemon = await guarded(stage)
    token = (stage.folder / "token").read_text()
    inherit = ("/bin/sh", "-c", 'exec "$0" "$@" < token', sys.executable, "-m", "awed.worker")
    worker = stage.start([*inherit, "--server", daemon.url, "--workdir", "w", "--group", "g", "--token-file", "-"])
    await worker.said("registered")
    ann = await user(daemon, "ann")
    done = await ended(daemon, job(shell("cat; cat /proc/$PPID/cmdline; ls -l /proc/self/fd")), ann)
    said = await daemon.call("GET", f"/work/{done['id']}_0_0?report=stdout", headers=ann)
    assert "--token-file\0-\0" in said
    assert token not in said
    assert f"{stage.folder}/token" not in said


@pytest_twisted.ensureDeferred
async def test_workers_reach_private_files_by_the_token_of_their_job(stage: Stage) -> None:
    """Also if the job has a token for another host."""
    daemon = await closed(stage)
    ann = await user(daemon, "ann")
    node = await daemon.call("POST", "/node", files={"upload": ("in", b"pear\n")}, headers=ann)
    source = {"filename": "in", "host": daemon.url, "node": node["id"]}
    document = job(
        shell("cat in in > mid", inputs=[source], outputs=[{"filename": "mid"}]),
        shell("cat mid > out", after=["0"], inputs=[from_task(0, "mid")], outputs=[{"filename": "out"}]),
        noretry=True,
    )
    for headers in (ann, {**ann, "Datatoken": "for another host"}):
        done = await ended(daemon, document, headers)
        assert done["state"] == "completed", done["error"]
        out = done["tasks"][1]["outputs"][0]["url"]
        assert await (await treq.get(out, headers=ann, persistent=False)).content() == b"pear\npear\n"
        assert (await treq.get(out, persistent=False)).code == 401
