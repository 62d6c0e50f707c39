"""The longest wait for an answer while the server changes very many jobs, tasks or workunits at once."""

from collections.abc import Iterator

import msgspec

from bench.common import clients
from bench.common.figures import Figure
from bench.common.pace import held
from bench.common.program import Server, fresh_daemon
from bench.common.wire import ask, fields, forms, request

TASKS = 100_000
PADDING = "x" * 200
"""An argument of each of them, which makes the document 35 MB long."""

REPORTS = 20
LOG = 1 << 20
ATTRIBUTE = 3_500_000
FILE = 16 << 20
JOINED = 5
"""Workunits with logs, bytes of each of their two logs, of an attribute of a job, of a file, and how often that is
joined."""

JOBS = 5_000
LISTED = 20_000

MOST = 50.0
"""Milliseconds for which nobody may hold the reactor."""


def measure(runs: int) -> Iterator[list[Figure]]:
    for _ in range(runs):
        with fresh_daemon() as daemon:
            figures = [*_large_job(daemon)]
        with fresh_daemon() as daemon:
            figures += _dear_views(daemon)
        with fresh_daemon() as daemon:
            yield [*figures, *_many_jobs(daemon)]


def _large_job(daemon: Server) -> Iterator[Figure]:
    document = clients.job(tasks=TASKS)
    for task in document["tasks"]:
        task["cmd"]["args"] = PADDING
    submission = clients.submission({**document, "id": (job_id := "6d9cc558-0f5a-4f0e-8a53-5d5a0d5b6c11")})
    yield from _figure(daemon, f"submit {TASKS:,} tasks, {len(submission) >> 20} MB", submission)
    for name, change in {
        "suspend": "suspend",
        "resume": "resume",
        "expiration": "expiration=1D",
        "priority": "priority=2",
        "group": "clientgroup=g",
    }.items():
        yield from _figure(daemon, name, request("PUT", f"/job/{job_id}?{change}"))
    yield from _figure(daemon, "ACL", request("PUT", f"/job/{job_id}/acl/read?users=somebody"))
    yield from _figure(daemon, "suspend", request("PUT", f"/job/{job_id}?suspend"))
    yield from _figure(daemon, "resubmit", request("PUT", f"/job/{job_id}?resubmit"))
    yield from _figure(daemon, "delete", request("DELETE", f"/job/{job_id}?full"))


def _many_jobs(daemon: Server) -> Iterator[Figure]:
    for number in range(LISTED):
        job_id = msgspec.json.decode(ask(daemon.address, clients.submission(clients.job())).data())["id"]
        if number < JOBS:
            ask(daemon.address, request("PUT", f"/job/{job_id}?suspend")).data()
    yield from _figure(daemon, f"list {LISTED:,} jobs, minimal", request("GET", "/job?limit=0&verbosity=minimal"))
    yield from _figure(daemon, f"resume {JOBS:,} jobs", request("PUT", "/job?resumeall"))


def _dear_views(daemon: Server) -> Iterator[Figure]:
    [name] = clients.register(daemon.address, 1)
    job_id = clients.submit(daemon.address, clients.job(work=REPORTS))["id"]
    for unit in clients.handed_list.decode(_ask(daemon, "GET", f"/work?client={name}&max={REPORTS}")):
        body, content_type = forms([("perf", b"{}"), ("stdout", LOG * b"x"), ("stderr", LOG * b"x")])
        path = f"/work/{unit.wuid}?status=done&client={name}"
        ask(daemon.address, request("PUT", path, body, content_type)).data()
    yield from _figure(daemon, f"report of {REPORTS} x 2 MB", request("GET", f"/job/{job_id}?report"))
    yield from _figure(daemon, "its perf", request("GET", f"/job/{job_id}?perf"))
    document = clients.job(work=300)
    document["info"]["userattr"] = {"large": ATTRIBUTE * "x"}
    clients.submit(daemon.address, document)
    yield from _figure(daemon, "checkout of a job of 3.5 MB", request("GET", f"/work?client={name}&max=300"))
    upload = request("POST", "/node", *forms([("upload", FILE * b"x")]))
    node_id = msgspec.json.decode(ask(daemon.address, upload).data())["id"]
    body, content_type = fields({"type": "virtual", "source": ",".join([node_id] * JOINED)})
    yield from _figure(daemon, f"join of {JOINED} x 16 MB", request("POST", "/node", body, content_type))


def _ask(daemon: Server, method: str, path: str) -> bytes:
    return ask(daemon.address, request(method, path)).data()


def _figure(daemon: Server, name: str, asked: bytes) -> Iterator[Figure]:
    hold = held(daemon, asked)
    yield Figure(name, hold.longest * 1e3, "ms", at_most=MOST)
    yield Figure(f"{name}, server", hold.cpu * 1e3, "ms CPU", at_most=MOST)
