"""A worker delivers files through a relay that cuts one upload in ten: finished work is never lost.

``python -m tests.integration.crash.uploads [TASKS]``
"""

import json
import random
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from hashlib import md5
from pathlib import Path
from typing import Any

from tests.integration.crash.long_task import end_of, worker
from tests.integration.crash.server import Connection, Server
from tests.integration.relay import Relay, reset

ONE_IN = 10

SIZE = 300_000
"""Bytes of each file."""


class Cutting(Relay):
    """Cuts one upload in :data:`ONE_IN`: somewhere in its body, or when the answer comes."""

    def __init__(self, port: int, seed: int) -> None:
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._unanswered: set[socket.socket] = set()
        self.uploads = 0
        self.cuts = 0
        super().__init__(port)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        left = None
        with suppress(OSError):
            while data := source.recv(65536):
                if data.startswith(b"PUT /node/"):
                    left = self._left(source)
                if sink in self._unanswered or (left is not None and left < len(data)):
                    with self._lock:
                        self.cuts += 1
                    if left is not None:
                        sink.sendall(data[:left])
                    break
                sink.sendall(data)
                left = None if left is None else left - len(data)
        for end in (source, sink):
            reset(end)

    def _left(self, source: socket.socket) -> int | None:
        """After how many bytes the upload that begins now is cut; None if it is not, or not before its answer."""
        with self._lock:
            self.uploads += 1
            if self.uploads % ONE_IN:
                return None
            if self._chance.random() < 1 / 3:
                self._unanswered.add(source)
                return None
            return self._chance.randrange(SIZE)


def play(folder: Path, tasks: int, seed: int = 1) -> tuple[list[str], str]:
    """What is wrong in the end, and how it went."""
    server, count = Server(folder), folder / "count"
    server.start()
    relay, http = Cutting(server.port, seed), Connection(server)
    job_id = http.ask("POST", "/job", part=("upload", json.dumps(_document(tasks, count)).encode())).data["id"]
    with worker(folder, relay.port, "--slots", "4"):
        state = end_of(http, job_id, time.monotonic() + 60 + tasks)
    job = http.ask("GET", f"/job/{job_id}").data
    faults = [f"the job is {state}: {job['notes']}"] if state != "completed" else list(_wrong(job, server.port))
    runs = len(count.read_text().split())
    if runs != tasks:
        faults.append(f"{tasks} commands ran {runs} times")
    if not relay.cuts:
        faults.append("nothing was cut")
    relay.close()
    server.stop()
    return faults, f"{tasks} tasks, {relay.uploads} uploads, {relay.cuts} of them cut"


def _document(tasks: int, count: Path) -> dict[str, Any]:
    def task(number: int) -> dict[str, Any]:
        script = [f"echo x >> {count}", f"yes {number} | head -c {SIZE} > out"]
        return {"taskid": str(number), "cmd": {"name": "sh", "cmd_script": script}, "outputs": {"out": {}}}

    return {"info": {"noretry": True}, "tasks": [task(number) for number in range(tasks)]}


def _wrong(job: dict[str, Any], port: int) -> list[str]:
    """The files that are not what their commands made."""
    faults = []
    for number, task in enumerate(job["tasks"]):
        line = f"{number}\n".encode()
        made = (line * (SIZE // len(line) + 1))[:SIZE]
        url = f"http://127.0.0.1:{port}/node/{task['outputs'][0]['node']}?download"
        with urllib.request.urlopen(url) as answer:
            found = answer.read()
        if md5(found, usedforsecurity=False).digest() != md5(made, usedforsecurity=False).digest():
            faults.append(f"the file of task {number} is another one, of {len(found)} bytes")
    return faults


def main() -> int:
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        faults, told = play(Path(folder), tasks)
    print(f"{told}; {len(faults)} faults")
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
