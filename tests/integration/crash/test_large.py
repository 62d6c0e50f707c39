"""A large job whose submission is cut off by a kill is whole or not there at all."""

import json
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from awed.model.ids import new_id
from tests.integration.crash.server import Away, Connection, Server
from tests.integration.mongodb import database, mongodb

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

TASKS = 2_000
ROUNDS = 4


@pytest.mark.timeout(240)
def test_on_sqlite(tmp_path: Path) -> None:
    assert play(tmp_path) == []


@pytest.mark.timeout(240)
@ensureDeferred
async def test_on_mongodb(tmp_path: Path, mongodb: str) -> None:
    assert await deferToThread(play, tmp_path, database(mongodb)) == []


def play(folder: Path, store: str = "") -> list[str]:
    """Kill the daemon in the middle of a submission, again and again. Returns what was wrong afterwards."""
    server, faults = Server(folder, store), list[str]()
    server.start()
    began = time.monotonic()
    submit(server, new_id(), TASKS)
    takes = time.monotonic() - began
    for _ in range(ROUNDS):
        job_id = new_id()
        asking = threading.Thread(target=submit, args=(server, job_id, TASKS))
        asking.start()
        time.sleep(takes * random.uniform(0.3, 1.0))
        server.kill()
        asking.join()
        server.start()
        faults += look(server, job_id)
    server.stop()
    return faults


def submit(server: Server, job_id: str, tasks: int) -> None:
    document = {"id": job_id, "tasks": [{"taskid": str(n), "cmd": {"name": "true"}} for n in range(tasks)]}
    with suppress(Away):
        Connection(server).ask("POST", "/job", part=("upload", json.dumps(document).encode()))


def look(server: Server, job_id: str) -> list[str]:
    found = Connection(server).ask("GET", f"/job/{job_id}")
    if found.status == 200:
        return [] if len(found.data["tasks"]) == TASKS else [f"a job has {len(found.data['tasks'])} tasks"]
    submit(server, job_id, 1)  # its id is free, and it gets no tasks of the job that is not there
    tasks = len(Connection(server).ask("GET", f"/job/{job_id}").data["tasks"])
    return [] if tasks == 1 else [f"{tasks} tasks of a job that is not there"]
