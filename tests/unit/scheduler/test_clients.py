"""Registration, heartbeats, and the work of clients that are gone or come back."""

import pytest

from awed.model.errors import ClientNotFound, Invalid
from awed.model.states import ClientState
from tests.unit.scheduler.builders import World, job, task


def test_a_silent_client_is_lost_and_its_work_goes_to_another_without_blame() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    world.checkout("a")
    world.pass_time(20)
    world.scheduler.clients.heartbeat("a", None, world.now)
    world.pass_time(30)
    assert world.scheduler.clients.remove_lost(world.now) == []
    world.pass_time(0.001)
    assert world.scheduler.clients.remove_lost(world.now) == ["a"]
    with pytest.raises(ClientNotFound):
        world.scheduler.clients.heartbeat("a", None, world.now)
    world.client("b")
    unit = world.checkout("b")
    assert (unit.failed, unit.attempt) == (0, 2)


def test_a_client_that_registers_again_keeps_the_work_it_names_and_its_counters() -> None:
    world = World()
    world.submit(job(task("0", work=3)))
    world.client("a", slots=2)
    kept, lost = world.checkout("a"), world.checkout("a")
    world.client("a", slots=2, work=[kept.wuid, "stranger_0_0"])
    [view] = world.scheduler.clients.all(world.now)
    assert (view.total_checkout, view.current_work) == (2, {kept.wuid: True})
    world.client("b")
    assert world.checkout("b").wuid == lost.wuid


def test_a_heartbeat_that_lists_its_work_is_told_what_is_not_its_own() -> None:
    world = World()
    submitted = world.submit(job(task("0")))
    world.client("a")
    unit = world.checkout("a")
    beat = world.scheduler.clients.heartbeat
    assert beat("a", [unit.wuid], world.now) == []
    world.scheduler.jobs.delete(submitted.id, world.now, full=False)
    assert beat("a", [unit.wuid], world.now) == [unit.wuid]
    assert beat("a", [unit.wuid], world.now) == [unit.wuid]
    assert beat("a", [], world.now) == []


def test_a_client_that_polls_after_a_discard_is_free() -> None:
    world = World()
    first = world.submit(job(task("0")))
    world.submit(job(task("0"), submitted=1))
    world.client("a")
    world.checkout("a")
    world.scheduler.jobs.delete(first.id, world.now, full=False)
    assert world.scheduler.clients.heartbeat("a", None, world.now) == [f"{first.id}_0_0"]
    world.checkout("a")
    assert world.scheduler.clients.heartbeat("a", None, world.now) == []


def test_suspending_a_client_queues_its_work_again_and_resuming_frees_it() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    world.client("b")
    unit = world.checkout("a")
    clients = world.scheduler.clients
    clients.suspend("a", world.now)
    assert world.checkout("b").wuid == unit.wuid
    clients.resume("a")
    assert clients.get("a").client.status is ClientState.IDLE
    with pytest.raises(Invalid, match=r"^Client not suspended$"):
        clients.resume("a")


def test_work_whose_answer_was_lost_is_handed_out_again_after_the_next_registration() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    lost = world.checkout("a")
    world.client("a")
    again = world.checkout("a")
    assert (again.wuid, again.attempt) == (lost.wuid, 2)


def test_signing_off_gives_work_back() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    world.checkout("a")
    world.scheduler.clients.remove("a", world.now)
    world.client("b")
    world.checkout("b")
