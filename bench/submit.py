"""How many jobs a second are submitted, each durable before its answer; and how long a job of 10,000 tasks takes."""

from collections.abc import Iterator

from bench.common import clients
from bench.common.figures import Figure
from bench.common.pace import held, paced
from bench.common.program import Server, fresh_daemon
from bench.common.wire import Script

JOBS = 2000
CLIENTS = 4
TASKS = 10_000


def measure(runs: int) -> Iterator[list[Figure]]:
    for _ in range(runs):
        with fresh_daemon() as daemon:
            yield [*_many_jobs(daemon), *_large_job(daemon)]


def _many_jobs(daemon: Server) -> Iterator[Figure]:
    request = clients.submission(clients.job())
    pace = paced(daemon, JOBS, [_again(request, JOBS // CLIENTS) for _ in range(CLIENTS)])
    yield Figure(f"{CLIENTS} clients, jobs of one task", pace.per_second, "jobs/s", at_least=500)
    yield Figure("server", pace.cpu, "us CPU/job")


def _again(request: bytes, times: int) -> Script:
    for _ in range(times):
        (yield request).data()


def _large_job(daemon: Server) -> Iterator[Figure]:
    hold = held(daemon, clients.submission(clients.job(tasks=TASKS)))
    yield Figure(f"a job of {TASKS:,} tasks", hold.took, "s", at_most=1)
    yield Figure("the longest answer meanwhile", hold.longest * 1e3, "ms", at_most=50)
