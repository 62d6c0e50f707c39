"""What a checkout and a hand-out cost with very many tasks in the queue, and with much that does not fit."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

import msgspec

from bench.common import clients
from bench.common.figures import Figure
from bench.common.fleet import Fleet
from bench.common.program import Server, fresh_daemon, pinned
from bench.common.wire import Script, ask, play, request

DEPTHS = (100, 1000, 10_000, 100_000)

KINDS_DEPTH = 10_000
"""The depth at which many kinds of needs are queued."""

BLOCK = 50
"""Checkouts, or submissions, in a row; as many new tasks follow, so that the depth stays what it is."""

BLOCKS = 10
"""Blocks of one run; those of the different daemons take turns."""

CLIENT = "worker-0"

TOO_LARGE, ROOM = 10**12, 10**9
"""Bytes of inputs of tasks that fit nobody's disk, and of free disk of those who wait."""

PATIENT = "[Server]\nheartbeat_limit = 3600\n"
"""Workers are silent while other daemons are asked."""

UNFIT = 5_000
WAITING, CROWD = 100, 1_000
RETURNED = 30_000


def measure(runs: int) -> Iterator[list[Figure]]:
    with pinned(), ExitStack() as stack:

        def fresh() -> Server:
            return stack.enter_context(fresh_daemon(PATIENT))

        depths = {depth: _filled(fresh(), depth) for depth in DEPTHS}
        returned = _returned(fresh())
        needs = _filled(fresh(), KINDS_DEPTH, clients.KINDS)
        waiting = {count: _unfit(fresh(), unfit) for count, unfit in ((BLOCK, 0), (WAITING, UNFIT), (CROWD, 1))}
        for daemon in (*depths.values(), returned):
            clients.register(daemon.address, 2, slots=BLOCK)
        clients.register(needs.address, 1, slots=BLOCK, tells=True)
        for count, daemon in waiting.items():
            clients.register(daemon.address, count)
        for _ in range(runs):
            yield [*_depths(depths, returned), *_kinds(depths[KINDS_DEPTH], needs), *_hand_outs(waiting)]


def _depths(depths: dict[int, Server], returned: Server) -> Iterator[Figure]:
    """A checkout from queues of all depths, and from one to which very many ranks of a task came back."""
    took: dict[int, list[float]] = {depth: [] for depth in (*depths, RETURNED)}
    for _ in range(BLOCKS):
        for depth, daemon in depths.items():
            took[depth] += _block(daemon, CLIENT)
        took[RETURNED] += _block(returned, "worker-1")
    cost = {depth: median(times) * 1e6 for depth, times in took.items()}
    for depth in depths:
        yield Figure(f"{depth:,} queued", cost[depth], "us/checkout")
    shallow = cost[DEPTHS[0]]
    yield Figure("the deepest to the shallowest", cost[DEPTHS[-1]] / shallow, "", at_most=1.1)
    yield Figure(f"{RETURNED:,} ranks came back", cost[RETURNED], "us/checkout")
    yield Figure("to the shallowest", cost[RETURNED] / shallow, "", at_most=1.2)


def _kinds(none: Server, needs: Server) -> Iterator[Figure]:
    """A checkout from a queue of many kinds of needs, and from one as deep where no task says any."""
    took: dict[int, list[float]] = {0: [], clients.KINDS: []}
    for _ in range(BLOCKS):
        took[0] += _block(none, CLIENT)
        took[clients.KINDS] += _block(needs, CLIENT, clients.KINDS)
    plain, of_kinds = (median(times) * 1e6 for times in took.values())
    yield Figure(f"{KINDS_DEPTH:,} queued, {clients.KINDS} kinds of needs", of_kinds, "us/checkout")
    yield Figure("to none", of_kinds / plain, "", at_most=clients.NEEDS_COST)


def _hand_outs(waiting: dict[int, Server]) -> Iterator[Figure]:
    """A submission whose task goes to one of those who wait, with more or less that fits nobody."""
    took: dict[int, list[float]] = {count: [] for count in waiting}
    for _ in range(BLOCKS):
        for count, daemon in waiting.items():
            took[count] += _submitted(daemon, count)
    cost = {count: median(times) * 1e6 for count, times in took.items()}
    yield Figure(f"{BLOCK} wait, nothing else is queued", cost[BLOCK], "us/hand-out")
    for count, unfit in ((WAITING, UNFIT), (CROWD, 1)):
        yield Figure(f"{count:,} wait, {unfit:,} fit nobody", cost[count], "us/hand-out")
        yield Figure("to nothing else", cost[count] / cost[BLOCK], "", at_most=1.2)


def _filled(daemon: Server, depth: int, kinds: int = 0) -> Server:
    for _ in range(depth // 100):
        clients.submit(daemon.address, clients.job(tasks=100, kinds=kinds))
    return daemon


def _returned(daemon: Server) -> Server:
    """One to which each rank of a large array came back, for it failed at its worker."""
    clients.register(daemon.address, 1)
    clients.submit(daemon.address, clients.job(work=RETURNED))

    def script() -> Script:
        units: list[clients.Handed] = []
        while len(units) < RETURNED:
            answer = yield request("GET", f"/work?client={CLIENT}&max=1000")
            units += clients.handed_list.decode(answer.data())
        for at in range(0, RETURNED, 1000):
            failed = [{"wuid": unit.wuid, "status": "fail", "exitstatus": 1} for unit in units[at : at + 1000]]
            (yield request("PUT", f"/work?client={CLIENT}", msgspec.json.encode(failed))).data()

    play(daemon.address, [script()])
    return daemon


def _unfit(daemon: Server, unfit: int) -> Server:
    """One with so many tasks that fit nobody."""
    tasks = [
        {"taskid": str(number), "cmd": {"name": "true"}, "inputs": [_too_large(number)]} for number in range(unfit)
    ]
    if tasks:
        clients.submit(daemon.address, {**clients.job(), "tasks": tasks})
    return daemon


def _too_large(number: int) -> clients.Document:
    return {"filename": "in", "url": "http://localhost/in", "size": TOO_LARGE + number}


def _block(daemon: Server, client: str, kinds: int = 0) -> list[float]:
    """Seconds of each of a few checkouts."""
    took: list[float] = []

    def script() -> Script:
        units = []
        for _ in range(BLOCK):
            began = time.perf_counter()
            answer = yield request("GET", f"/work?client={client}")
            took.append(time.perf_counter() - began)
            units.append(clients.handed.decode(answer.data()))
        for unit in units:
            yield clients.report(client, unit)
        yield clients.submission(clients.job(tasks=BLOCK, kinds=kinds))

    play(daemon.address, [script()])
    return took


def _submitted(daemon: Server, waiting: int) -> list[float]:
    """Seconds of each of a few submissions while so many workers wait; the jobs are removed."""
    took: list[float] = []
    submitted: list[str] = []

    def script() -> Script:
        for _ in range(BLOCK):
            began = time.perf_counter()
            answer = yield clients.submission(clients.job())
            took.append(time.perf_counter() - began)
            submitted.append(msgspec.json.decode(answer.data())["id"])

    with Fleet(daemon.address, [f"worker-{number}" for number in range(waiting)], room=ROOM) as fleet:
        play(daemon.address, [script()])
        fleet.woken(BLOCK)
    for job_id in submitted:
        ask(daemon.address, request("DELETE", f"/job/{job_id}?full")).data()
    return took
