"""What a checkout costs with few and with very many tasks in the queue."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from bench.common import clients
from bench.common.figures import Figure
from bench.common.program import Server, fresh_daemon, pinned
from bench.common.wire import Script, play, request

DEPTHS = (100, 1000, 10_000, 100_000)

BLOCK = 50
"""Checkouts in a row; as many new tasks follow, so that the depth stays what it is."""

BLOCKS = 10
"""Blocks of one run; those of the different depths take turns."""

CLIENT = "worker-0"


def measure(runs: int) -> Iterator[list[Figure]]:
    with pinned(), ExitStack() as stack:
        daemons = {depth: _filled(stack.enter_context(fresh_daemon()), depth) for depth in DEPTHS}
        for _ in range(runs):
            took: dict[int, list[float]] = {depth: [] for depth in DEPTHS}
            for _ in range(BLOCKS):
                for depth, daemon in daemons.items():
                    took[depth] += _block(daemon)
            cost = {depth: median(times) * 1e6 for depth, times in took.items()}
            ratio = Figure("the deepest to the shallowest", cost[DEPTHS[-1]] / cost[DEPTHS[0]], "", at_most=1.1)
            yield [*(Figure(f"{depth:,} queued", cost[depth], "us/checkout") for depth in DEPTHS), ratio]


def _filled(daemon: Server, depth: int) -> Server:
    clients.register(daemon.address, 1, slots=BLOCK)
    for _ in range(depth // 100):
        clients.submit(daemon.address, clients.job(tasks=100))
    return daemon


def _block(daemon: Server) -> list[float]:
    took: list[float] = []

    def script() -> Script:
        units = []
        for _ in range(BLOCK):
            began = time.perf_counter()
            answer = yield request("GET", f"/work?client={CLIENT}")
            took.append(time.perf_counter() - began)
            units.append(clients.handed.decode(answer.data()))
        for unit in units:
            yield clients.report(CLIENT, unit)
        yield clients.submission(clients.job(tasks=BLOCK))

    play(daemon.address, [script()])
    return took
