"""Spans are all unfinished workunits, whether they were made or not."""

from collections.abc import Callable

import pytest

from awed.model.states import WorkState
from awed.scheduler.entries import JobEntry, TaskEntry
from awed.scheduler.spans import spans
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import World, job, task


def everything(entry: JobEntry) -> bool:
    return True


def entry_of(world: World, chosen: Callable[[JobEntry], bool] = everything) -> TaskEntry:
    [[first, *_]] = world.scheduler.work.spans(chosen)
    return first.entry


def seen(entry: TaskEntry) -> list[tuple[int, int, WorkState]]:
    return [(span.ranks[0], span.ranks[-1], span.state) for span in spans(entry)]


@pytest.fixture
def world() -> World:
    """Of a task's ranks 1 to 10 the second is done, the third out, the fourth came back."""
    world = World(Limits(max_work_failure=3))
    world.submit(job(task("0", work=10)))
    units = [world.checkout(world.client(name)) for name in ("a", "b", "c", "d")]
    world.report(units[0], "discarded")
    world.report(units[1])
    world.report(units[3], "fail")
    return world


def test_ranks_that_were_never_out_are_one_span(world: World) -> None:
    out, queued = WorkState.CHECKOUT, WorkState.QUEUED
    assert seen(entry_of(world)) == [(1, 1, queued), (3, 3, out), (4, 4, queued), (5, 10, queued)]


def test_of_a_suspended_task_all_are_suspended(world: World) -> None:
    entry = entry_of(world)
    world.scheduler.jobs.suspend(entry.task.jobid, world.now)
    assert {state for _, _, state in seen(entry)} == {WorkState.SUSPEND}


def test_a_task_that_waits_has_none() -> None:
    world = World()
    world.submit(job(task("0"), task("1", "0")))
    assert [span.entry.index for found in world.scheduler.work.spans(everything) for span in found] == [0]


def test_jobs_that_are_not_chosen_are_left_out(world: World) -> None:
    assert list(world.scheduler.work.spans(lambda entry: False)) == []


def test_units_are_as_they_are_when_their_turn_comes(world: World) -> None:
    entry = entry_of(world)
    units = world.scheduler.work.units(entry, range(3, 8))
    assert next(units).state == "checkout"
    world.report(world.checkout("b"))  # rank 1
    world.report(world.checkout("d"))  # rank 5, for 4 failed at this client
    assert [unit.rank for unit in units] == [4, 6, 7]


def test_of_a_job_that_is_gone_there_are_no_units(world: World) -> None:
    entry = entry_of(world)
    world.scheduler.jobs.delete(entry.task.jobid, world.now, full=True)
    assert list(world.scheduler.work.units(entry, range(1, 11))) == []
