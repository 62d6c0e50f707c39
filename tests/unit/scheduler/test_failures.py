"""Who gets work that has failed, how often, and what that says of the job and of the client."""

from typing import Any

import pytest

from awed.model.errors import ClientSuspended, NoEligibleWork, NothingToDo
from awed.model.job import Job
from awed.model.states import ClientState, JobState
from awed.model.work import Cause
from awed.scheduler.clients import IDLE_ASKS
from awed.scheduler.retries import AGAIN
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import World, check_invariants, job, task


def fail(world: World, client_id: str, cause: Cause = Cause.EXIT, exitstatus: int | None = 1) -> str:
    """Check out some work, which fails; its id."""
    unit = world.checkout(client_id)
    world.report(unit, "fail", cause=cause, exitstatus=exitstatus, logs={"worknotes": f"{cause} at {client_id}"})
    return unit.wuid


def pause(world: World, client_id: str, status: str = "fail") -> int:
    """After how many seconds the client gets work, which it reports to be done or failed."""
    for second in range(1000):
        try:
            unit = world.checkout(client_id)
        except NothingToDo:
            world.live(1, *world.scheduler._state.clients)
        else:
            world.report(unit, status)
            return second
    raise AssertionError(f"{client_id} gets nothing")


def state_of(job: Job) -> JobState:
    return job.state


def test_a_lone_client_tries_again_after_growing_pauses_until_the_job_is_suspended() -> None:
    world = World(Limits(max_work_failure=4))
    submitted = world.submit(job(task("0")))
    world.client("a")
    assert [pause(world, "a") for _ in range(4)] == [0, 1, 2, 4]
    assert state_of(submitted) is JobState.SUSPEND
    assert submitted.notes == f"workunit {submitted.id}_0_0 failed 4 time(s)."


def test_others_get_failed_work_at_once_and_as_long_as_there_are_any() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    wuid = fail(world, "a")
    world.client("late")
    assert world.checkout("late").wuid == wuid


def test_failed_work_waits_for_another_that_is_busy_and_comes_back_when_that_one_leaves() -> None:
    world = World()
    for name in ("a", "b"):
        world.client(name)
    busy_with = world.submit(job(task("0")))
    world.checkout("b")
    failed = world.submit(job(task("0")))
    fail(world, "a")
    world.live(200, "a", "b")
    with pytest.raises(NoEligibleWork):
        world.checkout("a")
    world.scheduler.clients.remove("b", world.now)
    assert world.run("a").jobid == busy_with.id
    assert pause(world, "a", "done") <= AGAIN
    assert state_of(failed) is JobState.COMPLETED


@pytest.mark.parametrize("other", [{"group": "other"}, {"apps": ["x"]}])
def test_who_may_not_have_it_is_not_waited_for(other: dict[str, Any]) -> None:
    world = World()
    world.submit(job(task("0"), groups="g"))
    world.client("a", "g")
    world.client("b", **{"group": "g", **other})
    fail(world, "a")
    assert pause(world, "a") == 1


def test_who_has_too_small_a_disk_is_not_waited_for() -> None:
    world = World()
    for name in ("a", "b"):
        world.client(name)
    world.submit(job(task("0")))
    world.checkout("b", available=9)
    world.prepared(job(task("0", inputs=[10])))
    fail(world, "a")
    assert pause(world, "a") == 1


def test_who_is_suspended_or_does_not_ask_is_not_waited_for() -> None:
    world = World()
    for name in ("a", "b"):
        world.client(name)
    world.submit(job(task("0")))
    fail(world, "a")
    world.scheduler.clients.suspend("b", world.now)
    assert pause(world, "a") == 1
    world.scheduler.clients.resume("b")
    assert IDLE_ASKS - 10 < pause(world, "a") < IDLE_ASKS + 10


def test_it_is_the_same_after_a_restart_of_the_daemon() -> None:
    world = World(Limits(max_work_failure=2))
    submitted = world.submit(job(task("0")))
    world.client("a")
    fail(world, "a")
    world.restart()
    world.client("a")
    assert pause(world, "a") == 1
    assert state_of(world.scheduler.jobs.get(submitted.id).job) is JobState.SUSPEND


def test_a_failing_array_suspends_its_job_and_nobodys_worker() -> None:
    world = World()
    submitted = world.submit(job(task("0", work=200)))
    others = world.submit(job(task("0", work=3), priority=9))
    names = [world.client(name, slots=9) for name in ("a", "b", "c")]
    kept = [world.checkout(name) for name in names]
    for _ in range(20):
        for name in names:
            units = []
            for _ in range(8):
                try:
                    units.append(world.checkout(name))
                except NothingToDo:
                    break
            for unit in units:
                world.report(unit, "fail", exitstatus=1)
        world.live(1, *names)
    assert state_of(submitted) is JobState.SUSPEND
    assert "failed 3 time(s)" in submitted.notes
    assert all(client.status is not ClientState.SUSPEND for client in world.scheduler.clients.all(world.now))
    for unit in kept:
        world.report(unit)
    assert others.state is JobState.COMPLETED


def test_failing_jobs_do_not_speak_against_a_client_where_nobody_else_can_do_them() -> None:
    world = World(Limits(max_work_failure=2, max_client_failure=2))
    for _ in range(10):
        world.submit(job(task("0")))
    for name in ("a", "b"):
        world.client(name)
    for _ in range(10):
        fail(world, "a")
        fail(world, "b")
    assert {client.status for client in world.scheduler.clients.all(world.now)} == {ClientState.IDLE}


def outdone(world: World, jobs: int, tasks: int = 1) -> None:
    """Work of some jobs fails at client a and goes well at client b."""
    for _ in range(jobs):
        world.submit(job(*(task(str(number)) for number in range(tasks))))
        for _ in range(tasks):
            fail(world, "a")
            world.run("b")


def test_a_client_where_several_jobs_fail_that_others_can_do_is_put_aside() -> None:
    world = World()
    for name in ("a", "b"):
        world.client(name, slots=2)
    world.submit(job(task("0"), priority=9))
    runs_on = world.checkout("a")
    outdone(world, jobs=4)
    assert world.scheduler.clients.get("a").client.status is ClientState.BUSY
    outdone(world, jobs=1)
    view = world.scheduler.clients.view(world.scheduler.clients.get("a"), world.now)
    assert view.status is ClientState.SUSPEND
    assert view.suspend_reason == "work of 5 jobs failed here and was done elsewhere"
    assert view.current_work == {runs_on.wuid: True}
    check_invariants(world.scheduler)
    with pytest.raises(ClientSuspended):
        world.checkout("a")
    assert world.scheduler.clients.heartbeat("a", [runs_on.wuid], world.now) == []
    world.report(runs_on)
    assert runs_on.jobid not in world.scheduler.job_ids


@pytest.mark.parametrize(("jobs", "tasks"), [(1, 20), (20, 1)])
def test_one_job_does_not_put_a_client_aside_nor_do_many_among_which_it_succeeds(jobs: int, tasks: int) -> None:
    world = World()
    for name in ("a", "b"):
        world.client(name)
    for _ in range(jobs):
        outdone(world, 1, tasks)
        if jobs > 1:
            world.submit(job(task("0")))
            world.run("a")
    assert world.scheduler.clients.get("a").client.status is ClientState.IDLE


def test_a_client_that_cannot_begin_is_put_aside_for_growing_whiles_and_the_job_is_not_blamed() -> None:
    world = World(Limits(max_work_failure=1))
    submitted = world.submit(job(task("0")))
    world.client("a")
    for seconds in (10, 20, 40):
        fail(world, "a", Cause.DISK, None)
        client = world.scheduler.clients.get("a").client
        assert client.suspend_reason == "it could not begin: disk at a"
        world.live(seconds - 1, "a")
        with pytest.raises(ClientSuspended):
            world.checkout("a")
        world.live(1, "a")
    assert (client.status, client.suspend_reason) == (ClientState.IDLE, "")
    world.run("a")
    assert state_of(submitted) is JobState.COMPLETED
    world.submit(job(task("0")))
    fail(world, "a", Cause.MEMORY, None)
    world.live(10, "a")
    world.run("a")


def test_lack_of_memory_or_disk_in_a_command_is_the_jobs_own_fault() -> None:
    world = World(Limits(max_work_failure=1))
    submitted = world.submit(job(task("0")))
    world.client("a")
    fail(world, "a", Cause.MEMORY, exitstatus=-9)
    assert state_of(submitted) is JobState.SUSPEND
    assert world.scheduler.clients.get("a").client.status is ClientState.IDLE


def test_who_is_put_aside_comes_back_by_itself_after_a_restart_of_both() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    fail(world, "a", Cause.DISK, None)
    world.restart()
    world.client("a")
    with pytest.raises(ClientSuspended):
        world.checkout("a")
    assert waits_out(world, "a") == 10


def waits_out(world: World, client_id: str) -> int:
    """For how many seconds the client is put aside."""
    for second in range(1, 100):
        world.live(1, client_id)
        if world.scheduler.clients.get(client_id).client.status is not ClientState.SUSPEND:
            return second
    raise AssertionError(f"{client_id} is not let back")


def test_a_person_lets_a_client_back_at_once_and_what_spoke_against_it_is_forgotten() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    fail(world, "a", Cause.DISK, None)
    world.scheduler.clients.resume("a")
    assert pause(world, "a", "done") == 1
    check_invariants(world.scheduler)


def test_a_person_suspends_a_client_for_good() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    fail(world, "a", Cause.DISK, None)
    world.scheduler.clients.suspend("a", world.now)
    world.live(1000, "a")
    view = world.scheduler.clients.view(world.scheduler.clients.get("a"), world.now)
    assert (view.status, view.suspend_reason) == (ClientState.SUSPEND, "manually suspended")
    check_invariants(world.scheduler)
