"""The feed: numbered for ever, durable before it is told, kept for a while, and told to those who may hear it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.task import Clock

from awed.model.access import Acl, GroupAcl, User
from awed.model.attempts import Cause
from awed.model.errors import Gone, StoreAway
from awed.model.feed import FeedEvent, StateChange, Subject
from awed.model.records import Batch
from awed.model.work import Report, ReportStatus
from awed.scheduler.state import Limits
from awed.service import feed as feeds
from awed.service.engine import Engine
from awed.service.events import Choice, Cursor
from awed.service.feed import Feed, Keep
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import T0, EngineWorld, state_of
from tests.unit.store.memory import MemoryStore

ADMIN, ANN, BOB = User("root", admin=True), User("ann"), User("bob")


ALL = Choice()
CHANGES = [StateChange(Subject.JOB, "j", str(number)) for number in range(20)]


def listen(engine: Engine, since: int = 0, user: User = ADMIN, choice: Choice = ALL) -> Cursor:
    """Someone who listens; all groups are everybody's."""
    return engine.events.cursor(user, lambda name, at: GroupAcl.of("public"), choice, since)


def told(events: Sequence[FeedEvent]) -> list[tuple[str, str, str]]:
    return [(event.kind.value, event.state, event.cause) for event in events]


@ensureDeferred
async def test_each_change_of_a_state_is_an_event(world: EngineWorld) -> None:
    submitted = await world.submit(job(task("0"), task("1", "0")))
    await world.client("a")
    unit = await world.run("a")
    found = await listen(world.engine).read(100)
    assert [event.id for event in found] == list(range(1, len(found) + 1))
    assert told(found) == [
        ("job", "init", ""),
        ("task", "queued", ""),
        ("job", "queued", ""),
        ("client", "active-idle", ""),
        ("work", "checkout", ""),
        ("task", "in-progress", ""),
        ("job", "in-progress", ""),
        ("work", "done", ""),
        ("task", "completed", ""),
        ("task", "queued", ""),
    ]
    done, completed = found[-3:-1]
    assert (done.job, done.task, done.work) == (submitted.id, unit.taskid, unit.wuid)
    assert (done.client, done.attempt) == ("a", 1)
    assert (completed.remainwork, completed.totalwork) == (0, 1)
    assert await listen(world.engine).read(100) == found


@ensureDeferred
async def test_a_run_that_fails_or_is_lost_is_told_with_its_cause(world: EngineWorld) -> None:
    await world.submit(job(task("0")))
    await world.client("a")
    await world.client("b")
    unit = await world.engine.work.checkout("a", None)
    hearing = listen(world.engine, world.engine.events.feed.last)
    await world.engine.work.report(Report(unit.wuid, "a", ReportStatus.FAIL, exitstatus=3, cause=Cause.EXIT))
    failed, queued = await hearing.read(100)
    assert (failed.state, failed.cause, failed.exitstatus) == ("failed", "exit", 3)
    assert (queued.state, queued.attempt) == ("queued", 1)
    await world.engine.work.checkout("b", None)
    world.clock.advance(60)
    await world.engine.tick()
    assert {("work", "queued", "lost"), ("client", "removed", "lost")} <= set(told(await hearing.read(100)))


@ensureDeferred
async def test_a_job_that_failed_is_told_with_the_cause(world: EngineWorld) -> None:
    world.limits = Limits(max_work_failure=1)
    await world.restart()
    await world.submit(job(task("0")))
    await world.client("a")
    unit = await world.engine.work.checkout("a", None)
    await world.engine.work.report(Report(unit.wuid, "a", ReportStatus.FAIL, exitstatus=3, cause=Cause.EXIT))
    found = await listen(world.engine, choice=Choice({Subject.JOB})).read(100)
    assert told(found)[-1] == ("job", "suspend", "exit")


@ensureDeferred
async def test_nothing_is_told_before_it_is_durable(world: EngineWorld) -> None:
    hearing = state_of(listen(world.engine).wait(10, 30))
    world.store.hold()
    submitting = state_of(world.submit(job(task("0"))))
    world.clock.advance(1)
    assert not hearing.called
    world.store.let_go()
    assert submitting.called
    world.clock.advance(0)
    assert hearing.called


@ensureDeferred
async def test_numbers_go_on_after_a_restart_and_what_was_not_durable_gives_its_own_back() -> None:
    store = MemoryStore()
    await store.open()
    feed = Feed(store, Clock(), lambda: T0, Keep())
    await committed(feed, store, CHANGES[:3])
    feed.numbered(CHANGES)
    again = Feed(store, Clock(), lambda: T0, Keep())
    await again.start()
    assert (again.oldest, again.last) == (1, 3)
    await committed(again, store, CHANGES[:1])
    (page,) = await again.after(3)
    assert (page.first, page.last) == (4, 4)


@ensureDeferred
async def test_what_a_store_took_at_the_second_try_is_told_once(world: EngineWorld) -> None:
    world.store.away = True
    first = state_of(world.client("a"))
    second = state_of(world.client("b"))
    world.store.away = False
    world.clock.advance(1)
    assert (first.result, second.result) == ("a", "b")
    found = await listen(world.engine).read(100)
    assert [(event.id, event.client) for event in found] == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("in_memory", [True, False])
@ensureDeferred
async def test_memory_and_store_tell_the_same(in_memory: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "IN_MEMORY", 10_000 if in_memory else 0)
    monkeypatch.setattr(feeds, "MOST_CHANGES", 7)
    store, clock = MemoryStore(), Clock()
    await store.open()
    feed = Feed(store, clock, lambda: T0, Keep())
    for size in (20, 1, 7, 3):
        await committed(feed, store, CHANGES[:size])
    for since in range(31):
        pages = await feed.after(since)
        numbers = [number for page in pages for number in range(page.first, page.last + 1)]
        assert [number for number in numbers if number > since] == list(range(since + 1, 32))


async def committed(feed: Feed, store: MemoryStore, changes: Sequence[StateChange]) -> None:
    batch = Batch(feed=feed.numbered(changes))
    await store.commit(batch)
    feed.committed(batch, 0)


@ensureDeferred
async def test_what_is_old_or_too_much_goes_and_who_asks_for_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "AGED_TOGETHER", 2)
    store, now = MemoryStore(), T0
    await store.open()
    feed = Feed(store, Clock(), lambda: now, Keep(seconds=100, most=6))
    for _ in range(10):
        await committed(feed, store, CHANGES[:1])
    await feed.age(store.commit)
    assert (feed.oldest, feed.last) == (5, 10)
    now = T0 + timedelta(seconds=101)
    await committed(feed, store, CHANGES[:1])
    await feed.age(store.commit)
    assert (feed.oldest, feed.last) == (11, 11)
    now = T0 + timedelta(seconds=1000)
    await feed.age(store.commit)
    again = Feed(store, Clock(), lambda: now, Keep())
    await again.start()
    assert (again.oldest, again.last) == (11, 11)
    for number in (9, 12):
        with pytest.raises(Gone) as caught:
            await again.after(number)
        assert caught.value.oldest == 11
    assert [page.first for page in await again.after(10)] == [11]


@ensureDeferred
async def test_nothing_is_gone_before_it_is_removed_and_no_reader_passes_over_what_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "IN_MEMORY", 0)
    store = MemoryStore()
    await store.open()
    feed = Feed(store, Clock(), lambda: T0, Keep(most=6))
    for _ in range(10):
        await committed(feed, store, CHANGES[:1])

    async def fails(batch: Batch) -> None:
        raise StoreAway("away")

    with pytest.raises(StoreAway):
        await feed.age(fails)
    assert feed.oldest == 1
    assert [page.first for page in await feed.after(2)][:2] == [3, 4]
    removed = [page.id for page in (await feed.after(0))[:4]]
    await store.commit(Batch(gone_feed=removed))
    with pytest.raises(Gone) as caught:
        await feed.after(2)
    assert caught.value.oldest == 5


@pytest.mark.parametrize("restarted", [False, True])
@ensureDeferred
async def test_the_rights_of_the_moment_count(world: EngineWorld, restarted: bool) -> None:
    """Also for a job that only the store has."""

    async def hears(user: User) -> bool:
        return bool(await listen(world.engine, user=user, choice=Choice({Subject.JOB})).read(10))

    async def change(right: str, names: list[str] | str) -> None:
        await world.engine.revisions.change_acl(submitted.id, lambda acl: setattr(acl, right, names))

    submitted = await world.engine.jobs.submit(job(task("0")), ANN)
    if restarted:
        await world.client("a")
        await world.run("a")
        await world.restart()
    assert [await hears(user) for user in (ANN, BOB, User())] == [True, False, False]
    await change("read", ["bob"])
    assert [await hears(user) for user in (ANN, BOB, User())] == [True, True, False]
    await change("owner", "bob")
    await change("read", [])
    assert [await hears(user) for user in (ANN, BOB)] == [False, True]


@ensureDeferred
async def test_a_job_that_is_gone_is_its_owners_and_not_that_of_who_takes_its_id(world: EngineWorld) -> None:
    submitted = await world.engine.jobs.submit(job(task("0")), ANN)
    await world.engine.jobs.delete(submitted.id, full=True)
    assert (await listen(world.engine, user=ANN).read(10))[-1].state == "deleted"
    before = world.engine.events.feed.last
    again = job(task("0"))
    again.job.id = submitted.id
    await world.engine.jobs.submit(again, BOB)
    assert {event.id > before for event in await listen(world.engine, user=BOB).read(100)} == {True}
    assert {event.id <= before for event in await listen(world.engine, user=ANN).read(100)} == {True}


@ensureDeferred
async def test_clients_are_told_to_those_who_may_see_their_group(world: EngineWorld) -> None:
    await world.client("a")
    for user, heard in ((ANN, 1), (BOB, 0)):
        hearing = world.engine.events.cursor(user, lambda name, at: Acl.of("ann"), ALL, 0)
        assert len(await hearing.read(10)) == heard


@ensureDeferred
async def test_a_reading_says_how_far_it_came(world: EngineWorld) -> None:
    first = await world.engine.jobs.submit(job(task("0")), ANN)
    second = await world.engine.jobs.submit(job(task("0")), ANN)
    hearing = listen(world.engine, choice=Choice({Subject.TASK}, second.id))
    (event,) = await hearing.read(10)
    assert (event.job, hearing.number) == (second.id, world.engine.events.feed.last)
    hearing = listen(world.engine, choice=Choice(job=first.id))
    assert [event.id for event in await hearing.read(1)] == [1]
    assert hearing.number == 1


@ensureDeferred
async def test_who_waits_when_the_server_stops_is_let_go(world: EngineWorld) -> None:
    hearing = state_of(listen(world.engine).wait(10, 30))
    world.engine.turn_away()
    assert hearing.called
    assert await listen(world.engine).wait(10, 30) == []
