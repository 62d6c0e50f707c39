"""What the feed of events costs a daemon to which nobody listens: its processor time for checkouts and reports, next
to a daemon without the feed, in turns."""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from bench.common import clients
from bench.common.figures import Figure
from bench.common.pace import paced
from bench.common.program import Server, daemon, pinned, temporary

WORK, CLIENTS, TURNS = 200, 8, 10
"""Workunits of a turn, clients, and turns of a run."""

WITHOUT = """
from awed.scheduler import tellings
for name in ("job_change", "task_change", "work_change", "client_change"):
    setattr(tellings, name, lambda *of: None)
from awed.service.feed import Feed
Feed.numbered = lambda self, changes: []
"""


def measure(runs: int) -> Iterator[list[Figure]]:
    """Each run has daemons of its own: two processes that run the same code differ by some per cent."""
    with pinned():
        for _ in range(runs):
            with ExitStack() as stack:
                with_it, without = (
                    stack.enter_context(daemon(stack.enter_context(temporary()), without=lines))
                    for lines in ("", WITHOUT)
                )
                for server in (with_it, without):
                    _used(server)
                more = [_more(with_it, without, turn) for turn in range(TURNS)]
            yield [Figure("processor time with the feed, more by", statistics.median(more), "%", at_most=3)]


def _more(with_it: Server, without: Server, turn: int) -> float:
    """By how many per cent the first uses more; in one turn it begins, in the next the other."""
    servers = (with_it, without) if turn % 2 else (without, with_it)
    used = {server.pid: _used(server) for server in servers}
    return (used[with_it.pid] / used[without.pid] - 1) * 100


def _used(server: Server) -> float:
    """Seconds of processor time that a drain takes the server."""
    names = clients.register(server.address, CLIENTS)
    clients.submit(server.address, clients.job(tasks=WORK))
    before = server.fine_cpu()
    paced(server, WORK, [clients.worker(name, WORK // CLIENTS) for name in names])
    return server.fine_cpu() - before
