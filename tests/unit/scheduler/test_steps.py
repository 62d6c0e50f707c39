"""The steps of a run are suspended, resumed and deleted with it."""

import pytest

from awed.model.errors import Invalid
from awed.model.job import Job
from awed.model.states import JobState
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import World, check_invariants, job, task

STEPS = 7


@pytest.fixture
def world() -> World:
    """Two tasks or steps change at a time."""
    world = World(Limits(tasks_at_once=2))
    world.client("a", slots=100)
    return world


def submit_step(world: World, run: Job, tasks: int = 1) -> Job:
    submission = job(*(task(str(number)) for number in range(tasks)))
    submission.job.info.parent = run.id
    return world.submit(submission)


def a_run(world: World) -> tuple[Job, list[Job]]:
    """A run that is at work, with steps, of which the first is at work."""
    run = world.submit(job(task("run")))
    world.checkout("a")
    steps = [submit_step(world, run) for _ in range(STEPS)]
    world.checkout("a")
    return run, steps


def finish(world: World) -> None:
    while world.scheduler.is_sweeping:
        world.scheduler.go_on(world.now)
        check_invariants(world.scheduler)


def states(world: World, steps: list[Job]) -> set[JobState]:
    """Of the steps that are unfinished."""
    held = set(world.job_ids)
    return {world.scheduler.jobs.get(step.id).job.state for step in steps if step.id in held}


def test_steps_follow_their_run_some_at_a_time(world: World) -> None:
    run, steps = a_run(world)
    world.scheduler.jobs.suspend(run.id, world.now)
    world.scheduler.go_on(world.now)
    assert states(world, steps) == {JobState.SUSPEND, JobState.QUEUED}
    finish(world)
    assert states(world, steps) == {JobState.SUSPEND}
    world.scheduler.jobs.resume(run.id, world.now)
    assert world.scheduler.sweeps(run.id)
    finish(world)
    assert states(world, steps) == {JobState.QUEUED}
    world.scheduler.jobs.delete(run.id, world.now, full=False)
    finish(world)
    assert not world.job_ids


@pytest.mark.parametrize("verb", ["suspend", "delete"])
def test_steps_whose_daemon_was_killed_before_they_followed_do_so_when_it_is_back(world: World, verb: str) -> None:
    run, steps = a_run(world)
    if verb == "suspend":
        world.scheduler.jobs.suspend(run.id, world.now)
    else:
        world.scheduler.jobs.delete(run.id, world.now, full=False)
    world.restart()
    leaderless = list(world.scheduler.steps.restore())
    assert leaderless == ([run.id] if verb == "delete" else [])
    finish(world)
    if verb == "suspend":
        assert states(world, steps) == {JobState.SUSPEND}
        world.scheduler.jobs.resume(run.id, world.now)
        world.restart()
        assert not list(world.scheduler.steps.restore())
        finish(world)
        assert JobState.SUSPEND not in states(world, steps)


def test_a_failed_step_is_tried_again_with_its_run_and_not_before(world: World) -> None:
    run, steps = a_run(world)
    world.scheduler.jobs.suspend(steps[3].id, world.now)
    world.scheduler.jobs.suspend(run.id, world.now)
    finish(world)
    with pytest.raises(Invalid, match=f"its run {run.id} is suspended"):
        world.scheduler.jobs.resume(steps[3].id, world.now)
    world.scheduler.jobs.resume(run.id, world.now)
    finish(world)
    assert JobState.SUSPEND not in states(world, steps)


def test_a_step_of_a_run_that_was_changed_back_before_it_followed_is_as_its_run(world: World) -> None:
    run, steps = a_run(world)
    for _ in range(2):
        world.scheduler.jobs.suspend(run.id, world.now)
        world.scheduler.go_on(world.now)
        world.scheduler.jobs.resume(run.id, world.now)
    world.scheduler.jobs.suspend(run.id, world.now)
    finish(world)
    assert states(world, steps) == {JobState.SUSPEND}


def test_a_step_that_comes_late_is_suspended_with_its_run_or_refused(world: World) -> None:
    run, _ = a_run(world)
    world.scheduler.jobs.suspend(run.id, world.now)
    assert submit_step(world, run).state is JobState.SUSPEND
    finish(world)
    world.scheduler.jobs.delete(run.id, world.now, full=True)
    with pytest.raises(Invalid, match=f"job {run.id} has ended"):
        submit_step(world, run)


def test_a_large_step_is_deleted_some_tasks_at_a_time(world: World) -> None:
    run, _ = a_run(world)
    large = submit_step(world, run, tasks=20)
    world.scheduler.jobs.delete(run.id, world.now, full=False)
    world.scheduler.go_on(world.now)
    while world.scheduler.jobs.get(large.id).job.state is not JobState.SUSPEND:
        world.scheduler.go_on(world.now)
    finish(world)
    assert not world.job_ids
