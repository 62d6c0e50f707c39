"""How fast a daemon loads its unfinished jobs at its start."""

import time
from collections.abc import Iterator
from pathlib import Path

from bench.common.figures import Figure
from bench.common.filling import fill
from bench.common.program import daemon, temporary

JOBS, TASKS = 100, 1000


def measure(runs: int) -> Iterator[list[Figure]]:
    with temporary() as empty, temporary() as full:
        fill(empty, 0, 0, finished=False)
        fill(full, JOBS, TASKS, finished=False)
        for _ in range(runs):
            start, restart = _seconds_to_start(empty), _seconds_to_start(full)
            yield [
                Figure("start with nothing", start, "s"),
                Figure(f"start with {JOBS * TASKS:,} unfinished tasks", restart, "s"),
                Figure("taken in", JOBS * TASKS / (restart - start), "tasks/s", at_least=20_000),
            ]


def _seconds_to_start(folder: Path) -> float:
    began = time.perf_counter()
    with daemon(folder):
        return time.perf_counter() - began
