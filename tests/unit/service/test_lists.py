"""Lists of jobs are read from the store as far as they are looked at."""

from collections.abc import Sequence

import pytest
from pytest_twisted import ensureDeferred

from awed.model.records import Batch
from awed.model.states import JobState
from awed.store.interface import JobQuery, RecordPage
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld
from tests.unit.store import records


@ensureDeferred
async def test_lines_of_a_long_list_are_read_some_at_a_time(
    world: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of unfinished jobs nothing, and of others not the tasks: a list may be held by a slow reader for long."""
    monkeypatch.setattr("awed.service.jobs.LINES", 2)
    done = JobState.COMPLETED
    ended = [records.job(f"{number}", state=done, updated=number) for number in range(5)]
    steps = [records.task("0", index) for index in range(3)]
    for step in steps:
        step.task.computetime = 2
    await world.store.commit(Batch(jobs=ended, tasks=steps))
    running = await world.submit(job(task("x"), task("y")))
    read = list[Sequence[str] | None]()
    heads = world.store.heads

    async def noted(query: JobQuery) -> RecordPage:
        read.append(query.ids)
        return await heads(query)

    monkeypatch.setattr(world.store, "heads", noted)
    lines, total = await world.engine.jobs.lines(JobQuery(limit=0))
    assert (read, total) == ([], 6)
    first, tasks = await anext(lines)
    assert (first.id, tasks, read) == ("4", (0, 0), [("4", "3")])
    await world.store.commit(Batch(gone_jobs=["2"]))
    rest = [(found.id, tuple(tasks)) async for found, tasks in lines]
    assert rest == [("3", (0, 0)), ("1", (0, 0)), (running.id, (2, 0)), ("0", (3, 6))]
    assert read == [("4", "3"), ("2", "1"), ("0",)]


@ensureDeferred
async def test_a_job_that_ends_while_a_list_is_sent_is_in_it(world: EngineWorld) -> None:
    both = [await world.submit(job(task(name))) for name in "ab"]
    lines, _ = await world.engine.jobs.lines(JobQuery(order="id"))
    first, _ = await anext(lines)
    (other,) = {one.id for one in both} - {first.id}
    await world.engine.jobs.delete(other, full=False)
    (line,) = [found async for found, _ in lines]
    assert (line.id, line.state) == (other, JobState.DELETED)
