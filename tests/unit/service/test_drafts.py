"""Large new jobs are stored some tasks at a time, and wholly or not at all."""

import pytest
from pytest_twisted import ensureDeferred

from awed.model.access import User
from awed.model.errors import QuotaReached, StoreAway
from awed.model.records import Batch, Draft, TaskRecord
from awed.model.states import JobState
from awed.scheduler.changes import MANY
from awed.scheduler.quotas import Quota
from awed.scheduler.state import Limits
from awed.workflow.submission import Submission
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, state_of


def large(tasks: int = 3 * MANY) -> Submission:
    return job(*(task(str(number)) for number in range(tasks)))


async def stored(world: EngineWorld, job_id: str) -> tuple[int, int]:
    """How many tasks and drafts of a job are stored."""
    return len(await world.store.all(TaskRecord, job=job_id)), len(await world.store.all(Draft, id=job_id))


@ensureDeferred
async def test_the_tasks_of_a_large_job_are_stored_some_at_a_time_and_then_the_job(world: EngineWorld) -> None:
    submitted = await world.submit(large())
    with_tasks = [batch for batch in world.store.batches if batch.tasks]
    assert [len(batch.tasks) for batch in with_tasks[:3]] == [MANY, MANY, MANY]
    assert [job.job.id for batch in with_tasks[3:] for job in batch.jobs][:1] == [submitted.id]
    await world.restart()
    assert await stored(world, submitted.id) == (3 * MANY, 0)
    assert world.engine.queue.counts().tasks.queuing == 3 * MANY


@ensureDeferred
async def test_a_large_job_that_a_kill_cut_off_leaves_nothing(world: EngineWorld) -> None:
    submission = large()
    await world.store.commit(Batch(drafts=[Draft(submission.job.id)], tasks=[TaskRecord(submission.job.tasks[0], 0)]))
    await world.restart()
    assert await stored(world, submission.job.id) == (0, 0)
    await world.submit(submission)  # its id is free


@ensureDeferred
async def test_a_large_job_that_was_refused_because_the_store_is_away_leaves_nothing(world: EngineWorld) -> None:
    submission = large()
    world.store.hold()
    submitting = state_of(world.submit(submission))
    world.store.away = True
    world.store.let_go()
    world.clock.pump([1] * 11)
    with pytest.raises(StoreAway):
        await submitting
    world.store.away = False
    world.clock.pump([5, 5])
    assert await stored(world, submission.job.id) == (0, 0)
    await world.submit(submission)


@ensureDeferred
async def test_a_large_job_over_a_quota_that_others_reached_meanwhile_leaves_nothing() -> None:
    world = EngineWorld(Limits(quota=Quota(jobs=1)))
    await world.start()
    submission = large()
    world.store.hold()
    submitting = state_of(world.submit(submission))
    other = state_of(world.submit(job(task("0"))))
    world.store.let_go()
    await other
    with pytest.raises(QuotaReached):
        await submitting
    assert await stored(world, submission.job.id) == (0, 0)


@ensureDeferred
async def test_a_large_finished_job_is_imported_some_tasks_at_a_time(world: EngineWorld) -> None:
    imported = large().job
    imported.state = JobState.COMPLETED
    await world.engine.jobs.import_finished(imported, User())
    assert max(len(batch.tasks) for batch in world.store.batches) == MANY
    assert await stored(world, imported.id) == (3 * MANY, 0)
    assert (await world.engine.jobs.get(imported.id)).job.state is JobState.COMPLETED
