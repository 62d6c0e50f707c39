"""What the page for people costs with very many jobs and tasks: time and size of its answers, waits of others."""

from collections.abc import Iterator, Mapping

from bench.common import clients
from bench.common.figures import Figure
from bench.common.filling import fill
from bench.common.pace import held
from bench.common.program import Server, daemon, temporary
from bench.common.wire import ask, request

JOBS = 200_000
TASKS = 10_000
SCATTERED = 2_500
DRAWN = 300

GOAL = 50.0
"""Milliseconds that the list may cost the daemon, and for which nobody may hold the reactor."""


def measure(runs: int) -> Iterator[list[Figure]]:
    with temporary() as folder:
        fill(folder, JOBS, tasks=3, finished=True)
        with daemon(folder) as server:
            pages = _pages(server)
            for _ in range(runs):
                yield [figure for name, path in pages.items() for figure in _figures(server, name, path)]


def _pages(server: Server) -> Mapping[str, str]:
    """The address of each page, by what is on it."""
    large = clients.submit(server.address, {**clients.job(tasks=TASKS), "info": {"name": "large"}})["id"]
    scatter = clients.submit(server.address, {"info": {"name": "scatter"}, "tasks": list(_scatter())})["id"]
    drawn = clients.submit(server.address, clients.job(tasks=DRAWN, chain=True))["id"]
    tabs = ("timeline", "tasks", "files", "document", "events")
    return {
        f"25 of {JOBS:,} jobs": "",
        "words in their names": "?q=bench+77",
        "those in a state": "?q=state:completed&offset=1000",
        f"graph of {TASKS:,} tasks": f"job/{large}",
        **{f"its {tab}": f"job/{large}?tab={tab}" for tab in tabs},
        f"graph of {2 * SCATTERED + 2:,} tasks": f"job/{scatter}",
        f"graph of {DRAWN} tasks": f"job/{drawn}",
        "a task": f"job/{drawn}/task/7",
        "submit": "submit",
        "workers": "workers",
        "queue": "queue",
        "farm": "farm",
        "API": "api?of=node",
    }


def _scatter() -> Iterator[dict[str, object]]:
    """Split, align each part, sort it, and merge all."""
    yield {"taskid": "split", "cmd": {"name": "split"}}
    for number in range(SCATTERED):
        yield {"taskid": f"a{number}", "cmd": {"name": "align"}, "dependsOn": ["split"]}
        yield {"taskid": f"s{number}", "cmd": {"name": "sort"}, "dependsOn": [f"a{number}"]}
    yield {"taskid": "merge", "cmd": {"name": "merge"}, "dependsOn": [f"s{n}" for n in range(SCATTERED)]}


def _figures(server: Server, name: str, path: str) -> Iterator[Figure]:
    asked = request("GET", f"/ui/{path}")
    size = len(ask(server.address, asked).whole())
    hold = held(server, asked)
    yield Figure(name, hold.took * 1e3, "ms")
    yield Figure(f"{name}, size", size / 1e3, "KB")
    yield Figure(f"{name}, longest wait of others", hold.longest * 1e3, "ms", at_most=GOAL)
    yield Figure(f"{name}, hold", hold.cpu * 1e3, "ms CPU", at_most=GOAL)
