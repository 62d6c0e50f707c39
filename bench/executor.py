"""How long functions of a millisecond take at two workers: many of them in chunks, and each by itself."""

import time
from collections.abc import Iterator

from awed.client import AweExecutor, Client
from bench.common.figures import Figure
from bench.common.program import fresh_daemon, workers

CALLS, CHUNK, ALONE = 1000, 100, 50
MOMENT = 0.001
"""Seconds that a function takes."""


def measure(runs: int) -> Iterator[list[Figure]]:
    with fresh_daemon() as daemon, workers(daemon, 2), AweExecutor(Client(daemon.url)) as executor:
        for _ in range(runs):
            began = time.perf_counter()
            list(executor.map(time.sleep, [MOMENT] * CALLS, chunksize=CHUNK))
            mapped = time.perf_counter()
            for future in [executor.submit(time.sleep, MOMENT) for _ in range(ALONE)]:
                future.result()
            alone = (time.perf_counter() - mapped) / ALONE
            yield [
                Figure(f"{CALLS} functions, {CHUNK} in a workunit", mapped - began, "s", at_most=3),
                Figure("a function that is a job of its own", alone * 1e3, "ms"),
            ]
