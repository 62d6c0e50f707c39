"""A scripted server on loopback, and documents to put into its answers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import msgspec

from awed.model.job import Cmd, Info, Job, Task
from awed.model.states import JobState, TaskState

JOB_ID = "128068d0-9ebf-4027-a1c9-1578d354c940"


class Request(NamedTuple):
    """What came in; *body* with its chunks joined, *key* from Idempotency-Key."""

    method: str
    path: str
    authorization: str | None
    body: bytes
    key: str | None = None


class FakeServer:
    """Answers each request by its method and path; of several answers each is given once, the last one for ever."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.headers: dict[str, dict[str, str]] = {}
        """By path, those of its answer."""
        self._answers: dict[str, list[tuple[int, bytes]]] = {}

    def on(self, request: str, *data: Any) -> None:
        """Answer *request* (``GET /job/1?report``) with an envelope around *data*, in turn."""
        self.raw(request, *[(200, envelope(one)) for one in data])

    def log(self, work: str, stream: str, *pieces: bytes) -> None:
        """Answer for the log of a workunit that is done, piece by piece."""
        whole, offset = b"".join(pieces), 0
        for piece in pieces:
            for wait in ("20.0", "0"):
                path = f"/work/{work}/log?stream={stream}&offset={offset}&attempt=1&wait={wait}"
                self.headers[path] = {
                    "Awe-Log-Offset": str(offset),
                    "Awe-Log-End": str(len(whole)),
                    "Awe-Log-Complete": "true",
                }
                self.raw(f"GET {path}", (200, piece))
            offset += len(piece)

    def refuse(self, request: str, status: int, *texts: str) -> None:
        self.raw(request, (status, json.dumps({"status": status, "data": None, "error": list(texts)}).encode()))

    def raw(self, request: str, *answers: tuple[int, bytes]) -> None:
        """Answer with these statuses and bodies, in turn."""
        self._answers[request] = list(answers)

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.requests.append(request)
        answers = self._answers.get(f"{request.method} {request.path}")
        if answers is None:
            return 404, json.dumps({"status": 404, "data": None, "error": [f"not scripted: {request.path}"]}).encode()
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [f"{request.method} {request.path}" for request in self.requests]


def envelope(data: Any) -> bytes:
    """A good answer; a page's count is the length of a list."""
    total = len(data) if isinstance(data, list) else 0
    return msgspec.json.encode({"status": 200, "data": data, "error": None, "total_count": total})


@contextmanager
def fake_server() -> Iterator[FakeServer]:
    """A server that runs until the end of the block."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as listener:
        listener.daemon_threads = True
        fake = FakeServer(f"http://127.0.0.1:{listener.server_port}")
        listener.fake = fake  # type: ignore[attr-defined]
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            listener.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def _respond(self) -> None:
        fake: FakeServer = self.server.fake  # type: ignore[attr-defined]
        body = b"".join(self._chunks()) if self.headers["Transfer-Encoding"] == "chunked" else b""
        authorization, key = self.headers["Authorization"], self.headers["Idempotency-Key"]
        status, answer = fake.answer(Request(self.command, self.path, authorization, body, key))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        for name, text in fake.headers.get(self.path, {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_DELETE = _respond  # noqa: N815

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def task(name: str, state: TaskState = TaskState.QUEUED, *, after: tuple[str, ...] = (), **fields: Any) -> Task:
    """A task of the job :data:`JOB_ID`."""
    done = state is TaskState.COMPLETED
    fields.setdefault("remainwork", 0 if done else fields.get("totalwork", 1))
    return Task(
        taskid=f"{JOB_ID}_{name}",
        jobid=JOB_ID,
        state=state,
        cmd=fields.pop("cmd", Cmd(name="sort")),
        depends_on=[f"{JOB_ID}_{other}" for other in after],
        **fields,
    )


def job(*tasks: Task, state: JobState = JobState.IN_PROGRESS, name: str = "lambda", **fields: Any) -> Job:
    """A job of these tasks."""
    remaining = sum(one.state is not TaskState.COMPLETED for one in tasks)
    info = fields.pop("info", Info(name=name))
    return Job(id=JOB_ID, info=info, state=state, remaintasks=remaining, tasks=list(tasks), **fields)
