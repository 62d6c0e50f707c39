"""Clients that wait are handed work the moment there is some."""

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from awed.model.client import Client
from awed.model.errors import ClientSuspended, QueueEmpty, Unavailable
from awed.model.work import Workunit
from awed.scheduler.requirements import ANYBODYS, NOBODY, Spare
from awed.scheduler.shares import Most
from awed.scheduler.state import Limits
from awed.service.waiting import Ask, WaitingRoom
from tests.unit.scheduler.builders import World, job, task
from tests.unit.service.worlds import EngineWorld, state_of


@ensureDeferred
async def test_a_waiting_client_gets_work_as_soon_as_it_is_submitted(world: EngineWorld) -> None:
    await world.client("a")
    waiting = state_of(world.engine.work.checkout("a", None, wait=60))
    assert world.engine.queue.waiting_clients == 1
    submitted = await world.submit(job(task("0"), task("1", "0")))
    unit = await waiting
    assert isinstance(unit, Workunit)
    assert unit.jobid == submitted.id
    assert world.engine.queue.waiting_clients == 0
    await world.client("b")
    next_one = state_of(world.engine.work.checkout("b", None, wait=60))
    await world.report(unit)
    assert (await next_one).task_name == "1"  # type: ignore[attr-defined]


@ensureDeferred
async def test_a_wait_that_is_over_ends_like_a_checkout_that_did_not_wait(world: EngineWorld) -> None:
    await world.client("a")
    waiting = state_of(world.engine.work.checkout("a", None, wait=60))
    world.clock.advance(60)
    with pytest.raises(QueueEmpty):
        await waiting


@ensureDeferred
async def test_the_time_of_a_client_goes_on_while_it_waits(world: EngineWorld) -> None:
    await world.client("a")
    waiting = state_of(world.engine.work.checkout("a", None, wait=60, walltime=100))
    world.clock.advance(50)
    await world.submit(job(task("0", walltime=51)))
    assert not waiting.called
    await world.submit(job(task("0", walltime=50)))
    assert (await waiting).walltime == 50  # type: ignore[attr-defined]


@ensureDeferred
async def test_each_workunit_wakes_one_of_many(world: EngineWorld) -> None:
    names = [f"c{number}" for number in range(10)]
    for name in names:
        await world.client(name)
    waiting = [state_of(world.engine.work.checkout(name, None, wait=60)) for name in names]
    await world.submit(job(task("0", work=3)))
    assert [each.called for each in waiting] == [True] * 3 + [False] * 7
    for each in waiting[:3]:
        await each
    world.clock.advance(60)
    for each in waiting[3:]:
        with pytest.raises(QueueEmpty):
            await each


@ensureDeferred
async def test_a_client_that_asks_again_waits_once(world: EngineWorld) -> None:
    await world.client("a")
    first = state_of(world.engine.work.checkout("a", None, wait=60))
    second = state_of(world.engine.work.checkout("a", None, wait=60))
    with pytest.raises(QueueEmpty):
        await first
    await world.submit(job(task("0")))
    await second


@ensureDeferred
async def test_a_client_that_is_suspended_while_it_waits_is_told(world: EngineWorld) -> None:
    await world.client("a")
    waiting = state_of(world.engine.work.checkout("a", None, wait=60))
    await world.engine.clients.suspend("a")
    await world.submit(job(task("0")))
    with pytest.raises(ClientSuspended):
        await waiting


@ensureDeferred
async def test_work_handed_to_a_request_that_was_cut_off_is_queued_again(world: EngineWorld) -> None:
    await world.client("a")
    await world.submit(job(task("0")))
    world.store.hold()
    cut_off = state_of(world.engine.work.checkout("a", None))
    cut_off.addErrback(lambda failure: None)
    cut_off.cancel()
    world.store.let_go()
    again = await world.engine.work.checkout("a", None)
    assert again.attempt == 2


@ensureDeferred
async def test_resuming_the_queue_wakes_those_who_wait(world: EngineWorld) -> None:
    await world.client("a")
    await world.engine.queue.suspend()
    await world.submit(job(task("0")))
    waiting = state_of(world.engine.work.checkout("a", None, wait=60))
    assert not waiting.called
    await world.engine.queue.resume()
    await waiting


@ensureDeferred
async def test_who_waits_when_the_server_stops_is_told_to_ask_again(world: EngineWorld) -> None:
    await world.client("a")
    waiting = state_of(world.engine.work.checkout("a", None, wait=60))
    world.engine.turn_away()
    for late in (waiting, state_of(world.engine.work.checkout("a", None, wait=60))):
        with pytest.raises(Unavailable, match="nothing is lost"):
            await late
    assert world.engine.queue.waiting_clients == 0


@ensureDeferred
async def test_a_client_whose_group_is_opened_looks_again_and_one_whose_group_is_closed_gets_nothing(
    world: EngineWorld,
) -> None:
    clients = world.engine.clients
    clients.set_group("g", NOBODY)
    for name, group in (("a", "g"), ("b", "g"), ("c", "")):
        await clients.register(Client(id=name, group=group, apps=["*"]), [])
    await world.submit(job(task("0")))
    first = state_of(world.engine.work.checkout("a", None, wait=60))
    assert not first.called
    clients.set_group("g", ANYBODYS)
    assert (await first).client == "a"  # type: ignore[attr-defined]
    second, other = (state_of(world.engine.work.checkout(name, None, wait=60)) for name in ("b", "c"))
    clients.set_group("g", NOBODY)
    with pytest.raises(QueueEmpty):
        await second
    await world.submit(job(task("0")))
    assert (await other).client == "c"  # type: ignore[attr-defined]


@ensureDeferred
async def test_work_that_comes_back_while_work_is_handed_out_may_go_to_others() -> None:
    """A checkout may find that its client lost what it held, which goes to another who waits in the same moment."""
    core = World()
    room = WaitingRoom(lambda ask: [core.checkout(ask.client_id)], Clock())

    def wait(name: str) -> Deferred[object]:
        client = core.scheduler.clients.get(core.client(name, name))
        return state_of(room.wait(client, Ask(name, Spare()), 60, core.now))

    first, second = wait("a"), wait("b")
    for name in ("a", "b"):
        core.submit(job(task("0"), groups=name))
    fresh = core.scheduler.take_fresh_work()
    first.addCallback(lambda _: room.hand_out(fresh, core.now))
    room.hand_out(fresh, core.now)
    await first
    await second


@ensureDeferred
@pytest.mark.parametrize("available", [99, 100])
async def test_work_goes_past_those_who_have_no_room_for_it(world: EngineWorld, available: int) -> None:
    for name in ("small", "large", "none"):
        await world.client(name)
    waiting = {
        name: state_of(world.engine.work.checkout(name, disk, wait=60))
        for name, disk in {"small": 99, "large": available, "none": None}.items()
    }
    await world.submit(job(task("0", inputs=[40, 60])))
    [name] = [name for name, found in waiting.items() if found.called]
    assert name == ("large" if available == 100 else "none")
    await waiting[name]


@ensureDeferred
async def test_a_client_that_takes_nothing_after_all_does_not_keep_the_next_from_it(world: EngineWorld) -> None:
    """It registered again, for other work, while an old request of it still waits."""
    await world.client("a")
    await world.client("b")
    stale = state_of(world.engine.work.checkout("a", None, wait=60))
    waiting = state_of(world.engine.work.checkout("b", None, wait=60))
    await world.engine.clients.register(Client(id="a", apps=["other"]), [])
    await world.submit(job(task("0")))
    assert not stale.called
    await waiting


@ensureDeferred
async def test_work_that_nobody_runs_goes_to_who_waits(world: EngineWorld) -> None:
    """A heartbeat tells that the answer to a checkout was lost."""
    await world.submit(job(task("0")))
    await world.client("a")
    await world.client("b")
    await world.engine.work.checkout("a", None)
    waiting = state_of(world.engine.work.checkout("b", None, wait=60))
    world.clock.advance(31)
    assert not waiting.called
    await world.engine.clients.heartbeat("a", [])
    assert (await waiting).attempt == 2  # type: ignore[attr-defined]


@ensureDeferred
async def test_who_waits_gets_what_fits_as_soon_as_something_else_of_its_own_ends(world: EngineWorld) -> None:
    await world.engine.clients.register(Client(id="a", apps=["*"], slots=9, offers={"cores": 2.0}), [])
    await world.submit(job(task("0"), task("1", needs={"cores": 2})))
    [first] = await world.engine.work.checkout_many("a", None, 0, None, most=9)
    waiting = state_of(world.engine.work.checkout_many("a", None, 60, None, most=9))
    assert not waiting.called
    await world.report(first)
    assert [unit.task_name for unit in await waiting] == ["1"]  # type: ignore[attr-defined]


@ensureDeferred
async def test_work_goes_to_who_has_enough_of_what_it_needs(world: EngineWorld) -> None:
    waiting = {}
    for name, memory in (("small", 1), ("large", 2)):
        await world.engine.clients.register(Client(id=name, apps=["*"], offers={"cores": 1.0, "memory": memory}), [])
        waiting[name] = state_of(world.engine.work.checkout(name, None, wait=60))
    await world.submit(job(task("0", needs={"memory": 2})))
    assert [waiting[name].called for name in ("small", "large")] == [False, True]


async def waiting(limits: Limits, clients: int) -> tuple[EngineWorld, list[Deferred[object]]]:
    """A world with such limits, in which clients of one group wait for work."""
    world = EngineWorld(limits)
    await world.start()
    names = [await world.client(f"c{number}") for number in range(clients)]
    return world, [state_of(world.engine.work.checkout(name, None, wait=60)) for name in names]


@pytest.mark.parametrize("limits", [Limits(user_out=Most(work=2)), Limits(group_out=Most(cores=2))])
@ensureDeferred
async def test_who_waits_gets_work_the_moment_more_of_a_user_or_in_a_group_may_run(limits: Limits) -> None:
    world, answers = await waiting(limits, 5)
    await world.submit(job(task("0", work=9)))
    assert [each.called for each in answers] == [True, True, False, False, False]
    for number in range(3):
        unit = await answers[number]
        assert isinstance(unit, Workunit)
        await world.report(unit)
        assert [each.called for each in answers] == [True] * (3 + number) + [False] * (2 - number)


@ensureDeferred
async def test_so_does_who_can_run_another_kind_of_that_users_work() -> None:
    world, answers = await waiting(Limits(user_out=Most(cores=4)), 3)
    await world.submit(job(task("0", needs={"cores": 4}), task("1", needs={"cores": 3}), task("2")))
    assert [each.called for each in answers] == [True, False, False]
    unit = await answers[0]
    assert isinstance(unit, Workunit)
    await world.report(unit)
    assert all(each.called for each in answers)
