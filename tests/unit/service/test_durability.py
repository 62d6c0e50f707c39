"""Nothing is answered before it is durable, and what was durable is there after a restart."""

from collections.abc import Callable
from functools import partial

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from awed.model.errors import ClientNotFound, Conflict, Invalid, StaleAttempt, Superseded, Unavailable
from awed.model.ids import WorkId
from awed.model.job import IO, OWN_HOST
from awed.model.records import Batch
from awed.model.states import JobState
from awed.scheduler.changes import MANY
from awed.scheduler.state import Limits
from awed.service.committer import Committer
from awed.service.observer import Observer
from awed.store.interface import JobQuery
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, state_of


@ensureDeferred
async def test_a_submission_is_answered_after_its_commit(world: EngineWorld) -> None:
    world.store.hold()
    submitted = state_of(world.submit(job(task("0"))))
    assert not submitted.called
    world.store.let_go()
    await submitted


@ensureDeferred
async def test_what_happened_is_told_once_it_is_durable_and_only_once(world: EngineWorld) -> None:
    world.store.away = True
    submitted = state_of(world.submit(job(task("0"))))
    assert world.told.codes == []
    world.store.away = False
    world.clock.advance(1)
    await submitted
    assert world.told.codes == ["JQ", "TQ"]


@ensureDeferred
async def test_requests_that_come_during_a_commit_share_the_next(world: EngineWorld) -> None:
    await world.submit(job(task("0")))
    before = len(world.store.batches)
    world.store.hold()
    waiting = [state_of(world.submit(job(task("0")))) for _ in range(10)]
    world.store.let_go()
    for each in waiting:
        await each
    assert [len(batch.jobs) for batch in world.store.batches[before:]] == [1, 9]


@ensureDeferred
async def test_requests_that_come_together_share_a_commit(world: EngineWorld) -> None:
    committer = Committer(
        store=world.store,
        take=Batch,
        changed=lambda: False,
        numbered=lambda changes: [],
        reactor=world.clock,
        patience=1.0,
        soon=partial(world.clock.callLater, 0),
        observer=Observer(),
    )
    before = len(world.store.batches)
    waiting = [state_of(committer.commit(Batch(meta={str(number): "x"}))) for number in range(10)]
    assert not any(each.called for each in waiting)
    world.clock.advance(0)
    for each in waiting:
        await each
    assert [len(batch.meta) for batch in world.store.batches[before:]] == [10]


@ensureDeferred
async def test_who_asks_again_as_soon_as_a_commit_is_done_shares_the_next() -> None:
    """With those who came during that commit."""
    turns: list[Callable[[], None]] = []
    world = EngineWorld(soon=turns.append)
    await world.start()
    world.store.hold()

    async def submit_twice() -> None:
        await world.submit(job(task("0")))
        await world.submit(job(task("0")))

    twice = state_of(submit_twice())
    turns.pop(0)()
    once = state_of(world.submit(job(task("0"))))
    world.store.let_go()
    while turns:
        turns.pop(0)()
    await twice
    await once
    assert [len(batch.jobs) for batch in world.store.batches[-2:]] == [1, 2]


@ensureDeferred
async def test_who_waits_again_as_soon_as_a_commit_is_done_is_answered(world: EngineWorld) -> None:
    """Nothing changed since, so there is no further commit to wait for."""
    submission = job(task("0"))
    world.store.hold()

    async def submit_and_look() -> None:
        await world.submit(submission)
        await world.engine.jobs.get(submission.job.id)

    waiting = Deferred.fromCoroutine(submit_and_look())
    world.store.let_go()
    assert waiting.called
    await waiting


@ensureDeferred
async def test_what_all_tasks_do_waits_for_the_store_when_much_is_to_be_written(world: EngineWorld) -> None:
    """A commit is encoded at one stretch, so no batch may have all tasks of a large job."""
    submitted = await world.submit(job(*(task(str(number)) for number in range(5 * MANY))))
    before = len(world.store.batches)
    world.store.hold()
    suspending = state_of(world.engine.jobs.suspend(submitted.id))
    world.store.let_go()
    await suspending
    sizes = [len(batch.tasks) for batch in world.store.batches[before:]]
    assert sum(sizes) == 5 * MANY
    assert max(sizes) < 2 * MANY


@ensureDeferred
async def test_a_large_job_is_whole_from_the_first_and_is_started_bit_by_bit() -> None:
    turns: list[Callable[[], None]] = []
    world = EngineWorld(Limits(tasks_at_once=4), soon=turns.append)
    await world.start()
    submitted = state_of(world.submit(job(*(task(str(number)) for number in range(10)))))
    assert world.engine.queue.counts().tasks.queuing == 4
    turns.pop(0)()
    await submitted
    ((*_, batch),) = [world.store.batches]
    assert len(batch.tasks) == 10
    while turns:
        turns.pop(0)()
    assert world.engine.queue.counts().tasks.queuing == 10
    assert [len(batch.tasks) for batch in world.store.batches] == [10, 4, 2]


@ensureDeferred
async def test_nobody_is_shown_what_is_not_durable(world: EngineWorld) -> None:
    submitted = await world.submit(job(task("0")))
    await world.client("a")
    unit = await world.engine.work.checkout("a", None)
    world.store.hold()
    report = state_of(world.report(unit))
    view = state_of(world.engine.jobs.get(submitted.id))
    assert not view.called
    world.store.let_go()
    await report
    assert (await view).job.state is JobState.COMPLETED  # type: ignore[attr-defined]


@ensureDeferred
async def test_a_store_that_is_away_is_tried_again_and_everything_is_written(world: EngineWorld) -> None:
    world.store.away = True
    patient = state_of(world.submit(job(task("0"))))
    world.clock.advance(1)
    late = state_of(world.submit(job(task("0"))))
    world.store.away = False
    world.clock.pump([1, 1])
    await patient
    await late
    assert len(await world.store.job_ids([JobState.QUEUED])) == 2


@ensureDeferred
async def test_who_waits_too_long_for_the_store_is_told_and_the_change_is_written_later(world: EngineWorld) -> None:
    submitted = await world.submit(job(task("0")))
    world.store.away = True
    waiting = state_of(world.engine.jobs.suspend(submitted.id))
    world.clock.pump([1] * 11)
    with pytest.raises(Unavailable, match=r"^changes cannot be written: no database; the change is not durable yet"):
        await waiting
    world.store.away = False
    world.clock.pump([1] * 6)
    assert await world.store.job_ids([JobState.SUSPEND]) == [submitted.id]


@ensureDeferred
async def test_while_changes_are_answered_by_503_the_server_is_not_ready(world: EngineWorld) -> None:
    world.store.hold()
    late = state_of(world.client("a"))
    await world.engine.require_ready()
    world.clock.pump([1] * 10)
    with pytest.raises(Unavailable, match="the store does not answer"):
        await late
    with pytest.raises(Unavailable, match="the store does not answer"):
        await world.engine.require_ready()
    world.store.let_go()
    await world.engine.require_ready()


@pytest.mark.parametrize("hangs", [False, True])
@ensureDeferred
async def test_a_submission_that_was_answered_by_503_does_not_come_into_being_later(
    world: EngineWorld, hangs: bool
) -> None:
    """It is repeated, and the workflow must not run twice. That holds for a commit that fails and one that hangs."""
    world.store.away = not hangs
    if hangs:
        world.store.hold()
    waiting = state_of(world.submit(job(task("0"))))
    world.clock.pump([1] * 11)
    with pytest.raises(Unavailable):
        await waiting
    world.store.away = False
    if hangs:
        world.store.let_go()
    world.clock.pump([1] * 6)
    again = await world.submit(job(task("0")))
    assert await world.store.job_ids(list(JobState)) == [again.id]
    assert len(world.engine.jobs.held()) == 1


@ensureDeferred
async def test_work_that_was_not_handed_out_because_the_store_is_away_is_handed_out_later(world: EngineWorld) -> None:
    """A worker that was told to come back later does not hold it: without this, it would be busy for ever."""
    await world.submit(job(task("0")))
    await world.client("a")
    world.store.away = True
    waiting = state_of(world.engine.work.checkout("a", None))
    world.clock.pump([1] * 11)
    with pytest.raises(Unavailable):
        await waiting
    world.store.away = False
    world.clock.pump([1] * 6)
    assert (await world.run("a")).attempt == 2


@ensureDeferred
async def test_of_several_that_were_not_handed_out_each_goes_back(world: EngineWorld) -> None:
    """Also behind one that was taken away meanwhile."""
    first = await world.submit(job(task("0")))
    await world.submit(job(task("0")))
    await world.client("a")
    world.store.away = True
    waiting = state_of(world.engine.work.checkout_many("a", None, 0, None, most=2))
    changes = [state_of(verb(first.id)) for verb in (world.engine.jobs.suspend, world.engine.jobs.resume)]
    world.clock.pump([1] * 11)
    for request in (waiting, *changes):
        with pytest.raises(Unavailable):
            await request
    world.store.away = False
    world.clock.pump([1] * 6)
    assert len(await world.engine.work.checkout_many("a", None, 0, None, most=2)) == 2


@ensureDeferred
async def test_a_refusal_waits_for_what_it_rests_on(world: EngineWorld) -> None:
    """Who repeats a request whose answer was lost must not take it for done before it is durable."""
    submission, other = job(task("0")), await world.submit(job(task("0", work=2)))
    await world.client("a")
    unit = await world.engine.work.checkout("a", None)
    await world.engine.jobs.suspend(other.id)
    world.store.hold()

    def all_three() -> list[Deferred[object]]:
        return [
            state_of(world.submit(submission)),
            state_of(world.report(unit, attempt=unit.attempt)),
            state_of(world.engine.jobs.resume(other.id)),
        ]

    first, again = all_three(), all_three()
    assert not any(each.called for each in [*first, *again])
    world.store.let_go()
    for each in first:
        await each
    for each, error in zip(again, (Conflict, StaleAttempt, Invalid), strict=True):
        with pytest.raises(error):
            await each


@ensureDeferred
async def test_a_new_try_writes_one_consistent_moment(world: EngineWorld) -> None:
    """The records of a batch that failed have changed meanwhile: what changed with them must go along."""
    submitted = await world.submit(job(task("0"), task("1", "0")))
    await world.client("a")
    world.store.away = True
    checkout = state_of(world.engine.work.checkout("a", None))
    scheduler = world.engine._shell.scheduler
    unit = scheduler.work.get(WorkId(submitted.id, "0", 0))
    assert unit.client == "a"
    report = state_of(world.report(unit))
    world.store.away = False
    world.clock.pump([1])
    await checkout
    await report
    stored = await world.store.load_job(submitted.id)
    assert stored is not None
    assert [record.done for record in stored.tasks] == ["0", ""]
    assert stored.jobs[0].job.remaintasks == 1
    assert stored.work == []


@ensureDeferred
async def test_after_a_restart_the_holders_report_still_counts(world: EngineWorld) -> None:
    submitted = await world.submit(job(task("0"), task("1", "0")))
    await world.client("a")
    unit = await world.engine.work.checkout("a", None)
    await world.restart()
    await world.report(unit, attempt=unit.attempt)
    await world.client("a")
    assert (await world.run("a")).task_name == "1"
    assert (await world.engine.jobs.get(submitted.id)).job.state is JobState.COMPLETED


@ensureDeferred
async def test_after_a_restart_a_worker_registers_again_and_keeps_its_work(world: EngineWorld) -> None:
    await world.submit(job(task("0"), task("1")))
    await world.client("a")
    unit = await world.engine.work.checkout("a", None)
    uuid = world.engine.server_uuid
    await world.restart()
    assert world.engine.server_uuid == uuid
    with pytest.raises(ClientNotFound):
        await world.engine.clients.heartbeat("a", None)
    await world.client("a", unit.wuid)
    assert (await world.engine.clients.heartbeat("a", [unit.wuid])).discard == ""
    await world.report(unit, attempt=unit.attempt)


@ensureDeferred
async def test_after_a_restart_work_of_clients_that_stay_away_is_queued_again(world: EngineWorld) -> None:
    await world.submit(job(task("0")))
    await world.client("a")
    unit = await world.engine.work.checkout("a", None)
    await world.restart()
    await world.client("b")
    world.clock.advance(30)
    await world.engine.tick()
    await world.engine.clients.heartbeat("b", None)
    world.clock.advance(1)
    await world.engine.tick()
    again = await world.engine.work.checkout("b", None)
    assert (again.wuid, again.attempt) == (unit.wuid, 2)
    await world.client("a")
    with pytest.raises(StaleAttempt):
        await world.report(unit, attempt=1)


@ensureDeferred
async def test_finished_jobs_are_in_the_store_alone_and_can_be_run_again(world: EngineWorld) -> None:
    submitted = await world.submit(job(task("0"), task("1", "0")))
    await world.client("a")
    for _ in range(2):
        await world.run("a")
    assert not world.engine.jobs.held()
    await world.engine.revisions.recompute(submitted.id, "1")
    assert (await world.run("a")).task_name == "1"
    record = await world.engine.jobs.get(submitted.id)
    assert (record.job.state, record.job.resumed) == (JobState.COMPLETED, 1)
    await world.engine.jobs.delete(submitted.id, full=False)
    assert (await world.engine.jobs.get(submitted.id)).job.state is JobState.DELETED
    assert len((await world.engine.jobs.get(submitted.id)).job.tasks) == 2


@ensureDeferred
async def test_the_committer_commits_for_others_too(world: EngineWorld) -> None:
    await world.engine.commit(Batch(meta={"a": "1"}))
    assert (await world.store.load()).meta["a"] == "1"


@ensureDeferred
async def test_stopping_writes_what_is_left(world: EngineWorld) -> None:
    world.store.hold()
    submission = job(task("0"))
    submitted = state_of(world.submit(submission))
    stopped: Deferred[object] = state_of(world.engine.stop())
    world.store.let_go()
    await stopped
    await submitted
    assert await world.store.job(submission.job.id) is not None


@ensureDeferred
async def test_a_finished_job_whose_time_is_over_is_removed_with_its_files() -> None:
    world = EngineWorld(Limits(keep_jobs=100, keep_pipelines={"short": 10}))
    await world.start()
    await world.client("a")
    one = task("0")
    one.outputs = [IO(filename="out", host=OWN_HOST)]
    short, long = job(one), job(task("0"))
    short.job.info.pipeline = "short"
    await world.submit(short)
    unit = await world.engine.work.checkout("a", None, wait=1)
    world.shock.deliver(unit.outputs[0].node)
    await world.report(unit)
    await world.submit(long)
    await world.run("a")
    assert await world.engine.sweeps.remove_expired() == 0
    world.clock.advance(11)
    assert await world.engine.sweeps.remove_expired() == 1
    assert await world.store.job(short.job.id) is None
    assert not world.shock.nodes
    world.clock.advance(100)
    assert await world.engine.sweeps.remove_expired() == 1


@ensureDeferred
async def test_once_the_store_is_another_daemon_s_everybody_is_told_so_at_once(world: EngineWorld) -> None:
    """Those of the commit under way, those of the next one, and those who come later."""
    world.store.hold()
    first = state_of(world.submit(job(task("0"))))
    second = state_of(world.submit(job(task("0"))))
    assert world.store.gate is not None
    world.store.gate.errback(Superseded())
    third = state_of(world.engine.jobs.page(JobQuery()))
    for waiting in (first, second, third):
        with pytest.raises(Superseded):
            await waiting
