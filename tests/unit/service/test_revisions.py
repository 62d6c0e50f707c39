"""Changes of jobs that the scheduler does not hold: each sees what the one before it did."""

from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred

from awed.model.access import User
from awed.model.errors import Conflict, Invalid
from awed.model.ids import new_id
from awed.model.job import Job
from awed.model.states import JobState
from awed.model.times import NO_TIME
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, state_of


async def finished_job(world: EngineWorld) -> str:
    submitted = await world.submit(job(task("0")))
    await world.client("a")
    await world.run("a")
    return submitted.id


async def while_committing(world: EngineWorld, *verbs: object) -> list[object]:
    """Start these verbs while a commit is under way, so that they go on at the same moment; what they come to."""
    world.store.hold()
    other = state_of(world.submit(job(task("0"))))
    waiting = [state_of(verb).addErrback(lambda failure: failure.value) for verb in verbs]  # type: ignore[arg-type]
    world.store.let_go()
    await other
    return [await each for each in waiting]


@ensureDeferred
async def test_no_change_of_a_finished_job_undoes_another(world: EngineWorld) -> None:
    job_id = await finished_job(world)
    users = ["x", "y", "z"]
    change_acl = world.engine.revisions.change_acl
    changes = [change_acl(job_id, lambda acl, name=name: acl.read.append(name)) for name in users]  # type: ignore[misc]
    await while_committing(world, *changes)
    assert (await world.engine.jobs.get(job_id)).acl.read == ["public", *users]


@ensureDeferred
async def test_a_job_that_is_deleted_is_not_run_again(world: EngineWorld) -> None:
    job_id = await finished_job(world)
    answers = await while_committing(
        world, world.engine.jobs.delete(job_id, full=False), world.engine.revisions.resubmit(job_id)
    )
    assert [type(answer) for answer in answers] == [type(None), Invalid]
    assert (await world.engine.jobs.get(job_id)).job.state is JobState.DELETED


@pytest.mark.parametrize("full", [False, True])
@ensureDeferred
async def test_a_job_that_runs_again_can_be_deleted(world: EngineWorld, full: bool) -> None:
    job_id = await finished_job(world)
    answers = await while_committing(
        world, world.engine.revisions.resubmit(job_id), world.engine.jobs.delete(job_id, full)
    )
    assert answers == [None, None]
    assert world.engine.jobs.user_of(job_id) is None
    stored = await world.store.job(job_id)
    assert stored is None if full else (stored is not None and stored.job.state is JobState.DELETED)


@ensureDeferred
async def test_one_of_two_imports_of_a_job_is_refused(world: EngineWorld) -> None:
    imported = [Job(new_id(), state=JobState.COMPLETED, notes=note) for note in ("first", "second")]
    imported[1].id = imported[0].id
    first, second = await while_committing(
        world, *(world.engine.jobs.import_finished(each, User()) for each in imported)
    )
    assert first is None
    assert isinstance(second, Conflict)
    assert (await world.engine.jobs.get(imported[0].id)).job.notes == "first"


@ensureDeferred
async def test_a_job_whose_time_was_prolonged_in_the_last_moment_stays(world: EngineWorld) -> None:
    job_id = await finished_job(world)
    await world.engine.revisions.set_expiration(job_id, world.now())
    later = world.now().replace(year=2100)
    await while_committing(
        world, world.engine.revisions.set_expiration(job_id, later), world.engine.sweeps.remove_expired()
    )
    assert (await world.engine.jobs.get(job_id)).job.expiration == later


@ensureDeferred
async def test_the_time_of_a_job_that_runs_again_counts_from_its_new_end() -> None:
    world = EngineWorld(Limits(keep_jobs=100))
    await world.start()
    job_id = await finished_job(world)
    world.clock.advance(60)
    await world.engine.revisions.resubmit(job_id)
    assert (await world.engine.jobs.get(job_id)).job.expiration == NO_TIME
    await world.run("a")
    world.clock.advance(60)
    assert await world.engine.sweeps.remove_expired() == 0
    world.clock.advance(40)
    assert await world.engine.sweeps.remove_expired() == 1


@ensureDeferred
async def test_a_time_that_somebody_set_stays_when_the_job_runs_again() -> None:
    world = EngineWorld(Limits(keep_jobs=100))
    await world.start()
    job_id = await finished_job(world)
    later = world.now() + timedelta(seconds=500)
    await world.engine.revisions.set_expiration(job_id, later)
    await world.engine.revisions.resubmit(job_id)
    await world.run("a")
    assert (await world.engine.jobs.get(job_id)).job.expiration == later
