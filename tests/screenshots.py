"""``make screenshots``: pictures of each page, dark and light, wide and narrow."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench.common import clients
from bench.common.program import Server, fresh_daemon
from tests.integration.browser import window

ROOT = Path(__file__).parents[1]
WIDTHS = {1280: 800, 375: 812, 1920: 1080}
SCHEMES = ("light", "dark")

Task = dict[str, Any]


def main(folder: Path) -> None:
    """Put the pictures into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    with fresh_daemon() as daemon:
        url = "http://{}:{}".format(*daemon.address)
        workers = [_worker(url, folder / name, name) for name in ("node-3", "node-7")]
        try:
            jobs = _submit(daemon)
            _wait(url, jobs["assembly"], "suspend")
            _wait(url, jobs["survey"], "completed")
            for scheme in SCHEMES:
                for width, height in WIDTHS.items():
                    size = {"width": width, "height": height}
                    with window(url, viewport=size, color_scheme=scheme) as look:
                        for name, path in _pages(jobs):
                            look.go(path)
                            look.page.wait_for_timeout(200)
                            look.page.screenshot(path=folder / f"{name}-{scheme}-{width}.png")
        finally:
            for worker in workers:
                for number in (signal.SIGTERM, signal.SIGINT):  # the second ends what it runs
                    worker.send_signal(number)
                worker.wait()


def _worker(url: str, folder: Path, name: str) -> subprocess.Popen[bytes]:
    options = ("--server", url, "--workdir", str(folder), "--name", name, "--slots", "2")
    return subprocess.Popen([sys.executable, "-m", "awed.worker", *options], stderr=subprocess.DEVNULL)


def _pages(jobs: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "jobs", ""
    yield from ((name, name) for name in ("submit", "workers", "queue", "farm", "api", "login"))
    yield "job", f"job/{jobs['amplicon']}"
    yield "task", f"job/{jobs['assembly']}/task/assemble"
    for tab in ("timeline", "tasks", "files", "document", "events"):
        yield tab, f"job/{jobs['amplicon']}?tab={tab}"


def _submit(daemon: Server) -> dict[str, str]:
    def task(name: str, command: str, args: str = "", after: str = "") -> Task:
        return {"taskid": name, "cmd": {"name": command, "args": args}, "dependsOn": after.split()}

    sleep = "sleep"
    amplicon = [
        task("fetch", sleep, "1"),
        task("align1", sleep, "2", "fetch"),
        task("align2", sleep, "1", "fetch"),
        task("qc", sleep, "1", "fetch"),
        task("merge", sleep, "1", "align1 align2"),
        task("call", sleep, "600", "merge qc"),
        task("report", "true", "", "call"),
    ]
    work = "echo reading 2,000,000 reads; head -c 90M /dev/zero | tail >/dev/null; sleep 1"
    failing = f"-c '{work}; echo reads.fq: no such file >&2; exit 3'"
    assembly = [
        task("trim", "true"),
        task("assemble", "bash", failing, "trim") | {"resources": {"cores": 1, "memory": "200M"}},
        task("annotate", "true", "", "assemble"),
    ]
    documents: dict[str, tuple[dict[str, Any], list[Task]]] = {
        "training": ({"name": "train the classifier", "clientgroups": "gpu"}, [task("train", "python3", "train.py")]),
        "assembly": ({"name": "soil metagenome, assembly", "project": "soil", "retry": {"exit": 1}}, assembly),
        "amplicon": ({"name": "amplicon run 7", "project": "amplicon", "pipeline": "soil"}, amplicon),
        "survey": (
            {"name": "lake survey", "project": "lakes"},
            [task("count", "true"), task("plot", "true", "", "count")],
        ),
    }
    return {
        name: clients.submit(daemon.address, {"info": info, "tasks": tasks})["id"]
        for name, (info, tasks) in documents.items()
    }


def _wait(url: str, job: str, state: str) -> None:
    """Until the job is in this state."""
    while True:
        with urlopen(f"{url}/job/{job}") as answer:
            if json.load(answer)["data"]["state"] == state:
                return
        time.sleep(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
