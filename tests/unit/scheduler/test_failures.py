"""Who gets work that has failed, how often, and what that says of the job and of the client."""

from typing import Any

import pytest
from msgspec import Raw

from awed.model.attempts import Cause, Retry, Used
from awed.model.errors import ClientSuspended, NoEligibleWork, NothingToDo
from awed.model.job import Job
from awed.model.resources import MOST
from awed.model.states import ClientState, JobState
from awed.scheduler.clients import IDLE_ASKS
from awed.scheduler.retries import AGAIN
from awed.scheduler.state import Limits
from awed.workflow.values import LONGEST_WALLTIME
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
    assert runs_on.jobid not in world.job_ids


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
    world = World(Limits(retry_memory=0))
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


# Retries by cause.


def tried(world: World, **retry: Any) -> Job:
    """A job of one task that says how it is tried again, and a client that tells its memory."""
    world.client("a", slots=9, offers={"cores": 4.0, "memory": 1000})
    one = task("0", needs={"memory": 100}, walltime=60)
    one.retry = Retry(**retry)
    return world.submit(job(one))


@pytest.mark.parametrize(
    ("cause", "retry", "attempts"),
    [
        (Cause.EXIT, {}, 3),
        (Cause.EXIT, {"exit": 0}, 1),
        (Cause.EXIT, {"exit": 4, "memory": 0}, 5),
        (Cause.SIGNAL, {"exit": 4}, 3),
        (Cause.MEMORY, {}, 3),
        (Cause.MEMORY, {"memory": 0}, 1),
        (Cause.TIME, {"time": 1}, 2),
    ],
)
def test_as_often_as_its_document_says_for_each_cause(cause: Cause, retry: dict[str, int], attempts: int) -> None:
    world = World()
    submitted = tried(world, **retry)
    for number in range(attempts):
        assert state_of(submitted) is not JobState.SUSPEND, number
        world.live(60, "a")
        fail(world, "a", cause)
    assert state_of(submitted) is JobState.SUSPEND
    assert submitted.error
    assert submitted.error.cause == cause
    assert [one.cause for one in submitted.tasks[0].attempts] == [cause] * attempts


def test_each_cause_counts_for_itself() -> None:
    world = World()
    submitted = tried(world, exit=1, signal=1)
    for cause in (Cause.EXIT, Cause.SIGNAL):
        fail(world, "a", cause)
        world.live(60, "a")
    assert state_of(submitted) is JobState.IN_PROGRESS
    fail(world, "a", Cause.EXIT)
    assert state_of(submitted) is JobState.SUSPEND


@pytest.mark.parametrize("how", ["noretry", "status 42"])
def test_noretry_and_status_42_go_before_any_number(how: str) -> None:
    world = World()
    submitted = tried(world, exit=9)
    submitted.info.noretry = how == "noretry"
    fail(world, "a", exitstatus=42 if how == "status 42" else 1)
    assert state_of(submitted) is JobState.SUSPEND


def test_who_lacked_memory_gets_twice_as_much_as_far_as_some_client_has_it() -> None:
    world = World()
    submitted = tried(world, memory=9)
    asked = []
    while state_of(submitted) is not JobState.SUSPEND:
        world.live(60, "a")
        unit = world.checkout("a")
        assert world.scheduler.clients.get("a").free["memory"] == 1000 - unit.resources["memory"]  # type: ignore[index]
        check_invariants(world.scheduler)
        asked.append(unit.resources["memory"])  # type: ignore[index]
        world.report(unit, "fail", cause=Cause.MEMORY, exitstatus=-9)
    assert asked == [100, 200, 400, 800, 1000]
    assert [one.asked["memory"] for one in submitted.tasks[0].attempts] == asked
    assert submitted.tasks[0].resources == {"memory": 100}


def test_factors_are_those_of_the_document_and_hold_over_a_restart() -> None:
    world = World()
    submitted = tried(world, memory_factor=3, time_factor=1.5, time=5)
    fail(world, "a", Cause.MEMORY)
    world.live(60, "a")
    fail(world, "a", Cause.TIME)
    world.restart()
    world.client("a", slots=9, offers={"cores": 4.0, "memory": 1000})
    world.live(60, "a")
    unit = world.checkout("a")
    assert (unit.resources, unit.walltime) == ({"memory": 300}, 90)
    world.restart()
    check_invariants(world.scheduler)
    assert submitted.tasks[0].walltime == 60


def test_a_pause_that_the_document_asks_for_is_one_for_all_and_grows_to_its_end() -> None:
    world = World()
    tried(world, exit=9, wait="4s", wait_max=10)
    fail(world, "a")
    check_invariants(world.scheduler)
    world.client("b", offers={"cores": 4.0})
    world.live(3, "a", "b")
    with pytest.raises(NoEligibleWork):
        world.checkout("b")
    world.live(1, "a", "b")
    fail(world, "b")
    world.scheduler.clients.suspend("b", world.now)
    assert [pause(world, "a") for _ in range(3)] == [8, 10, 10]


def test_what_grows_stays_a_number_that_can_be_stored() -> None:
    world = World()
    world.client("a")
    one = task("0", needs={"memory": 100}, walltime=60)
    one.retry = Retry(memory=1000, time=1000, memory_factor=1000, time_factor=1000)
    submitted = world.submit(job(one))
    for cause in [*[Cause.TIME] * 9, *[Cause.MEMORY] * 9]:
        if state_of(submitted) is not JobState.SUSPEND:
            fail(world, "a", cause)
            world.live(60, "a")
    assert submitted.tasks[0].attempts[-1].asked == {"cores": 1, "memory": MOST, "walltime": LONGEST_WALLTIME}


def test_a_pause_goes_on_after_a_restart() -> None:
    world = World()
    tried(world, exit=9, wait=100)
    fail(world, "a")
    world.live(40, "a")
    world.restart()
    check_invariants(world.scheduler)
    world.client("a", slots=9, offers={"cores": 4.0, "memory": 1000})
    assert pause(world, "a", "done") == 60


def lose(world: World, client_id: str) -> None:
    """A client falls silent with a workunit."""
    world.client(client_id, offers={"cores": 4.0, "memory": 1000})
    world.checkout(client_id)
    world.pass_time(31)
    world.scheduler.tick(world.now)
    check_invariants(world.scheduler)


def test_lost_work_is_had_at_once_by_others_and_not_for_ever() -> None:
    world = World(Limits(retry_lost=2, max_work_failure=1))
    submitted = world.submit(job(task("0", work=2), task("1")))
    for number in range(3):
        assert state_of(submitted) is not JobState.SUSPEND
        lose(world, f"c{number}")
    assert state_of(submitted) is JobState.SUSPEND
    assert submitted.error
    assert (submitted.error.cause, submitted.error.clientfailed) == ("lost", "c2")
    assert "was lost 3 time(s)" in submitted.notes
    assert [one.cause for one in submitted.tasks[0].attempts] == ["lost"] * 3


def test_one_lost_too_often_suspends_the_job_of_others_that_are_lost_with_it() -> None:
    world = World(Limits(retry_lost=0))
    submitted = world.submit(job(task("0", work=3)))
    world.client("c", slots=3)
    assert len(world.checkout_many("c")) == 3
    world.client("c", slots=3)
    assert state_of(submitted) is JobState.SUSPEND
    check_invariants(world.scheduler)
    world.scheduler.jobs.resume(submitted.id, world.now)
    assert len(world.checkout_many("c")) == 3
    world.pass_time(31)
    world.scheduler.clients.heartbeat("c", [], world.now)
    assert state_of(submitted) is JobState.SUSPEND
    check_invariants(world.scheduler)


def test_who_was_thought_lost_and_comes_back_with_its_work_lost_nothing() -> None:
    world = World(Limits(retry_lost=0))
    submitted = world.submit(job(task("0")))
    one = submitted.tasks[0]
    one.retry = Retry(lost=1)
    for _ in range(3):
        world.client("c")
        unit = world.checkout("c")
        world.pass_time(31)
        world.scheduler.tick(world.now)
        assert [attempt.cause for attempt in one.attempts] == ["lost"]
        world.client("c", work=[unit.wuid])
        assert not one.attempts
        world.report(unit, "discarded")
        check_invariants(world.scheduler)
    assert world.run("c").attempt == 4
    assert [(attempt.cause, attempt.attempt) for attempt in one.attempts] == [("done", 4)]


def test_a_pause_that_ended_otherwise_cuts_no_later_one_short() -> None:
    world = World()
    tried(world, wait=40)
    unit = world.checkout("a")
    world.live(31)
    world.client("a", slots=9, work=[unit.wuid], offers={"cores": 4.0, "memory": 1000})
    world.live(20, "a")
    world.report(unit, "fail", cause=Cause.EXIT)
    assert pause(world, "a") == 40


def test_a_task_shows_its_last_attempts_with_what_they_used() -> None:
    world = World()
    submitted = world.submit(job(task("0", work=30)))
    world.client("a")
    perf = Raw(b'{"max_mem_usage": 5, "cpu_seconds": 1.5, "max_disk_usage": 7, "bytes_read": 8, "bytes_written": 9}')
    for _ in range(30):
        unit = world.checkout("a")
        world.pass_time(1)
        world.report(unit, exitstatus=0, perf=perf)
    attempts = submitted.tasks[0].attempts
    assert [int(one.work.split("_")[2]) for one in attempts] == list(range(11, 31))
    last = attempts[-1]
    assert (last.cause, last.exitstatus, last.asked) == ("done", 0, {"cores": 1})
    assert (last.ended - last.begun).total_seconds() == 1
    assert last.used == Used(5, 1.5, 7, 8, 9)
