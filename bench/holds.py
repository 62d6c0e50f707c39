"""The longest that somebody waits for an answer while the server does something about very many things at once."""

from collections.abc import Iterator

import msgspec

from bench.common import clients
from bench.common.figures import Figure
from bench.common.pace import held
from bench.common.program import Server, fresh_daemon
from bench.common.wire import ask, request

TASKS = 100_000
PADDING = "x" * 200
"""An argument of each of them, which makes the document 35 MB long."""

JOBS = 5_000
LISTED = 20_000

MOST = 50.0
"""Milliseconds for which nobody may hold the reactor."""


def measure(runs: int) -> Iterator[list[Figure]]:
    for _ in range(runs):
        with fresh_daemon() as daemon:
            figures = [*_large_job(daemon)]
        with fresh_daemon() as daemon:
            yield [*figures, *_many_jobs(daemon)]


def _large_job(daemon: Server) -> Iterator[Figure]:
    document = clients.job(tasks=TASKS)
    for task in document["tasks"]:
        task["cmd"]["args"] = PADDING
    submission = clients.submission({**document, "id": (job_id := "6d9cc558-0f5a-4f0e-8a53-5d5a0d5b6c11")})
    yield _figure(daemon, f"submit {TASKS:,} tasks, {len(submission) >> 20} MB", submission)
    for name, change in {
        "suspend": "suspend",
        "resume": "resume",
        "expiration": "expiration=1D",
        "priority": "priority=2",
        "group": "clientgroup=g",
    }.items():
        yield _figure(daemon, name, request("PUT", f"/job/{job_id}?{change}"))
    yield _figure(daemon, "ACL", request("PUT", f"/job/{job_id}/acl/read?users=somebody"))
    yield _figure(daemon, "suspend", request("PUT", f"/job/{job_id}?suspend"))
    yield _figure(daemon, "resubmit", request("PUT", f"/job/{job_id}?resubmit"))
    yield _figure(daemon, "delete", request("DELETE", f"/job/{job_id}?full"))


def _many_jobs(daemon: Server) -> Iterator[Figure]:
    for number in range(LISTED):
        job_id = msgspec.json.decode(ask(daemon.address, clients.submission(clients.job())).data())["id"]
        if number < JOBS:
            ask(daemon.address, request("PUT", f"/job/{job_id}?suspend")).data()
    yield _figure(daemon, f"list {LISTED:,} jobs, minimal", request("GET", "/job?limit=0&verbosity=minimal"))
    yield _figure(daemon, f"resume {JOBS:,} jobs", request("PUT", "/job?resumeall"))


def _figure(daemon: Server, name: str, asked: bytes) -> Figure:
    return Figure(name, held(daemon, asked).longest * 1e3, "ms", at_most=MOST)
