"""How many workunits a second are handed out and reported, next to a Klein application with constant answers; and how
many if a request is about several."""

from collections.abc import Iterator

from bench.common import clients
from bench.common.figures import Figure
from bench.common.pace import paced
from bench.common.program import Server, constant_server, fresh_daemon, pinned

WORK = 4000
"""Workunits of a run."""

GOALS = {8: 0.7}
"""The ratio that is wanted, by the number of clients. A lone one waits for the disk with each request."""

MANY, AT_ONCE = 16_000, 16
"""Workunits of a run that hands out and reports several in one request, and how many."""


def measure(runs: int) -> Iterator[list[Figure]]:
    with pinned(), constant_server() as constant, fresh_daemon() as daemon:
        for _ in range(runs):
            yield [figure for number in (1, 8) for figure in _drain(constant, daemon, number)]


def _drain(constant: Server, daemon: Server, number: int) -> Iterator[Figure]:
    names = clients.register(daemon.address, number)
    clients.submit(daemon.address, clients.job(tasks=WORK))
    yardstick = paced(constant, WORK, [clients.worker(name, WORK // number) for name in names])
    single = paced(daemon, WORK, [clients.worker(name, WORK // number) for name in names])
    yield from yardstick.figures(f"clients: {number}, constant answers", "pair")
    yield from single.figures(f"clients: {number}", "pair")
    yield Figure(
        f"clients: {number}, ratio", single.per_second / yardstick.per_second, "", at_least=GOALS.get(number)
    )
    clients.register(daemon.address, number, tells=True)
    clients.submit(daemon.address, clients.job(tasks=WORK, kinds=clients.KINDS))
    needs = paced(daemon, WORK, [clients.worker(name, WORK // number) for name in names])
    yield from needs.figures(f"clients: {number}, {clients.KINDS} kinds of needs", "pair")
    yield Figure(f"clients: {number}, kinds to none, server", needs.cpu / single.cpu, "", at_most=clients.NEEDS_COST)
    clients.submit(daemon.address, clients.job(tasks=MANY))
    many = paced(daemon, MANY, [clients.batch_worker(name, AT_ONCE, MANY // number) for name in names])
    yield from many.figures(f"clients: {number}, {AT_ONCE} at once", "workunit")
    yield Figure(
        f"clients: {number}, {AT_ONCE} at once to single", many.per_second / single.per_second, "", at_least=3
    )
