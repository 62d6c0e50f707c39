"""Changes of jobs that the scheduler does not hold: each sees what the one before it did."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred

from awed.model.access import User
from awed.model.errors import Conflict, Invalid, JobNotFound, NothingToDo, Unavailable
from awed.model.ids import new_id
from awed.model.job import IO, Job
from awed.model.records import Batch, JobRecord
from awed.model.states import JobState
from awed.model.times import NO_TIME
from awed.scheduler.state import Limits
from awed.workflow.submission import Submission
from tests.unit.scheduler.builders import job, more_entries, task
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
    assert first is imported[0]
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


async def run_all(world: EngineWorld, name: str) -> list[str]:
    """Run and deliver what there is; the tasks in their order."""
    ran = []
    with suppress(NothingToDo):
        while True:
            unit = await world.engine.work.checkout(name, None)
            for io in unit.outputs:
                world.shock.deliver(io.node)
            await world.report(unit)
            ran.append(unit.task_name)
    return ran


def with_temporary_files() -> Submission:
    """Task 2 reads temporary files of 0 and 1, 3 what 2 makes for good; 1 reads a temporary one of 0."""
    tasks = [task("0"), task("1", "0"), task("2", "0", "1"), task("3", "2"), task("4")]
    for name, item in enumerate(tasks):
        item.outputs = [IO(filename=f"out{name}", host="http://shock.example", temporary=name < 2)]
    tasks[1].inputs = [IO(filename="out0", origin="0")]
    tasks[2].inputs = [IO(filename="out1", origin="1")]
    tasks[3].inputs = [IO(filename="out2", origin="2")]
    return job(*tasks)


@pytest.mark.parametrize(
    ("first", "ran", "also"), [("3", ["3"], []), ("2", ["0", "1", "2", "3"], ["0", "1"]), ("4", ["4"], [])]
)
@ensureDeferred
async def test_a_recompute_goes_back_to_who_made_what_is_gone_and_says_so(
    world: EngineWorld, first: str, ran: list[str], also: list[str]
) -> None:
    submitted = await world.submit(with_temporary_files())
    await world.client("a")
    await run_all(world, "a")
    await world.engine.revisions.recompute(submitted.id, first)
    notes = (await world.engine.jobs.get(submitted.id)).job.notes
    names = ", ".join(f"{submitted.id}_{name}" for name in also)
    assert notes == f"recomputed from task {submitted.id}_{first}" + (
        f", and {names} before it, whose outputs are gone" if also else ""
    )
    assert await run_all(world, "a") == ran
    assert (await world.engine.jobs.get(submitted.id)).job.state is JobState.COMPLETED


@ensureDeferred
async def test_a_recompute_of_which_a_data_host_does_not_tell_what_is_gone_changes_nothing(
    world: EngineWorld,
) -> None:
    submitted = await world.submit(with_temporary_files())
    await world.client("a")
    await run_all(world, "a")
    world.shock.away = True
    with more_entries() as left:
        refused = state_of(world.engine.revisions.recompute(submitted.id, "2"))
        error = await refused.addErrback(lambda failure: failure.value)
        assert left() == 1  # that the error's traceback names, until that is collected
    assert isinstance(error, Unavailable)
    assert "does not answer" in str(error)
    assert (await world.engine.jobs.get(submitted.id)).job.state is JobState.COMPLETED


@pytest.mark.parametrize("full", [False, True])
@ensureDeferred
async def test_a_large_job_comes_to_rest_before_it_is_deleted(full: bool) -> None:
    soon: list[Callable[[], object]] = []
    world = EngineWorld(Limits(tasks_at_once=2), soon=soon.append)
    await world.start()

    async def settled(verb: Awaitable[object]) -> object:
        """What a verb comes to when the reactor has done what it is to do soon."""
        waiting = state_of(verb)
        while not waiting.called:
            for call in [*soon]:
                soon.remove(call)
                call()
            world.clock.advance(0)
        return await waiting

    submitted = job(*(task(str(number)) for number in range(9)))
    await settled(world.submit(submitted))
    await settled(world.engine.jobs.delete(submitted.job.id, full))
    assert world.engine.queue.counts().workunits.total == 0
    if full:
        with pytest.raises(JobNotFound):
            await settled(world.engine.jobs.get(submitted.job.id))
    else:
        assert (await settled(world.engine.jobs.get(submitted.job.id))).job.state is JobState.DELETED  # type: ignore[attr-defined]


@pytest.mark.parametrize("full", [False, True])
@ensureDeferred
async def test_steps_whose_run_was_deleted_by_a_daemon_that_was_killed_go_when_the_next_one_starts(
    world: EngineWorld, full: bool
) -> None:
    run = await world.submit(job(task("run")))
    submission = job(task("0"))
    submission.job.info.parent = run.id
    step = await world.submit(submission)
    stored = await world.store.one(JobRecord, id=run.id)
    assert stored is not None
    stored.job.state = JobState.DELETED
    await world.store.commit(Batch(gone_jobs=[run.id]) if full else Batch(jobs=[stored]))
    await world.restart()
    left = await world.store.one(JobRecord, id=step.id)
    assert (left and left.job.state) == (None if full else JobState.DELETED)
