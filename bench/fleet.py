"""A thousand waiting clients: how soon they get new work, and what their heartbeats cost."""

import time
from collections.abc import Iterator

from bench.common import clients
from bench.common.figures import Figure
from bench.common.fleet import Fleet
from bench.common.pace import paced
from bench.common.program import Server, fresh_daemon
from bench.common.wire import Script, request

CLIENTS = 1000
PERIOD = 10.0
"""Seconds between two heartbeats of one client."""


def measure(runs: int) -> Iterator[list[Figure]]:
    for _ in range(runs):
        with fresh_daemon() as daemon:
            names = clients.register(daemon.address, CLIENTS)
            one = _wake(daemon, names, 1)
        with fresh_daemon() as daemon:
            names = clients.register(daemon.address, CLIENTS)
            everyone = _wake(daemon, names, CLIENTS)
            beat = paced(daemon, CLIENTS, [_heartbeats(names)])
        yield [
            Figure("from the submission of a task to a waiting client", one * 1e3, "ms"),
            Figure(f"from the submission of {CLIENTS:,} tasks to the last of as many clients", everyone, "s"),
            Figure("a heartbeat: server", beat.cpu, "us CPU"),
            Figure(f"heartbeats of {CLIENTS:,} clients", beat.cpu / 1e6 * CLIENTS / PERIOD * 100, "% of a core"),
        ]


def _wake(daemon: Server, names: list[str], tasks: int) -> float:
    with Fleet(daemon.address, names) as fleet:
        began = time.perf_counter()
        clients.submit(daemon.address, clients.job(tasks=tasks))
        return max(fleet.woken(tasks)) - began


def _heartbeats(names: list[str]) -> Script:
    for name in names:
        yield request("GET", f"/client/{name}?heartbeat")
