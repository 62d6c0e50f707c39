"""A real worker runs one long task, while the daemon is killed and started again evenly over the time that it takes.

``python -m tests.integration.crash.long_task [KILLS] [SECONDS]``
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.crash.server import Connection, Server

PATIENCE = 60.0
"""Seconds for which the end is waited for when the command must be done."""


def play(folder: Path, kills: int, seconds: float) -> list[str]:
    """What the job is in the end, how often its command ran, and what it said."""
    server, count = Server(folder), folder / "count"
    http = Connection(server)
    server.start()
    script = [f"echo x >> {count}", f"sleep {seconds}", "echo result"]
    document = {"tasks": [{"taskid": "0", "cmd": {"name": "sh", "cmd_script": script}}]}
    job_id = http.ask("POST", "/job", part=("upload", json.dumps(document).encode())).data["id"]
    with worker(folder, server.port):
        while not count.exists():
            time.sleep(0.1)
        begun = time.monotonic()
        for number in range(1, kills + 1):
            time.sleep(max(0.0, begun + number * seconds / (kills + 1) - time.monotonic()))
            server.kill()
            server.start()
            http.close()
        state = end_of(http, job_id, begun + seconds + PATIENCE)
    said = http.ask("GET", f"/work/{job_id}_0_0", {"report": "stdout"}).data
    server.stop()
    return [state, f"{len(count.read_text().split())} run(s)", f"stdout {said!r}"]


@contextmanager
def worker(folder: Path, port: int, *options: str) -> Iterator[None]:
    """A worker as anybody starts it."""
    where = ("--server", f"http://127.0.0.1:{port}", "--workdir", str(folder / "work"), *options)
    with (folder / "worker.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "awed.worker", *where], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def end_of(http: Connection, job_id: str, deadline: float) -> str:
    """The job's state when it is at rest, or at the deadline."""
    while True:
        state = str(http.ask("GET", f"/job/{job_id}").data["state"])
        if state in ("completed", "suspend") or time.monotonic() > deadline:
            return state
        time.sleep(0.1)


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    with tempfile.TemporaryDirectory() as folder:
        found = play(Path(folder), kills, seconds)
    print(f"{kills} kills in {seconds:.0f} s: {', '.join(found)}")
    return found != ["completed", "1 run(s)", "stdout 'result\\n'"]


if __name__ == "__main__":
    sys.exit(main())
