"""Resources of tasks on a real worker: what runs at once fits together, and each command gets its share."""

import json
import random
import sys
from typing import Any

import pytest
import pytest_twisted

from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import ended, job, reaches, shell, start
from tests.waiting import until

pytestmark = pytest.mark.slow

G = 1 << 30

CLERK = """\
import fcntl, json, os, sys, time
book, lasts = sys.argv[1], float(sys.argv[2])
mine = {"cores": float(os.environ["AWE_CORES"]), "memory": int(os.environ["AWE_MEMORY"])}
with open(book, "r+") as file:
    def change(change):
        fcntl.lockf(file, fcntl.LOCK_EX)
        file.seek(0)
        entries = json.load(file)
        change(entries)
        file.seek(0)
        file.truncate()
        json.dump(entries, file)
        file.flush()
        fcntl.lockf(file, fcntl.LOCK_UN)
    def begin(entries):
        entries["running"].append(mine)
        for name in mine:
            used = round(sum(one[name] for one in entries["running"]), 2)
            entries["most"][name] = max(entries["most"].get(name, 0), used)
    change(begin)
    time.sleep(lasts)
    change(lambda entries: entries["running"].remove(mine))
"""
"""What each command does: it enters what it has into a book, which knows how much that ever was at once."""


@pytest_twisted.ensureDeferred
async def test_a_hundred_random_tasks_never_have_more_than_there_is(daemon: Daemon) -> None:
    book, clerk = daemon.stage.folder / "book", daemon.stage.folder / "clerk.py"
    book.write_text('{"running": [], "most": {}}')
    clerk.write_text(CLERK)
    draw = random.Random(14)
    needs = [
        {"cores": draw.choice([0.01, 0.5, 1, 1.5, 2, 3, 4]), "memory": draw.choice(["100M", "1G", "3G", "5G", "8G"])}
        for _ in range(100)
    ]
    start(daemon, "w", "--cores", "4", "--memory", "8G")
    submitted = await daemon.submit(
        job(
            *(
                {
                    "cmd": {"name": sys.executable, "args_array": [str(clerk), str(book), str(draw.random() / 5)]},
                    "resources": one,
                }
                for one in needs
            )
        )
    )
    seen = 0
    while (await daemon.call("GET", f"/job/{submitted['id']}"))["state"] not in ("completed", "suspend"):
        [worker] = await daemon.call("GET", "/client") or [None]
        if worker:
            seen += check(worker, needs)
    done = await reaches(daemon, submitted["id"], "completed", "suspend")
    assert done["state"] == "completed", done
    entered = json.loads(book.read_text())
    assert entered["running"] == []
    assert 2 < entered["most"]["cores"] <= 4
    assert 5 * G < entered["most"]["memory"] <= 8 * G
    assert seen


def check(worker: dict[str, Any], needs: list[dict[str, Any]]) -> bool:
    """What the server counts is what was handed out, and no more than there is; whether anything was."""
    sizes = {"100M": 100 << 20, "1G": G, "3G": 3 * G, "5G": 5 * G, "8G": 8 * G}
    held = [needs[int(wuid.split("_")[1])] for wuid in worker["current_work"]["data"]]
    used = {
        "cores": round(sum(one["cores"] for one in held), 2),
        "memory": sum(sizes[one["memory"]] for one in held),
    }
    for name, most in (("cores", 4.0), ("memory", 8 * G)):
        assert worker["offers"][name] == most
        assert worker["free"][name] == round(most - used[name], 2) >= 0
    return bool(held)


@pytest_twisted.ensureDeferred
async def test_a_command_is_told_and_kept_to_what_it_has(server: Daemon) -> None:
    start(server, "w", "--gpus", "2", "--resource", "licence=1", "--cores", "2.5")
    script = "echo $AWE_CORES $AWE_MEMORY $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES; env -u OMP_NUM_THREADS nproc"
    done = await ended(
        server,
        job(
            shell(script, resources={"cores": 1, "memory": "1M", "gpus": 2, "licence": 1}),
            shell("echo $AWE_CORES $AWE_MEMORY $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES"),
        ),
    )
    assert done["state"] == "completed", done
    said = [await server.call("GET", f"/work/{done['id']}_{number}_0?report=stdout") for number in range(2)]
    assert said == ["1 1048576 1 0,1\n1\n", "1 1\n"]


HOG = """\
import os, time
x = b'x' * (150 << 20)
time.sleep(60 if len(x) > int(os.environ["AWE_MEMORY"]) else 1)
"""
"""A command with 150 MB of memory until that is seen, if it may have less."""


@pytest_twisted.ensureDeferred
async def test_who_lacks_memory_runs_again_with_more_and_completes(server: Daemon) -> None:
    """With a control group, where the worker can make one, or watched."""
    start(server, "w", "--memory", "1G")
    hog = {"cmd": {"name": sys.executable, "args_array": ["-c", HOG]}, "resources": {"memory": "100M"}}
    done = await ended(server, job(hog))
    assert done["state"] == "completed", done
    first, second = done["tasks"][0]["attempts"]
    assert (first["cause"], first["asked"]["memory"]) == ("memory", 100 << 20)
    assert (second["cause"], second["asked"]["memory"]) == ("done", 200 << 20)
    assert second["used"]["memory"] > 0
    assert second["used"]["cpu"] > 0
    assert done["tasks"][0]["resources"] == {"memory": "100M"}


@pytest_twisted.ensureDeferred
async def test_who_sleeps_past_its_walltime_has_failed_for_time(server: Daemon) -> None:
    start(server)
    failed = await ended(server, job({**shell("exec sleep 60"), "walltime": 1, "retry": {"time": 0}}))
    assert (failed["state"], failed["error"]["cause"]) == ("suspend", "time")
    assert [one["cause"] for one in failed["tasks"][0]["attempts"]] == ["time"]


@pytest_twisted.ensureDeferred
async def test_whose_worker_is_killed_is_lost_and_costs_nothing_of_the_other_tries(stage: Stage) -> None:
    config = stage.folder / "awed.conf"
    config.write_text("[Server]\nheartbeat_limit = 1\nmax_work_failure = 1\n")
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    worker = start(daemon, "v")
    begun, go = stage.folder / "begun", stage.folder / "go"
    submitted = await daemon.submit(job(shell(f"echo >> {begun}; until [ -e {go} ]; do sleep 0.05; done")))
    await until(begun.exists)
    worker.signal("KILL")
    await daemon.program.said("silent for too long")
    go.touch()
    start(daemon, "w")
    done = await reaches(daemon, submitted["id"], "completed", "suspend")
    assert done["state"] == "completed", done
    assert [one["cause"] for one in done["tasks"][0]["attempts"]] == ["lost", "done"]


@pytest_twisted.ensureDeferred
async def test_one_user_has_no_more_at_work_than_the_configuration_says(stage: Stage) -> None:
    config = stage.folder / "awed.conf"
    config.write_text("[Server]\nfair_share = true\n[Limits]\nuser_work_out = 1\n")
    daemon = stage.daemon("--config", str(config))
    await daemon.start()
    start(daemon, "w", "--cores", "4")
    begun, go = stage.folder / "begun", stage.folder / "go"
    submitted = await daemon.submit(job(*2 * [shell(f"echo >> {begun}; until [ -e {go} ]; do sleep 0.05; done")]))
    await until(begun.exists)
    (waits,) = (await daemon.call("GET", f"/job/{submitted['id']}?explain"))["tasks"]
    assert (waits["state"], waits["why"]) == ("share", "waits: as many workunits of its user run as may: 1")
    assert begun.read_text() == "\n"
    go.touch()
    await reaches(daemon, submitted["id"], "completed")
