"""One crash test: rounds of killing, then everything is driven to its end and compared with the ledger."""

import random
import threading
import time
from collections import Counter
from pathlib import Path

from tests.integration.crash.actors import Actor, Ledger, Submitter, Worker
from tests.integration.crash.server import Connection, Server

SUBMITTERS, WORKERS = 2, 4

LONGEST_LIFE = 1.2
"""Seconds that a daemon lives at most."""

END = 120
"""Seconds for all work that is left when the killing is over."""


def play(folder: Path, rounds: int, store: str = "", seed: int | None = None) -> Ledger:
    """Kill the daemon *rounds* times. The ledger has the numbers, and every fault that was found."""
    chance = random.Random(seed)
    server, ledger, up = Server(folder, store), Ledger(), threading.Event()
    server.start()
    submitters = [Submitter(server, ledger, up, chance.randrange(1 << 30)) for _ in range(SUBMITTERS)]
    workers = [Worker(server, ledger, up, chance.randrange(1 << 30)) for _ in range(WORKERS)]
    for actor in [*submitters, *workers]:
        actor.start()
    for _ in range(rounds):
        up.set()
        time.sleep(chance.uniform(0.01, LONGEST_LIFE))
        up.clear()
        server.kill()
        server.start()
        ledger.numbers["kills"] += 1
    up.set()
    conclude(server, ledger, submitters, workers)
    return ledger


def conclude(server: Server, ledger: Ledger, submitters: list[Submitter], workers: list[Worker]) -> None:
    """Let the workers finish everything, compare what is stored with the ledger, and stop the daemon."""
    _end(submitters)
    _finish(server, ledger)
    _end(workers)
    if not ledger.faults:
        _compare(Connection(server), ledger)
    server.stop()


def _end(actors: list[Submitter] | list[Worker]) -> None:
    everyone: list[Actor] = [*actors]
    for actor in everyone:
        actor.stop()
    for actor in everyone:
        actor.join(60)


def _finish(server: Server, ledger: Ledger) -> None:
    """Let the workers work until nothing is left."""
    http, deadline = Connection(server), time.monotonic() + END
    while time.monotonic() < deadline and not ledger.faults:
        queue = http.ask("GET", "/queue", {"json": ""}).data
        if queue["jobs"]["total"] == 0:
            return
        _recount(http, ledger)
        time.sleep(0.2)
    ledger.fault(f"not finished: {http.ask('GET', '/queue', {'json': ''}).data}")


def _recount(http: Connection, ledger: Ledger) -> None:
    """Nothing that was acknowledged as done may be in the queue."""
    done = set(ledger.done)
    answer = http.ask("GET", "/work")
    if answer.status != 200:
        ledger.fault(f"GET /work: {answer}")
        return
    for unit in answer.data:
        if unit["wuid"] in done:
            ledger.fault(f"{unit['wuid']} is {unit['state']} although its result was acknowledged")


def _compare(http: Connection, ledger: Ledger) -> None:
    page = http.ask("GET", "/job", {"limit": "0"})
    if page.status != 200:
        ledger.fault(f"GET /job: {page}")
        return
    stored = {job["id"]: job for job in page.data}
    ledger.numbers["jobs stored"] = len(stored)
    for job_id, works in ledger.jobs.items():
        if job_id not in stored:
            ledger.fault(f"acknowledged job {job_id} is gone")
        elif stored[job_id]["state"] != "completed":
            ledger.fault(f"job {job_id} is {stored[job_id]['state']}")
        elif sum(task["totalwork"] for task in stored[job_id]["tasks"]) != works:
            ledger.fault(f"job {job_id} has not the tasks that were submitted")
    for job_id, job in stored.items():
        if job["remaintasks"] or any(task["remainwork"] for task in job["tasks"]):
            ledger.fault(f"job {job_id} is completed and has work left")
        _compare_results(http, ledger, job_id)
    queue = http.ask("GET", "/queue", {"json": ""}).data
    left = Counter({name: queue[name]["total"] for name in ("jobs", "tasks", "workunits")})
    if left.total():
        ledger.fault(f"the queue counts {left} although everything is done")


def _compare_results(http: Connection, ledger: Ledger, job_id: str) -> None:
    """Each workunit's stored output is the one that was acknowledged, or one that was sent and got no answer."""
    report = http.ask("GET", f"/job/{job_id}", {"report": ""}).data
    for task in report["tasks"]:
        for unit in task["workunits"]:
            wuid, output = unit["wuid"], unit["logs"]["stdout"]
            acknowledged = ledger.done.get(wuid, output)
            if output != acknowledged or output not in ledger.sent.get(wuid, set()):
                ledger.fault(f"{wuid}: {output!r} is stored, {acknowledged!r} was acknowledged")
