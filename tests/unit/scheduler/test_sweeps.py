"""Large jobs change some tasks at a time; verbs in between see the job in its new state."""

import pytest

from awed.model.access import Acl
from awed.model.errors import NoEligibleWork
from awed.model.job import Job
from awed.model.records import JobRecord, TaskRecord
from awed.model.states import JobState, TaskState
from awed.scheduler.changes import Prepare
from awed.scheduler.jobs import stored_entry
from awed.scheduler.state import Limits
from awed.scheduler.tasks import Prepared
from tests.unit.scheduler.builders import World, check_invariants, job, more_entries, task

TASKS = 50


@pytest.fixture
def world() -> World:
    """Two tasks of a job take a step at a time."""
    world = World(Limits(tasks_at_once=2))
    world.client("a", slots=TASKS)
    return world


def large(world: World) -> Job:
    """A job of which all tasks are queued."""
    submitted = world.submit(job(*(task(str(number)) for number in range(TASKS)), priority=2))
    finish(world)
    return submitted


def finish(world: World) -> None:
    """Let all steps be taken."""
    while world.scheduler.is_sweeping:
        world.scheduler.go_on(world.now)
        check_invariants(world.scheduler)


def states(submitted: Job, first: int = 0) -> set[TaskState]:
    """Of the tasks from *first* on."""
    return {item.state for item in submitted.tasks[first:]}


def test_nothing_of_a_job_that_is_being_suspended_is_handed_out_and_others_are_not_held_up(world: World) -> None:
    submitted = large(world)
    other = world.submit(job(task("0")))
    world.scheduler.jobs.suspend(submitted.id, world.now)
    assert states(submitted) == {TaskState.SUSPEND, TaskState.QUEUED}
    assert world.checkout("a").jobid == other.id
    with pytest.raises(NoEligibleWork):
        world.checkout("a")
    finish(world)
    assert states(submitted) == {TaskState.SUSPEND}


def test_what_is_said_of_work_of_a_job_that_is_being_suspended_is_said_of_a_suspended_one(world: World) -> None:
    submitted = large(world)
    units = [world.checkout("a") for _ in range(TASKS)]
    world.scheduler.jobs.suspend(submitted.id, world.now)
    world.report(units[-1])
    world.report(units[-2], "fail")
    assert (submitted.state, submitted.notes) == (JobState.SUSPEND, "manually suspended")
    assert states(submitted, -1) == {TaskState.SUSPEND}
    finish(world)
    assert world.scheduler.clients.heartbeat("a", [units[-3].wuid], world.now) == [units[-3].wuid]
    world.scheduler.jobs.resume(submitted.id, world.now)
    finish(world)
    assert states(submitted, -1) == {TaskState.COMPLETED}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_job_that_is_resumed_before_all_of_it_was_suspended_runs_to_its_end(world: World, restarted: bool) -> None:
    submitted = large(world)
    for verb in ("suspend", "resume", "suspend", "resume"):
        getattr(world.scheduler.jobs, verb)(submitted.id, world.now)
        world.scheduler.go_on(world.now)
        if restarted:
            world.restart()
            world.client("a", slots=TASKS)
        check_invariants(world.scheduler)
    finish(world)
    for _ in range(TASKS):
        world.run("a")
    assert not world.job_ids


def test_a_daemon_that_is_killed_while_it_suspends_a_job_does_the_rest_when_it_is_back(world: World) -> None:
    submitted = large(world)
    world.checkout("a")
    world.scheduler.jobs.suspend(submitted.id, world.now)
    world.restart()
    check_invariants(world.scheduler)
    finish(world)
    assert states(world.scheduler.jobs.get(submitted.id).job) == {TaskState.SUSPEND}


def test_a_large_job_that_is_loaded_again_is_queued_some_tasks_at_a_time_whatever_comes_between(world: World) -> None:
    """All of it at once held the reactor for two seconds."""
    submitted = large(world)
    for name in ("lost", "stays"):
        world.client(name, slots=2)
    mine, also_mine = (world.checkout("stays") for _ in range(2))
    lost, also_lost = (world.checkout("lost") for _ in range(2))
    world.restart()
    check_invariants(world.scheduler)
    entry = world.scheduler.jobs.get(submitted.id)
    assert sum(bool(task.places) for task in entry.tasks) < TASKS // 2
    world.client("stays", slots=2, work=[mine.wuid, also_mine.wuid])
    world.scheduler.clients.remove("lost", world.now)
    check_invariants(world.scheduler)
    world.report(mine)
    finish(world)
    world.report(also_mine)
    ran = {world.run("stays").wuid for _ in range(TASKS - 2)}
    assert {lost.wuid, also_lost.wuid} < ran
    assert not world.job_ids


def test_tasks_that_are_to_begin_anew_do_so_once_whatever_comes_between(world: World) -> None:
    chain = [task(str(number), *([str(number - 1)] if number else [])) for number in range(9)]
    submitted = world.submit(job(*chain))
    for _ in range(5):
        world.run("a")
        finish(world)
    jobs = world.scheduler.jobs
    jobs.suspend(submitted.id, world.now)
    jobs.resubmit(jobs.get(submitted.id), world.now)
    assert world.run("a").task_name == "0"
    jobs.suspend(submitted.id, world.now)
    world.scheduler.go_on(world.now)
    check_invariants(world.scheduler)
    jobs.resume(submitted.id, world.now)
    finish(world)
    ran = []
    while submitted.state is not JobState.COMPLETED:
        ran.append(world.run("a").task_name)
        finish(world)
    assert ran == [str(number) for number in range(1, 9)]


def test_a_new_priority_moves_all_of_a_large_job(world: World) -> None:
    submitted = large(world)
    other = world.submit(job(task("0"), priority=3))
    submitted.info.priority = 4
    world.scheduler.jobs.requeue(world.scheduler.jobs.get(submitted.id), world.now)
    finish(world)
    assert [world.run("a").jobid for _ in range(TASKS + 1)] == [submitted.id] * TASKS + [other.id]


def test_a_job_that_is_begun_anew_is_so_whole_whatever_restart_comes_between(world: World) -> None:
    submitted = large(world)
    for _ in range(TASKS):
        world.run("a")
    jobs = world.scheduler.jobs
    tasks = [TaskRecord(item, index, done="0") for index, item in enumerate(submitted.tasks)]
    entry = stored_entry(JobRecord(submitted, Acl.of("ann"), "ann"), tasks, [])
    jobs.adopt(entry, world.now)
    jobs.resubmit(entry, world.now)
    world.restart()
    check_invariants(world.scheduler)
    world.client("a", slots=TASKS)
    finish(world)
    for _ in range(TASKS):
        world.run("a")
    assert not world.job_ids


def test_what_was_answered_while_a_job_was_being_suspended_is_asked_again_when_it_goes_on(world: World) -> None:
    submitted = world.submit(job(*(task(str(number), outputs=["out"]) for number in range(6))))
    finish(world)
    effects = {effect.taskid: effect for effect in world.scheduler.take_effects() if isinstance(effect, Prepare)}
    tasks = world.scheduler.tasks
    first, last = (effects[submitted.tasks[place].taskid] for place in (-2, -1))
    tasks.failed(first, "no such node", world.now)
    nothing = Prepared([], submitted.tasks[-1].outputs, [], 1)
    assert not tasks.prepared(last, nothing, world.now)
    world.scheduler.jobs.resume(submitted.id, world.now)
    finish(world)
    again = {effect.taskid for effect in world.scheduler.take_effects() if isinstance(effect, Prepare)}
    assert {first.taskid, last.taskid} <= again


@pytest.mark.parametrize("chained", [False, True])
def test_a_job_that_is_gone_is_freed_some_tasks_at_a_time_without_the_garbage_collector(
    world: World, chained: bool
) -> None:
    """Which never looks at old objects, as that would hold up everybody."""
    with more_entries() as left:
        tasks = [task(str(number), *([str(number - 1)] if chained and number else [])) for number in range(TASKS)]
        deleted = world.submit(job(*tasks)).id
        completed = world.submit(job(task("0"), task("1"), task("2", "1"))).id
        finish(world)
        world.scheduler.jobs.delete(deleted, world.now, full=True)
        world.scheduler.take_changes()
        world.scheduler.take_fresh_work()
        before_last = TASKS - 2 + chained + 3  # in a chain each goes with the one that it waits for
        assert left() == before_last
        world.scheduler.go_on(world.now)
        assert left() == before_last - 2
        finish(world)
        assert left() == 3
        while completed in world.job_ids:
            world.run("a")
        finish(world)
        world.scheduler.take_changes()
        world.scheduler.take_fresh_work()
        assert left() == 0
