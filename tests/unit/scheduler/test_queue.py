"""The queue's counts: how much work of each kind waits, and since when. Work that leaves it leaves nothing behind."""

import pytest

from awed.scheduler.queue import Queued
from tests.unit.scheduler.builders import World, check_invariants, job, task


def queued(world: World) -> dict[tuple[str, str], Queued]:
    """By allowed groups and app."""
    return {
        (",".join(sorted(item.wanted.named)), item.wanted.app): item
        for item in world.scheduler.queued()
        if not item.wanted.avoid
    }


def test_work_is_counted_by_who_may_have_it_whatever_becomes_of_it() -> None:
    world = World()
    world.client("c", "g", slots=2)
    world.submit(job(task("0", work=5, app="a"), task("1", app="b"), groups="g"))
    other = world.submit(job(task("0", work=2, app="a")))
    first, _ = world.checkout("c"), world.checkout("c")
    world.report(first, "fail")
    world.pass_time(10)
    assert {key: item.work for key, item in queued(world).items()} == {("g", "a"): 3, ("g", "b"): 1, ("", "a"): 2}
    assert [(item.wanted.avoid, item.work) for item in world.scheduler.queued() if item.wanted.avoid] == [
        (frozenset({"c"}), 1)
    ]
    world.scheduler.jobs.suspend(other.id, world.now)
    world.scheduler.clients.remove("c", world.now)
    assert {key: item.work for key, item in queued(world).items()} == {("g", "a"): 4, ("g", "b"): 1}


def test_the_oldest_is_what_has_been_queued_longest_not_what_is_next() -> None:
    world = World()
    begin = world.now.seconds
    world.client("c")
    world.submit(job(task("0"), submitted=0))
    world.pass_time(60)
    world.submit(job(task("0", work=2), priority=9, submitted=60))
    assert queued(world)[("", "app")].since == begin
    world.run("c")
    world.run("c")
    assert queued(world)[("", "app")].since == begin
    lost = world.checkout("c")
    assert not queued(world)
    world.pass_time(60)
    world.report(lost, "discarded")
    assert queued(world)[("", "app")].since == begin + 120


def test_what_happened_is_counted() -> None:
    world = World()
    world.client("c")
    world.client("d")
    world.submit(job(task("0", work=3)))
    first, second = world.checkout("c"), world.checkout("d")
    world.report(first)
    world.report(first)
    world.report(second, "fail")
    world.pass_time(31)
    world.scheduler.clients.remove_lost(world.now)
    tally = world.scheduler.tally
    assert dict(tally.reports) == {"done": 1, "fail": 1}
    assert (tally.reports_refused, tally.clients_lost) == (1, 2)
    assert [tally.events[code] for code in ("JQ", "WC", "WF", "WR")] == [1, 2, 1, 1]


def test_a_kind_of_work_that_is_gone_is_forgotten_although_nobody_asks_for_work() -> None:
    world = World()
    for number in range(100):
        submitted = world.submit(job(task("0", app=f"app{number}"), groups=f"group{number}"))
        world.scheduler.jobs.delete(submitted.id, world.now, full=True)
    assert not world.scheduler._state.queue._buckets
    assert not world.scheduler._state.queue._crossings


@pytest.mark.parametrize("again", ["resume", "requeue"])
def test_a_task_that_leaves_and_comes_back_does_not_make_the_queue_grow(again: str) -> None:
    """Work that nobody may have stands before it, so that it never comes up."""
    world = World()
    world.submit(job(task("0"), priority=9))
    submitted = world.submit(job(*(task(str(number)) for number in range(5))))
    jobs = world.scheduler.jobs
    for _ in range(100):
        if again == "resume":
            jobs.suspend(submitted.id, world.now)
            jobs.resume(submitted.id, world.now)
        else:
            jobs.requeue(jobs.get(submitted.id), world.now)
        check_invariants(world.scheduler)
    units = [world.run(world.client(f"c{number}")) for number in range(6)]
    assert [unit.task_name for unit in units] == ["0", "0", "1", "2", "3", "4"]
