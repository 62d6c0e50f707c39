"""The order of workunits is that of a plain sort of all, and a page is a piece of that."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from awed.api import work_query
from awed.api.work_query import ORDERS, cut, in_order
from awed.model.work import Workunit
from awed.scheduler.entries import TaskEntry
from awed.scheduler.spans import Span
from awed.scheduler.work import Work
from awed.tx.turns import Turns
from tests.unit.api.served import Served, data, done
from tests.unit.scheduler.builders import World, job, task

PLAIN: dict[str, Callable[[Workunit], Any]] = {
    "wuid": lambda work: work.wuid,
    "client": lambda work: work.client,
    "info.submittime": lambda work: work.info.submittime,
    "checkout_time": lambda work: work.checkout_time,
    "info.name": lambda work: work.info.name,
    "cmd.name": lambda work: work.cmd.name,
    "rank": lambda work: work.rank,
    "totalwork": lambda work: work.totalwork,
    "state": lambda work: work.state,
    "failed": lambda work: work.failed,
    "info.priority": lambda work: work.info.priority,
}

jobs = st.lists(st.lists(st.sampled_from([1, 1, 2, 12, 130]), min_size=1, max_size=3), min_size=1, max_size=4)
pages = st.tuples(st.integers(0, 40), st.integers(0, 40))
moves = st.lists(st.sampled_from(["done", "fail", "discarded", "keep"]), max_size=12)


def world_of(sizes: Sequence[Sequence[int]], moved: Sequence[str]) -> World:
    """Jobs with tasks of so many workunits, the first of which are done, failed, given back or still out."""
    world = World()
    for number, tasks in enumerate(sizes):
        parts = [task(str(index), work=work, app=f"app{work}") for index, work in enumerate(tasks)]
        world.submit(job(*parts, priority=number % 2, submitted=-number))
    for number, move in enumerate(moved):
        if not world.scheduler.counts.view().workunits.queuing:
            break
        world.pass_time(1)
        unit = world.checkout(world.client(f"c{number}"))
        if move != "keep":
            world.report(unit, move)
    return world


def spans_of(world: World) -> list[Span]:
    return [span for found in world.scheduler.work.spans(lambda entry: True) for span in found]


def units_of(world: World, parts: Sequence[tuple[TaskEntry, Sequence[int]]]) -> list[Workunit]:
    return [unit for entry, ranks in parts for unit in world.scheduler.work.units(entry, ranks)]


@given(jobs, moves, st.sampled_from(ORDERS), st.booleans(), pages)
def test_a_page_is_a_piece_of_a_plain_sort(
    sizes: list[list[int]], moved: list[str], order: str, descending: bool, page: tuple[int, int]
) -> None:
    offset, limit = page
    world = world_of(sizes, moved)
    found = spans_of(world)
    whole = units_of(world, [(span.entry, span.ranks) for span in found])
    whole.sort(key=PLAIN[order], reverse=descending)
    runs = done(in_order(found, order, descending, Turns(Clock())))
    assert units_of(world, list(cut(runs, offset, limit))) == whole[offset : offset + limit if limit else None]


def test_many_spans_are_sorted_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_query, "BATCH", 2)
    world = world_of([[1, 1], [1], [2, 12]], ["keep"])
    runs = list(done(in_order(spans_of(world), "info.priority", True, Turns(Clock()))))
    assert [run.key for run in runs] == sorted((run.key for run in runs), reverse=True)
    assert [run.entry.index for run in runs if run.key == 0] == [0, 1, 0, 1]


@pytest.mark.parametrize("order", ORDERS)
def test_of_a_huge_array_only_the_page_is_made(served: Served, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    job_id = served.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}, "totalwork": 100_000}]})["id"]
    made: list[int] = []
    view = Work._view

    def counted(self: Work, entry: TaskEntry, rank: int, *rest: Any) -> Workunit:
        made.append(rank)
        return view(self, entry, rank, *rest)

    monkeypatch.setattr(Work, "_view", counted)
    reply = served.call("GET", f"/work?query&limit=2&direction=asc&order={order}")
    assert reply.json["total_count"] == 100_000
    assert [work["wuid"] for work in data(reply)] == [f"{job_id}_0_1", f"{job_id}_0_{10 if order == 'wuid' else 2}"]
    assert len(made) == 2


@pytest.mark.parametrize(
    "view", ["/work", "/job/ID?report", "/job/ID", "/queue?work", "/work?query&limit=0&order=rank"]
)
def test_others_are_answered_while_a_long_view_is_made(
    served: Served, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    job_id = served.submit({"tasks": [{"taskid": "0", "cmd": {"name": "true"}, "totalwork": 10}]})["id"]
    path = view.replace("ID", job_id)
    whole = served.call("GET", path, user="root")
    monkeypatch.setattr("awed.tx.turns.TURN", -1)  # every turn is over at once
    served.clock.advance(0)
    connection, transport = served.connect()
    connection.dataReceived(
        f"GET {path} HTTP/1.1\r\nHost: awe.example:8001\r\nAuthorization: user root\r\n\r\n".encode()
    )
    assert transport.value() == b""
    assert served.call("GET", "/queue").status == 200
    while not transport.value():
        served.clock.advance(0)
    assert transport.value().endswith(whole.body)
