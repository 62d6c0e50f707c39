"""How long a page of jobs takes with few and with very many jobs in the store, and what those cost in memory."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from bench.common.figures import Figure
from bench.common.filling import fill
from bench.common.program import Server, daemon, pinned, temporary
from bench.common.wire import Script, play, request

SIZES = (1000, 50_000, 200_000)

REQUESTS = 40
"""Pages asked for in a run, those of the different stores in turn."""

GOAL = 10.0
"""Milliseconds that a page may take, however many jobs there are."""


def measure(runs: int) -> Iterator[list[Figure]]:
    with pinned(), ExitStack() as stack:
        daemons = {}
        for size in SIZES:
            folder = stack.enter_context(temporary())
            fill(folder, size, tasks=3, finished=True)
            daemons[size] = stack.enter_context(daemon(folder))
        for _ in range(runs):
            took: dict[int, list[float]] = {size: [] for size in SIZES}
            for _ in range(REQUESTS):
                for size, server in daemons.items():
                    took[size].append(_page(server))
            pages = [Figure(f"25 of {size:,} jobs", median(took[size]) * 1e3, "ms", at_most=GOAL) for size in SIZES]
            memory = [
                Figure(f"daemon with {size:,} jobs", server.memory() / 1e6, "MB") for size, server in daemons.items()
            ]
            yield [*pages, *memory]


def _page(server: Server) -> float:
    began = time.perf_counter()

    def script() -> Script:
        (yield request("GET", "/job")).data()

    play(server.address, [script()])
    return time.perf_counter() - began
