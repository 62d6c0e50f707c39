"""What every command of ``awe`` shows on a terminal of some width, and in a pipe.

``python -m tests.unit.cli.screens`` writes tests/data/screens anew: look at what changes.
"""

import fcntl
import hashlib
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyte
from msgspec import json
from msgspec.structs import replace

from awed.model.access import ShownGroup
from awed.model.client import Client
from awed.model.job import IO, Cmd, Info, Job, JobError
from awed.model.reasons import Explained, Waits, Why
from awed.model.remarks import Checked, Remark
from awed.model.states import ClientState, JobState, TaskState
from awed.wire.clients import ShownClient
from awed.wire.jobs import whole_line
from tests.unit.cli.fake import JOB_ID, FakeServer, fake_server, job, task

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "data" / "screens"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HEIGHT = 24
SCREENS = {"80": 80, "120": 120, "pipe": None}
"""The files, and how wide the screen is that they show; None: a pipe."""

COMMANDS = [
    "--help",
    "jobs --help",
    "nothing",
    "submit job.json",
    "submit job.json --wait",
    "submit job.json --dry-run",
    "check wrong.json",
    "wait greeting",
    "import job.json",
    "jobs",
    "jobs --watch",
    "jobs --state done",
    "job last",
    "logs last",
    "logs -f last",
    "why last",
    "why greeting",
    "why lost",
    "top",
    "put job.json",
    "get last",
    "get last --all -o out",
    "get last nothing",
    "crate last -o run.crate.zip",
    "crate greeting",
    "suspend last",
    "resume last",
    "rerun last",
    "recompute last gc --yes",
    "resubmit last",
    "delete last --yes",
    "delete --state done",
    "priority last 5",
    "group last fast,slow",
    "expire last 2D",
    "workers",
    "workers suspend w1",
    "workers suspend nobody",
    "queue",
    "queue resume",
    "groups",
    "events",
    "completion bash --help",
    "login --help",
    "user --help",
    "backup --help",
    "import-mongo --help",
]

_CHILD = """
import sys
from datetime import datetime
import awed.model.times
now = datetime.fromisoformat(sys.argv[1])
awed.model.times.now = lambda: now
from awed.cli.program import run
for line in sys.argv[2:]:
    print(f"$ awe {line}", flush=True)
    if status := run(line.split()):
        print(f"[exit status {status}]")
    print(flush=True)
"""

_CLOCK = re.compile(r"(?<!\d)\d:\d\d:\d\d|[\d.?]+ [kM]?B/s|http://127\.0\.0\.1:\d+")
"""What differs from run to run: durations that are measured, and the server's port."""


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def _numbered(number: int, made: Job) -> Job:
    return replace(made, id=f"{number:08}{JOB_ID[8:]}")


def _running(url: str) -> Job:
    gc = task(
        "gc",
        TaskState.COMPLETED,
        createddate=ago(7000),
        starteddate=ago(6990),
        completeddate=ago(6000),
        computetime=980,
        outputs=[IO("gc-content-of-all-contigs.tsv", host=url, node="n1", size=11)],
    )
    orfs = task("find-open-reading-frames", TaskState.IN_PROGRESS, after=("gc",), totalwork=120, remainwork=80)
    orfs.createddate, orfs.starteddate = ago(6000), ago(5990)
    merge = task("merge", TaskState.PENDING, after=("find-open-reading-frames",), outputs=[IO("orfs.fasta")])
    info = Info("assembly of the second sample, with all of its contigs", submittime=ago(7100), startedtime=ago(7000))
    return job(gc, orfs, merge, info=replace(info, project="metagenomes", user="ann", clientgroups="fast"))


def _failed() -> Job:
    broken = task("lambda", TaskState.SUSPEND, cmd=Cmd("cat", args="a.txt b.txt"))
    return job(
        broken,
        state=JobState.SUSPEND,
        info=Info("greeting", submittime=ago(90000), startedtime=ago(86500)),
        notes="workunit failed 3 time(s); the last time on w1: exit status 1. Look at its stderr",
        updatetime=ago(80000),
        error=JobError(
            clientfailed="c1",
            workfailed=f"{broken.taskid}_0",
            taskfailed=broken.taskid,
            servernotes="it failed 3 times, more often than its retries allow",
            worknotes="exit status 1",
            apperror="cat: a.txt: No such file or directory\n",
            status=JobState.SUSPEND,
        ),
    )


def _clients() -> list[Client]:
    fast = [
        Client(
            id=f"c{number:02}0d8f0-36b9-43a4-ae9c-a11546daa7ed",
            name=f"worker-of-node-{number}",
            group="fast",
            apps=["*"],
            regtime=ago(3600 * number),
            status=state,
            current_work={f"{JOB_ID}_find-open-reading-frames_{rank}": True for rank in range(1, busy + 1)},
            total_completed=1234,
            host=f"10.0.0.{number}",
            offers={"cores": 8.0},
            free={"cores": 8.0 - busy},
        )
        for number, state, busy in ((1, ClientState.BUSY, 3), (17, ClientState.IDLE, 0), (18, ClientState.SUSPEND, 0))
    ]
    other = Client(id="0e5", name="w1", group="slow", apps=["cat", "awk"], regtime=ago(30), host="10.0.1.200")
    return [*fast, other]


def _event(number: int, kind: str, state: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "time": "2026-11-30T12:00:00Z", "kind": kind, "state": state, "job": JOB_ID, **fields}


def script(server: FakeServer) -> None:
    """Have the server answer whatever the commands ask."""
    running, failed = _running(server.url), _numbered(2, _failed())
    gc, orfs, _ = running.tasks
    done = replace(
        running,
        state=JobState.COMPLETED,
        remaintasks=0,
        info=replace(running.info, completedtime=NOW),
        tasks=[gc, replace(orfs, state=TaskState.COMPLETED, remainwork=0, completeddate=ago(60)), gc],
    )
    small = _numbered(3, job(task("a", TaskState.COMPLETED), info=Info("hello", submittime=ago(5)), state=done.state))
    unmet = Remark("tasks[0]", "needs 64 GB of memory, and the most that a worker has is 1 GB")
    wrong = Remark("tasks[1].dependsOn", "there is no task gcc: did you mean gc?")
    near = Remark("tasks[0].memroy", "is not known here: did you mean memory?")
    nobody = Waits("merge", Why.AFTER, "waits for find-open-reading-frames", after=["find-open-reading-frames"])
    stuck = "waits: it needs 64 GB of memory, and the most that a worker of its groups has is 16 GB"
    answers: dict[str, Sequence[Any]] = {
        "POST /job": [_numbered(9, running)],
        f"GET /job/{_numbered(9, running).id}": [_numbered(9, running), _numbered(9, done)],
        "POST /job?check": [Checked(False, [wrong], [near], 3, 122, [unmet])],
        "POST /node": [{"id": "n1"}],
        f"GET /job/{JOB_ID}": [running],
        f"GET /job/{failed.id}": [failed],
        f"GET /job/{JOB_ID}?explain": [
            Explained(JOB_ID, "in-progress", "1 of 3 tasks done", [nobody, Waits("find-open", Why.NOBODY, stuck)])
        ],
        f"GET /job/{JOB_ID}?perf": [
            {"work_stats": {f"{gc.taskid}_0": {"client_id": _clients()[0].id, "runtime": 980}}}
        ],
        f"GET /job/{JOB_ID}?report": [
            {"tasks": [{"taskid": gc.taskid, "workunits": [{"rank": 0, "logs": {"stdout": "GC content: 0.51\n"}}]}]}
        ],
        "GET /client": [[ShownClient.of(client) for client in _clients()]],
        "GET /queue?json": [
            {
                "jobs": {"total": 3, "active": 1, "suspended": 1, "completed": 1},
                "tasks": {"total": 7, "in-progress": 1, "pending": 1, "completed": 4, "suspended": 1},
                "workunits": {"total": 80, "checkout": 3, "queuing": 77, "suspended": 0},
                "clients": {"total": 6, "busy": 1, "idle": 2, "suspended": 1},
            }
        ],
        "GET /cgroup?limit=0": [
            [
                ShownGroup(
                    id="g", name="fast", created_on=ago(9e6), expiration=ago(-9e7), ip_cidr="10.0.0.0/24", open=False
                )
            ]
        ],
        "GET /logger?event": [
            {
                "server": {"JQ": "job submitted, and its tasks are queued as they become ready"},
                "client": {"WI": "workunit received"},
            }
        ],
        "GET /node/n1": [
            {"id": "n1", "file": {"size": 11, "checksum": {"md5": hashlib.md5(b"contig\t0.51").hexdigest()}}}
        ],
        f"PUT /client/{_clients()[3].id}?suspend": ["client suspended"],
        "PUT /queue?resume": ["work queue resumed"],
        f"DELETE /job/{JOB_ID}": ["job deleted"],
        f"GET /work?query&jobid={JOB_ID}&state=checkout&order=checkout_time&direction=asc&limit=5": [
            [{"wuid": f"{orfs.taskid}_1"}]
        ],
    }
    for change in ("suspend", "resume", "recompute=gc", "priority=5", "clientgroup=fast%2Cslow", "expiration=2D"):
        answers[f"PUT /job/{JOB_ID}?{change}"] = [""]
    lists = {
        "mine&top&order=info.submittime&limit=1": [running],
        f"id_prefix={JOB_ID}&limit=5": [running],
        "query&info.name=greeting&limit=5": [failed],
        "query&info.name=lost&limit=5": [],
        "query=&state=completed&limit=0": [done, small],
    }
    for query, jobs in lists.items():
        lines = [{"id": one.id, "name": one.info.name, "state": [one.state]} for one in jobs]
        answers[f"GET /job?{query}&verbosity=minimal"] = [lines]
    answers["GET /job?top=true&order=info.submittime&limit=25"] = [[small, running, failed]]
    for query in (
        "top=true&order=info.submittime&limit=25",
        "query=&state=in-progress%2Cinit%2Cqueued%2Csuspend&top=true&order=info.submittime&limit=50",
    ):
        answers[f"GET /job?{query}&verbosity=line"] = [[whole_line(one) for one in (small, running, failed)]]
    answers["GET /job?query=&state=completed&top=true&order=info.submittime&limit=25"] = [[done, small]]
    for request, data in answers.items():
        server.on(request, *data)
    server.raw("GET /", (200, b'{"queue_status":"running"}'))
    server.raw("GET /node/n1?download", (200, b"contig\t0.51"))
    server.raw(f"GET /job/{failed.id}?crate", (200, b"a zip archive"))
    server.refuse(
        f"GET /job/{running.id}?crate",
        400,
        f"job {running.id} is in-progress: there is a crate when it has ended, or is suspended",
    )
    _script_events(server, orfs.taskid)


def _script_events(server: FakeServer, task_id: str) -> None:
    begun = _event(1, "work", "checkout", task=task_id, work=f"{task_id}_1", attempt=1)
    over = {"status": 200, "data": [begun, _event(2, "job", "suspend")], "error": None, "last": 2}
    none = {"status": 200, "data": [], "error": None, "last": 2}
    server.raw("GET /events", (200, json.encode(none)))
    server.raw(f"GET /events?since=0&job={JOB_ID}&wait=60.000", (200, json.encode(over)))
    server.raw(f"GET /events?since=2&job={JOB_ID}", (200, json.encode(none)))
    server.refuse("GET /events?since=2&wait=5.000", 401, "Invalid Auth Header")
    server.log(f"{task_id}_1", "stdout", b"contig 1: 12 frames\ncontig 2: 7 frames\n")
    server.log(f"{task_id}_1", "stderr", b"")
    server.raw("GET /events?since=2&wait=60.000", (200, json.encode(none)))
    for name, text in (("stdout", b"contig 1: 12 frames\n"), ("stderr", b"")):
        path = f"/work/{task_id}_1/log?stream={name}"
        server.headers[path] = {"Awe-Log-Offset": "0", "Awe-Log-End": str(len(text))}
        server.raw(f"GET {path}", (200, text))


def shown(server: FakeServer, folder: Path, width: int | None, **environ: str) -> tuple[str, bytes]:
    """What the commands show on a terminal of *width* columns, None: in a pipe; and the bytes that they print."""
    (folder / "job.json").write_text("{}")
    (folder / "wrong.json").write_text("{}")
    child, ours = _started(server, folder, COMMANDS, width, environ)
    output = b"".join(iter(partial(_read, ours), b""))
    child.wait()
    os.close(ours)
    if width is None:
        return _steady(output.decode().splitlines()), output
    screen = pyte.Screen(width, 3000)
    pyte.ByteStream(screen).feed(output)
    return _steady(screen.display), output


def top(server: FakeServer, folder: Path, width: int) -> str:
    """What ``awe top`` shows: its first screen, and a job that is opened by keys. It is ended by another one."""
    child, ours = _started(server, folder, ["top"], width, {}, keys=True)
    screen = pyte.Screen(width, HEIGHT)
    stream = pyte.ByteStream(screen)
    shown = ""
    steps = [("3 of 3 jobs", b"\x1b[B\r"), ("| contig", b"q")]
    for frame in _frames(ours):
        stream.feed(frame)
        if steps and steps[0][0] in "\n".join(screen.display):
            shown += _steady(screen.display)
            os.write(ours, steps.pop(0)[1])
    os.close(ours)
    return f"{shown}[exit status {child.wait()}]\n"


def _frames(terminal: int) -> Iterator[bytes]:
    """What is printed on a terminal from one return of the cursor to its home to the next."""
    home, begun = b"\x1b[H", b""
    while came := _read(terminal):
        *frames, begun = (begun + came).split(home)
        yield from (frame + home for frame in frames)


def _steady(lines: Sequence[str]) -> str:
    return _CLOCK.sub("...", "\n".join(line.rstrip() for line in lines).rstrip() + "\n")


def _started(
    server: FakeServer,
    folder: Path,
    commands: Sequence[str],
    width: int | None,
    environ: dict[str, str],
    *,
    keys: bool = False,
) -> tuple["subprocess.Popen[bytes]", int]:
    """A process that runs *commands*, and the file from which their output is read. *keys*: whether it is their
    standard input, too."""
    command = [sys.executable, "-u", "-c", _CHILD, NOW.isoformat(), *commands]
    settings = {"AWE_SERVER": server.url, "TZ": "UTC", "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(folder)}
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**known, "PYTHONPATH": str(ROOT), **settings, **environ}
    ours, theirs = os.pipe() if width is None else pty.openpty()
    if width is not None:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, width, 0, 0))
    stdin = theirs if keys else subprocess.DEVNULL
    child = subprocess.Popen(command, cwd=folder, env=environment, stdin=stdin, stdout=theirs, stderr=theirs)
    os.close(theirs)
    return child, ours


def _read(terminal: int) -> bytes:
    """What comes next; nothing at the end, which a terminal tells as an error."""
    with suppress(OSError):
        return os.read(terminal, 65536)
    return b""


def main() -> None:
    """Write the screens."""
    FOLDER.mkdir(exist_ok=True)
    for name, width in SCREENS.items():
        with fake_server() as server, TemporaryDirectory() as folder:
            script(server)
            (FOLDER / f"{name}.txt").write_text(shown(server, Path(folder), width)[0])
            if width is not None:
                (FOLDER / f"top-{name}.txt").write_text(top(server, Path(folder), width))


if __name__ == "__main__":
    main()
