"""How many commands a second real workers run, each result durable, next to a plain loop in as many processes."""

from collections.abc import Iterator

from bench.common import clients
from bench.common.figures import Figure
from bench.common.loop import loop
from bench.common.program import Program, Server, fresh_daemon, workers

COMMANDS = 2000
WORKERS = 2


def measure(runs: int) -> Iterator[list[Figure]]:
    with fresh_daemon() as daemon, workers(daemon, WORKERS) as running:
        for _ in range(runs):
            yield list(_commands(daemon, running))


def _commands(daemon: Server, running: list[Program]) -> Iterator[Figure]:
    plain = COMMANDS / loop(COMMANDS, WORKERS)
    server, own = daemon.cpu(), sum(worker.cpu() for worker in running)
    rate = COMMANDS / clients.complete(daemon.address, clients.job(tasks=COMMANDS))
    yield Figure(f"{COMMANDS:,} commands, {WORKERS} workers", rate, "commands/s", at_least=1000)
    yield Figure("a plain loop in as many processes", plain, "commands/s")
    yield Figure("ratio", rate / plain, "", at_least=0.4)
    yield Figure("server", (daemon.cpu() - server) / COMMANDS * 1e6, "us CPU/command")
    yield Figure("workers", (sum(worker.cpu() for worker in running) - own) / COMMANDS * 1e6, "us CPU/command")
