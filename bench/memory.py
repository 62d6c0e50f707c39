"""How much memory the daemon needs for each task that waits in the queue, and for each client that waits for work."""

from collections.abc import Iterator

from bench.common import clients
from bench.common.figures import Figure
from bench.common.fleet import Fleet
from bench.common.program import Server, fresh_daemon

JOBS, TASKS = 500, 100
ARRAYS, RANKS = 10, 10_000
CLIENTS = 1000


def measure(runs: int) -> Iterator[list[Figure]]:
    for _ in range(runs):
        with fresh_daemon() as daemon:
            tasks = _bytes_for(daemon, JOBS, clients.job(tasks=TASKS)) / (JOBS * TASKS)
        with fresh_daemon() as daemon:
            ranks = _bytes_for(daemon, ARRAYS, clients.job(work=RANKS)) / (ARRAYS * RANKS)
        with fresh_daemon() as daemon:
            idle = _bytes_for_clients(daemon) / CLIENTS
        yield [
            Figure("a queued task", tasks, "bytes", at_most=3 * 1024),
            Figure("a queued task of an array", ranks, "bytes", at_most=1024),
            Figure("an idle client", idle, "bytes", at_most=10 * 1024),
        ]


def _bytes_for(daemon: Server, jobs: int, document: clients.Document) -> int:
    clients.submit(daemon.address, document)
    before = daemon.memory()
    for _ in range(jobs):
        clients.submit(daemon.address, document)
    return daemon.memory() - before


def _bytes_for_clients(daemon: Server) -> int:
    clients.register(daemon.address, 1)
    before = daemon.memory()
    names = clients.register(daemon.address, CLIENTS)
    with Fleet(daemon.address, names):
        return daemon.memory() - before
