"""How long a step of a chain takes, its command included: each begins once the one before is durable."""

from collections.abc import Iterator

from bench.common import clients
from bench.common.figures import Figure
from bench.common.loop import loop
from bench.common.program import fresh_daemon, workers

STEPS = 300


def measure(runs: int) -> Iterator[list[Figure]]:
    with fresh_daemon() as daemon, workers(daemon, 1):
        for _ in range(runs):
            plain = loop(STEPS, 1) / STEPS
            step = clients.complete(daemon.address, clients.job(tasks=STEPS, chain=True)) / STEPS
            yield [
                Figure(f"a step of a chain of {STEPS}", step * 1e3, "ms", at_most=3),
                Figure("a command in a plain loop", plain * 1e3, "ms"),
            ]
