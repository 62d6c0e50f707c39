"""Commands in containers, on real daemons and workers: by Podman, Docker, and bubblewrap over an unpacked image."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.integration.daemon import Daemon
from tests.integration.images import IMAGE, MARK, docker, podman, unpacked
from tests.integration.jobs import content, ended, job, reaches, start, uploaded
from tests.integration.program import Program
from tests.integration.test_tes import made, run, sh, swap
from tests.pages import DOCS, blocks
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Worker = Callable[..., Program]


@pytest.fixture(scope="module", params=["podman", "docker", "bwrap"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The options of a worker that runs containers by one engine after the other."""
    folder = tmp_path_factory.mktemp("images")
    if request.param not in ("bwrap", *os.environ.get("AWE_TEST_ENGINES", "").split(",")):
        pytest.skip(f"AWE_TEST_ENGINES does not name {request.param}")
    if request.param == "bwrap":
        yield ["--containers", "bwrap", "--image-dir", str(unpacked(folder))]
        return
    if request.param == "docker":
        with docker(folder):
            yield ["--containers", "docker"]
        return
    with podman(folder) as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield ["--containers", "podman"]


@pytest.fixture
def worker(daemon: Daemon, engine: list[str]) -> Worker:
    """Starts one."""
    return lambda *options: start(daemon, "w", *engine, *options)


def in_image(script: str, image: str = IMAGE, **task: Any) -> dict[str, Any]:
    """A task that runs a script in the image."""
    return {"cmd": {"name": "sh", "args_array": ["-c", script], "Dockerimage": image}, **task}


async def said(daemon: Daemon, done: Any) -> list[str]:
    """The lines that the only command of a job wrote."""
    assert done["state"] == "completed", done
    text: str = await daemon.call("GET", f"/work/{done['id']}_0_0?report=stdout")
    return text.splitlines()


BEATING = "n=0; while usleep 50000; do n=$((n+1)); echo $n"
"""The begin of a loop that counts, to be ended by where to."""


async def is_still(beat: Callable[[], str]) -> None:
    """Wait until what *beat* reads does not change any more."""
    still, before = 0, ""
    while still < 10:
        await deferLater(reactor, 0.1)
        still = still + 1 if beat() == before else 0
        before = beat()


@pytest_twisted.ensureDeferred
async def test_a_command_has_its_files_and_variables_and_else_what_the_image_has(
    daemon: Daemon, worker: Worker
) -> None:
    """What it makes belongs to the worker, whatever user the image names."""
    worker()
    task = in_image(
        "cat /mark in >out; id -u; pwd; echo $PATH; echo $AWE_WORKID $AWE_CORES $OPEN $SECRET; test ! -e /usr",
        inputs=[await uploaded(daemon, "in", b"input\n")],
        outputs=[{"filename": "out", "host": daemon.url}],
    )
    task["cmd"]["environ"] = {"public": {"OPEN": "a  b#c"}, "private": {"SECRET": "s'x"}}
    done = await ended(daemon, job(task))
    user, where, path, variables = await said(daemon, done)
    assert await content(done["tasks"][0]["outputs"][0]) == f"{MARK}input\n".encode()
    work = f"{done['id']}_0_0"
    assert (user, where) == (str(os.getuid()), str(daemon.stage.folder / "w" / "work" / f"{work}.1"))
    assert "/bin" in path.split(":")
    assert variables == f"{work} 1 a b#c s'x"
    [client] = await daemon.call("GET", "/client")
    assert client["containers"] in ("podman", "docker", "bwrap")


@pytest_twisted.ensureDeferred
async def test_the_network_is_cut_off_unless_the_task_asks_for_it(daemon: Daemon, worker: Worker) -> None:
    worker()
    script = "grep : /proc/net/dev | cut -d : -f 1"
    assert [name.strip() for name in await said(daemon, await ended(daemon, job(in_image(script))))] == ["lo"]
    assert len(await said(daemon, await ended(daemon, job(in_image(script, network=True))))) > 1


@pytest_twisted.ensureDeferred
async def test_how_a_command_fails_is_told(daemon: Daemon, worker: Worker) -> None:
    """Of what is killed nothing goes on."""
    shared = daemon.stage.folder / "shared"
    shared.mkdir()
    worker("--file-root", str(shared))
    beat = shared / "beat"
    forever = f"trap 'exit 1' TERM; {BEATING} >{beat}; done & wait"
    for script, more, cause, told in (
        ("tail /dev/zero", {"resources": {"memory": "64M"}}, "memory", "it used more memory than the 64 MB"),
        (forever, {"walltime": 2}, "time", "killed after 2 seconds, its walltime"),
        ("exit 7", {}, "exit", "exit status 7"),
        ("exec nonesuch", {}, "exit", "exit status 127"),
    ):
        done = await ended(daemon, job(in_image(script, **more), noretry=True))
        assert (done["state"], done["error"]["cause"]) == ("suspend", cause), done
        assert told in done["error"]["worknotes"]
        assert cause != "time" or done["tasks"][0]["attempts"][-1]["used"]["cpu"] > 0
    await is_still(beat.read_text)
    nothing = {"cmd": {"name": "nonesuch", "Dockerimage": IMAGE}}
    done = await ended(daemon, job(nothing, noretry=True))
    assert "exit status 127" in done["error"]["worknotes"]


@pytest_twisted.ensureDeferred
async def test_an_image_that_cannot_be_had_is_told_as_the_registry_says_it(daemon: Daemon, worker: Worker) -> None:
    worker()
    for image in ("127.0.0.1:1/none/such:1", "--privileged", "a/../b"):
        done = await ended(daemon, job(in_image("true", image), noretry=True))
        assert (done["state"], done["error"]["cause"]) == ("suspend", "image"), done
        assert image in done["error"]["worknotes"]


@pytest_twisted.ensureDeferred
async def test_what_is_deleted_ends_with_all_that_it_started(daemon: Daemon, worker: Worker) -> None:
    shared = daemon.stage.folder / "shared"
    shared.mkdir()
    worker("--file-root", str(shared))
    beat = shared / "beat"
    loop = f"{BEATING} >{beat}; done"
    submitted = await daemon.submit(job(in_image(f"trap 'exit 1' TERM; setsid sh -c '{loop}' & wait")))
    await until(beat.exists)
    await daemon.call("DELETE", f"/job/{submitted['id']}")
    await is_still(beat.read_text)


@pytest_twisted.ensureDeferred
async def test_a_worker_that_was_killed_ends_what_it_left_and_goes_on(daemon: Daemon, worker: Worker) -> None:
    shared = daemon.stage.folder / "shared"
    shared.mkdir()
    program = worker("--file-root", str(shared))
    first, beat = shared / "first", shared / "beat"
    script = f"test -e {first} && exit; touch {first}; {BEATING} >{beat}; done"
    submitted = await daemon.submit(job(in_image(script)))
    await until(beat.exists)
    program.signal("KILL")
    await program.ended()
    worker("--file-root", str(shared))
    assert (await reaches(daemon, submitted["id"], "completed", "suspend"))["state"] == "completed"
    await is_still(beat.read_text)


@pytest_twisted.ensureDeferred
async def test_a_gigabyte_of_output_arrives_with_both_ends(daemon: Daemon, worker: Worker, engine: list[str]) -> None:
    if "bwrap" in engine:
        pytest.skip("is written as by commands without a container")
    worker()
    script = "echo begin; yes | head -c 1000000000; echo end; echo done >&2"
    done = await ended(daemon, job(in_image(script)))
    lines = await said(daemon, done)
    assert (lines[0], lines[-1], len(lines) > 1000) == ("begin", "end", True)
    assert await daemon.call("GET", f"/work/{done['id']}_0_0?report=stderr") == "done\n"


@pytest_twisted.ensureDeferred
async def test_the_executors_of_a_task_share_its_paths_and_have_the_image_besides(
    daemon: Daemon, worker: Worker
) -> None:
    shared = daemon.stage.folder / "shared"
    shared.mkdir()
    worker("--file-root", str(shared))
    task = await run(
        daemon,
        inputs=[{"path": "/data/deep/in", "content": "pear\nfig\n"}, {"path": "/top", "content": "top\n"}],
        volumes=["/vol"],
        executors=[
            sh("cat; cat /mark /top; pwd; touch /vol/file", image=IMAGE, stdin="/data/deep/in", workdir="/vol/x"),
            *(sh("pwd", image=IMAGE, workdir=workdir) for workdir in ("/", "/bin", "/new/place")),
            sh("ls /vol; id -u >/out/a.txt; echo root >/root.txt", image=IMAGE, env={"A": "b"}),
        ],
        outputs=[
            {"path": "/out/*.txt", "path_prefix": "/out", "url": f"file://{shared}/out"},
            {"path": "/root.txt", "url": f"file://{shared}/root.txt"},
        ],
    )
    assert task["state"] == "COMPLETE", task["logs"]
    told = [one["stdout"] for one in task["logs"][0]["logs"]]
    assert told == [f"pear\nfig\n{MARK}top\n/vol/x\n", "/\n", "/bin\n", "/new/place\n", "file\nx\n"]
    assert made(shared) == {"out/a.txt": f"{os.getuid()}\n", "root.txt": "root\n"}


@pytest_twisted.ensureDeferred
async def test_the_entrypoint_of_an_image_is_run_for_who_asks_for_that(
    daemon: Daemon, worker: Worker, engine: list[str]
) -> None:
    """That of the image fails. Only Docker and Podman know of it."""
    worker()
    for asked, state in (("false", "COMPLETE"), ("true", "EXECUTOR_ERROR")):
        resources = {"backend_parameters": {"entrypoint": asked}}
        task = await run(daemon, resources=resources, executors=[sh("true", image=IMAGE)])
        assert task["state"] == (state if engine[1] in ("docker", "podman") else "COMPLETE"), task["logs"]


@pytest_twisted.ensureDeferred
async def test_no_executor_changes_what_the_next_one_is_shown(daemon: Daemon, worker: Worker) -> None:
    worker()
    (daemon.stage.folder / "secret").write_text("secret")
    task = swap(daemon.stage.folder / "w" / "work", daemon.stage.folder)
    task["executors"] = [{**executor, "image": IMAGE} for executor in task["executors"]]
    ran = await run(daemon, **task)
    assert ran["state"] == "EXECUTOR_ERROR", ran


@pytest_twisted.ensureDeferred
async def test_the_workflow_of_the_tutorial(daemon: Daemon, worker: Worker) -> None:
    """With another image that has the same programs, as no registry is asked."""
    worker()
    tutorial = {block.caption: block.text for name in ("workflow", "containers") for block in blocks(page(name))}
    document = json.loads(tutorial["contained.json"])
    for task in document["tasks"]:
        task["cmd"]["Dockerimage"] = IMAGE
    document["tasks"][0]["inputs"] = [await uploaded(daemon, "text", tutorial["tyger.txt"].encode())]
    done = await ended(daemon, document)
    assert done["state"] == "completed", done
    assert (await content(done["tasks"][1]["outputs"][0])).split() == b"5 the 4 what 2 dare".split()


def page(name: str) -> Path:
    """A page of the tutorial."""
    return DOCS / "tutorial" / f"{name}.rst"
