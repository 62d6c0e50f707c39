"""When the wall clock is set, no period gets longer or shorter."""

import pytest

from awed.model.attempts import Cause
from awed.model.errors import ClientSuspended, NothingToDo
from awed.model.states import ClientState, JobState
from awed.scheduler.requirements import Spare
from tests.unit.scheduler.builders import World, job, task

DAY = 86400

steps = pytest.mark.parametrize("step", [-DAY, -3600, 60, 3600, DAY])


@steps
def test_who_is_silent_is_lost_after_the_limit_and_nobody_else(step: int) -> None:
    world = World()
    for name in ("lives", "dead"):
        world.client(name)
    assert world.live(10, "lives", "dead") == []
    world.set_clock(step)
    assert world.live(30, "lives") == []
    assert world.live(1, "lives") == ["dead"]


@steps
def test_work_of_a_lost_answer_is_queued_again_after_the_limit(step: int) -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    unit = world.checkout("a")
    world.set_clock(step)
    world.scheduler.clients.heartbeat("a", [], world.now)
    assert world.scheduler.clients.get("a").held.keys() == {unit.wuid}
    world.pass_time(31)
    world.scheduler.clients.heartbeat("a", [], world.now)
    assert not world.scheduler.clients.get("a").held


@steps
def test_failed_work_waits_out_its_pause(step: int) -> None:
    world = World()
    submitted = world.submit(job(task("0")))
    world.client("a")
    world.report(world.checkout("a"), "fail", exitstatus=1, cause=Cause.EXIT)
    world.set_clock(step)
    with pytest.raises(NothingToDo):
        world.checkout("a")
    world.live(1, "a")
    world.run("a")
    assert submitted.state is JobState.COMPLETED


@pytest.mark.parametrize("restarts", [False, True])
@steps
def test_who_is_put_aside_comes_back(step: int, restarts: bool) -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    world.report(world.checkout("a"), "fail", cause=Cause.DISK)
    if restarts:  # the stored moment is by the wall clock: it may be set aside for longer, but not for ever
        world.set_clock(step)
        world.restart()
        world.client("a")
        world.live(600, "a")
    else:
        world.set_clock(step)
        world.live(9, "a")
        with pytest.raises(ClientSuspended):
            world.checkout("a")
        world.live(1, "a")
    assert world.scheduler.clients.get("a").client.status is ClientState.IDLE


@steps
def test_a_client_has_as_much_time_as_it_said(step: int) -> None:
    world = World()
    world.submit(job(task("0", walltime=100)))
    world.client("a")
    short, enough = (Spare(None, world.now.seconds + seconds) for seconds in (99, 100))
    world.set_clock(step)
    with pytest.raises(NothingToDo):
        world.scheduler.work.checkout("a", short, world.now)
    world.scheduler.work.checkout("a", enough, world.now)


@steps
def test_nobody_is_shown_to_be_here_since_later_than_now(step: int) -> None:
    world = World()
    world.client("a")
    world.set_clock(step)
    [view] = world.scheduler.clients.all(world.now)
    assert view.idle_time == max(0, step)
    assert not view.serve_time.startswith("-")
