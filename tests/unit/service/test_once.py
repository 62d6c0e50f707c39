"""However often a submission is repeated with its key, at once or later, it makes one job."""

from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred, gatherResults

from awed.model.access import User
from awed.model.errors import Invalid, JobNotFound, KeyReused, StoreAway
from awed.model.job import Job
from awed.model.records import SubmissionKey
from awed.service.once import KEPT, PERIOD
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, state_of

ANN = User("ann")


def submit(world: EngineWorld, key: str = "k", digest: str = "d", user: User = ANN) -> "Deferred[tuple[Job, bool]]":
    """A try of a submission. As in the API, each has read its document for itself."""
    submission = job(task("0"))

    def make(record: SubmissionKey) -> "Deferred[Job]":
        return state_of(world.engine.jobs.submit(submission, user, key=record))  # type: ignore[return-value]

    return state_of(world.engine.once.make(key, user, digest, submission.job.id, make))  # type: ignore[return-value]


def jobs(world: EngineWorld) -> list[str]:
    return [job.id for job in world.engine.jobs.held()]


@ensureDeferred
async def test_a_repeated_submission_gives_the_same_job_after_a_restart_too(world: EngineWorld) -> None:
    made, was_there = await submit(world)
    assert not was_there
    await world.restart()
    again, was_there = await submit(world)
    assert (again.id, was_there) == (made.id, True)
    assert jobs(world) == [made.id]


@ensureDeferred
async def test_many_at_the_same_moment_make_one_job(world: EngineWorld) -> None:
    world.store.hold()
    tries = [submit(world) for _ in range(20)]
    world.store.let_go()
    answers = await gatherResults(tries)
    assert len({job.id for job, _ in answers}) == 1
    assert sorted(was_there for _, was_there in answers) == [False] + 19 * [True]


@ensureDeferred
async def test_who_waits_for_one_that_finds_the_store_away_is_told_so_at_once(world: EngineWorld) -> None:
    """And whoever repeats it makes one job: those that were refused left none."""
    world.store.hold()
    tries = [submit(world) for _ in range(3)]
    world.clock.advance(10)
    for one in tries:
        with pytest.raises(StoreAway):
            await one
    world.store.let_go()
    made, was_there = await submit(world)
    assert not was_there
    assert jobs(world) == [made.id]
    await world.restart()
    assert jobs(world) == [made.id]


@ensureDeferred
async def test_another_body_is_refused_and_told_the_job(world: EngineWorld) -> None:
    made, _ = await submit(world)
    with pytest.raises(KeyReused, match=made.id):
        await submit(world, digest="other")


@ensureDeferred
async def test_a_key_is_its_user_s(world: EngineWorld) -> None:
    made, _ = await submit(world)
    other, was_there = await submit(world, user=User("bob"))
    assert not was_there
    assert other.id != made.id


@ensureDeferred
async def test_a_refused_document_leaves_the_key_free(world: EngineWorld) -> None:
    def refuse(record: SubmissionKey) -> "Deferred[Job]":
        raise Invalid("no")

    with pytest.raises(Invalid):
        await world.engine.once.make("k", ANN, "d", "j", refuse)
    _, was_there = await submit(world)
    assert not was_there


@ensureDeferred
async def test_a_key_outlives_its_job(world: EngineWorld) -> None:
    made, _ = await submit(world)
    await world.engine.jobs.delete(made.id, full=True)
    with pytest.raises(JobNotFound, match=made.id):
        await submit(world)


@ensureDeferred
async def test_a_job_that_was_given_away_is_not_shown_to_who_has_its_key(world: EngineWorld) -> None:
    made, _ = await submit(world)
    record = await world.engine.jobs.get(made.id)
    record.acl.owner, record.acl.read, record.acl.write, record.acl.delete = "bob", [], [], []
    with pytest.raises(JobNotFound):
        await submit(world)


@pytest.mark.parametrize("downtime", [timedelta(0), timedelta(days=100)])
@ensureDeferred
async def test_keys_are_forgotten_when_their_time_is_over(world: EngineWorld, downtime: timedelta) -> None:
    """Also of the time before the daemon was away for long."""
    await submit(world)
    await world.engine.once.forget()
    world.clock.advance((KEPT - PERIOD).total_seconds())
    await submit(world, "later")
    await world.engine.once.forget()
    assert len(await world.store.all(SubmissionKey)) == 2
    world.clock.advance(downtime.total_seconds())
    await world.restart()
    world.clock.advance((3 * PERIOD).total_seconds())
    for _ in range(4):
        await world.engine.once.forget()
    assert len(await world.store.all(SubmissionKey)) == (0 if downtime else 1)


@ensureDeferred
async def test_a_clock_that_was_set_forward_and_back_leaves_no_key_for_ever(world: EngineWorld) -> None:
    now = world.now()
    world.clock.rightNow += timedelta(days=30).total_seconds()
    await world.engine.once.forget()
    world.clock.rightNow -= timedelta(days=30).total_seconds()
    assert world.now() == now
    await submit(world)
    await world.engine.once.forget()
    assert len(await world.store.all(SubmissionKey)) == 1
    world.clock.advance((KEPT + 2 * PERIOD).total_seconds())
    await world.engine.once.forget()
    assert await world.store.all(SubmissionKey) == []
