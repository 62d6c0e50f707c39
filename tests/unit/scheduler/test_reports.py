"""What a report changes: success, failure, retry, suspension, and reports that come too late."""

import pytest
from msgspec.structs import replace

from awed.model.errors import ClientNotFound, NoEligibleWork, QueueEmpty, StaleAttempt
from awed.model.ids import parse_work_id
from awed.model.job import IO, NO_NODE, Job
from awed.model.records import DeleteNodes
from awed.model.states import JobState, TaskState
from awed.scheduler.changes import Check, Prepare
from awed.scheduler.entries import JobEntry
from awed.scheduler.jobs import downstream
from awed.scheduler.state import Limits
from awed.scheduler.tasks import Prepared
from tests.unit.scheduler.builders import World, check_invariants, job, task


def state_of(job: Job) -> JobState:
    return job.state


def test_a_diamond_runs_each_task_when_its_last_dependency_is_done() -> None:
    world = World()
    submitted = world.submit(job(task("0"), task("1", "0"), task("2", "0"), task("3", "1", "2")))
    world.client("c")
    assert [world.run("c").task_name for _ in range(4)] == ["0", "1", "2", "3"]
    assert state_of(submitted) is JobState.COMPLETED
    assert submitted.remaintasks == 0
    assert submitted.registered is False
    assert not world.job_ids


def test_a_failed_workunit_goes_to_another_client_and_suspends_its_job_at_the_limit() -> None:
    world = World(Limits(max_work_failure=3))
    submitted = world.submit(job(task("0"), task("1", "0")))
    for name in ("a", "b", "c"):
        world.client(name)
        unit = world.checkout(name)
        logs = {"worknotes": "note of fail", "stderr": "err line\n"}
        world.report(unit, "fail", logs=logs)
        with pytest.raises((NoEligibleWork, QueueEmpty)):
            world.checkout(name)
    wuid = f"{submitted.id}_0_0"
    assert state_of(submitted) is JobState.SUSPEND
    assert submitted.notes == f"workunit {wuid} failed 3 time(s). msg from client:note of fail"
    assert submitted.lastfailed == wuid
    assert submitted.error is not None
    assert submitted.error.clientfailed == "c"
    assert submitted.error.taskfailed == f"{submitted.id}_0"
    assert submitted.error.servernotes == "workunit failed 3 time(s)"
    assert submitted.error.worknotes == "note of fail"
    assert submitted.error.apperror == "err line\n"
    assert submitted.error.status == "suspend"
    assert [item.state for item in submitted.tasks] == [TaskState.SUSPEND, TaskState.PENDING]


@pytest.mark.parametrize(
    ("noretry", "status", "exitstatus", "codes"),
    [
        (True, "fail", 1, ["WC", "WF", "WP", "JP"]),
        (False, "fail", 42, ["WC", "WF", "W!", "JF", "JP"]),
        (False, "failed-permanent", None, ["WC", "WF", "W!", "JF", "JP"]),
    ],
)
def test_no_retry_where_the_job_or_the_command_says_so(
    noretry: bool, status: str, exitstatus: int | None, codes: list[str]
) -> None:
    world = World()
    submitted = world.submit(job(task("0"), noretry=noretry))
    world.client("a")
    world.scheduler.take_changes()
    world.report(world.checkout("a"), status, exitstatus=exitstatus)
    assert [event.code for event in world.scheduler.take_changes().events] == codes
    assert state_of(submitted) is JobState.SUSPEND


def test_resume_forgives_and_goes_on() -> None:
    world = World(Limits(max_work_failure=1))
    submitted = world.submit(job(task("0"), task("1", "0")))
    world.client("a")
    world.run("a")
    world.report(world.checkout("a"), "fail")
    assert state_of(submitted) is JobState.SUSPEND
    world.scheduler.jobs.resume(submitted.id, world.now)
    assert (submitted.state, submitted.resumed, submitted.error) == (JobState.IN_PROGRESS, 1, None)
    world.run("a")
    assert state_of(submitted) is JobState.COMPLETED


def test_after_a_resume_a_task_of_which_nothing_is_out_is_queued() -> None:
    world = World()
    submitted = world.submit(job(task("0", work=2)))
    world.client("a")
    world.run("a")
    world.scheduler.jobs.suspend(submitted.id, world.now)
    world.scheduler.jobs.resume(submitted.id, world.now)
    states = [submitted.tasks[0].state]
    unit = world.checkout("a")
    states.append(submitted.tasks[0].state)
    assert states == [TaskState.QUEUED, TaskState.IN_PROGRESS]
    world.report(unit)
    assert state_of(submitted) is JobState.COMPLETED


def test_a_result_that_comes_after_a_resume_ends_the_task() -> None:
    world = World()
    submitted = world.submit(job(task("0")))
    world.client("a")
    unit = world.checkout("a")
    world.scheduler.jobs.suspend(submitted.id, world.now)
    world.scheduler.jobs.resume(submitted.id, world.now)
    world.report(unit)
    assert state_of(submitted) is JobState.COMPLETED


def test_discarded_work_is_queued_again_without_blame() -> None:
    world = World(Limits(max_work_failure=1))
    submitted = world.submit(job(task("0")))
    world.client("a")
    world.report(world.checkout("a"), "discarded")
    assert state_of(submitted) is JobState.IN_PROGRESS
    assert world.checkout("a").attempt == 2


def test_a_report_of_an_old_attempt_changes_nothing() -> None:
    world = World()
    submitted = world.submit(job(task("0")))
    world.client("a")
    old = world.checkout("a")
    world.pass_time(31)
    assert world.scheduler.clients.remove_lost(world.now) == ["a"]
    world.client("a")
    new = world.checkout("a")
    assert (old.attempt, new.attempt) == (1, 2)
    with pytest.raises(StaleAttempt, match="attempt 1"):
        world.report(old, attempt=1)
    assert state_of(submitted) is JobState.IN_PROGRESS
    world.report(new, attempt=2)
    assert state_of(submitted) is JobState.COMPLETED
    world.report(new)


def test_a_late_report_without_an_attempt_is_taken_silently() -> None:
    """The original's workers repeat for ever whatever is not answered 200."""
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    world.client("b")
    unit = world.checkout("a")
    world.scheduler.clients.suspend("a", world.now)
    again = world.checkout("b")
    world.report(unit)
    assert world.scheduler.work.holder(parse_work_id(again.wuid)) == "b"


def test_a_report_of_an_unknown_client_is_refused() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    unit = world.checkout("a")
    unit.client = "nobody"
    with pytest.raises(ClientNotFound):
        world.report(unit)


def test_work_finished_after_its_job_was_suspended_still_counts() -> None:
    world = World()
    submitted = world.submit(job(task("0"), task("1", "0")))
    world.client("a")
    unit = world.checkout("a")
    world.scheduler.jobs.suspend(submitted.id, world.now)
    assert world.scheduler.clients.heartbeat("a", None, world.now) == [unit.wuid]
    world.report(unit, attempt=unit.attempt)
    assert world.scheduler.clients.heartbeat("a", None, world.now) == []
    world.scheduler.jobs.resume(submitted.id, world.now)
    assert submitted.tasks[0].state is TaskState.COMPLETED
    assert world.run("a").task_name == "1"


def test_outputs_are_checked_before_a_task_is_completed() -> None:
    world = World()
    submitted = world.submit(job(task("0", outputs=["out"]), task("1", "0")))
    [prepare] = world.scheduler.take_effects()
    assert isinstance(prepare, Prepare)
    first = submitted.tasks[0]
    first.outputs[0].node = "n1"
    assert world.scheduler.tasks.prepared(prepare, Prepared([], first.outputs, [], 1), world.now)
    for name in ("a", "b"):
        world.client(name)
    world.run("a")
    [check] = world.scheduler.take_effects()
    assert isinstance(check, Check)
    assert world.scheduler.tasks.outputs_missing(check, [0], "missing: out", world.now)
    with pytest.raises(NoEligibleWork):
        world.checkout("a")
    unit = world.run("b")
    assert (unit.failed, unit.attempt) == (1, 2)
    [check] = world.scheduler.take_effects()
    assert isinstance(check, Check)
    assert world.scheduler.tasks.checked(check, first.outputs, world.now)
    assert first.state is TaskState.COMPLETED
    assert world.run("a").task_name == "1"


def test_an_answer_that_comes_too_late_is_void() -> None:
    world = World()
    submitted = world.submit(job(task("0", outputs=["out"])))
    [prepare] = world.scheduler.take_effects()
    assert isinstance(prepare, Prepare)
    world.scheduler.jobs.suspend(submitted.id, world.now)
    tasks = world.scheduler.tasks
    assert not tasks.prepared(prepare, Prepared([], [], [], 1), world.now)
    assert not tasks.failed(prepare, "why", world.now)
    world.scheduler.jobs.resume(submitted.id, world.now)
    [again] = world.scheduler.take_effects()
    assert isinstance(again, Prepare)
    assert again.generation != prepare.generation
    world.scheduler.jobs.delete(submitted.id, world.now, full=False)
    assert not tasks.prepared(again, Prepared([], [], [], 1), world.now)


def test_a_task_that_cannot_be_prepared_suspends_its_job_with_the_reason() -> None:
    world = World()
    submitted = world.submit(job(task("0", outputs=["out"])))
    [prepare] = world.scheduler.take_effects()
    assert isinstance(prepare, Prepare)
    world.scheduler.tasks.failed(prepare, "node x not found", world.now)
    assert state_of(submitted) is JobState.SUSPEND
    assert "node x not found" in submitted.notes
    world.scheduler.jobs.resume(submitted.id, world.now)
    assert isinstance(world.scheduler.take_effects()[0], Prepare)


def test_recompute_runs_a_task_and_all_that_depends_on_it_again() -> None:
    world = World()
    submitted = world.submit(job(task("0"), task("1", "0"), task("2", "0"), task("3", "1")))
    world.client("a")
    for _ in range(3):
        world.run("a")
    world.scheduler.jobs.suspend(submitted.id, world.now)
    entry = world.scheduler.jobs.get(submitted.id)
    world.scheduler.jobs.recompute(1, downstream(entry.tasks[1]), [], entry, world.now)
    assert (submitted.notes, submitted.resumed) == (f"recomputed from task {submitted.id}_1", 1)
    assert [world.run("a").task_name for _ in range(2)] == ["1", "3"]
    assert state_of(submitted) is JobState.COMPLETED


def test_recompute_of_a_job_whose_other_work_ended_while_it_was_suspended() -> None:
    world = World()
    submitted = world.submit(job(task("0"), task("1", "0")))
    world.client("a")
    unit = world.checkout("a")
    world.scheduler.jobs.suspend(submitted.id, world.now)
    world.report(unit)
    world.scheduler.jobs.recompute(1, [1], [], world.scheduler.jobs.get(submitted.id), world.now)
    assert submitted.tasks[0].state is TaskState.COMPLETED
    assert world.run("a").task_name == "1"
    assert state_of(submitted) is JobState.COMPLETED


@pytest.mark.parametrize("restarted", [False, True])
def test_a_task_that_runs_again_is_split_as_the_document_wants(restarted: bool) -> None:
    world = World()
    submitted = world.submit(job(task("0", work=8, outputs=["out"])))

    def split(into: int) -> int:
        prepare = world.scheduler.take_effects()[-1]
        assert isinstance(prepare, Prepare)
        wanted = entry().tasks[0].task.totalwork
        files = Prepared([], [IO("out", node="n1")], [], into)
        world.scheduler.tasks.prepared(prepare, files, world.now)
        world.scheduler.jobs.suspend(submitted.id, world.now)
        return wanted

    def entry() -> JobEntry:
        return world.scheduler.jobs.get(submitted.id)

    assert split(into=1) == 8
    assert entry().tasks[0].task.remainwork == 1
    if restarted:
        world.restart()
    world.scheduler.jobs.recompute(0, downstream(entry().tasks[0]), [], entry(), world.now)
    check_invariants(world.scheduler)
    assert split(into=3) == 8
    world.scheduler.jobs.resubmit(entry(), world.now)
    assert split(into=8) == 8
    assert entry().tasks[0].task.remainwork == 8
    check_invariants(world.scheduler)


def test_resubmit_runs_everything_again_and_removes_outputs() -> None:
    world = World()
    submitted = world.submit(job(task("0", outputs=["out"])))
    [prepare] = world.scheduler.take_effects()
    assert isinstance(prepare, Prepare)
    files = Prepared([], [replace(submitted.tasks[0].outputs[0], node="n1")], [], 1)
    world.scheduler.tasks.prepared(prepare, files, world.now)
    world.scheduler.jobs.suspend(submitted.id, world.now)
    world.scheduler.jobs.resubmit(world.scheduler.jobs.get(submitted.id), world.now)
    deleted, again = world.scheduler.take_effects()
    assert isinstance(deleted, DeleteNodes)
    assert [node for _, node in deleted.nodes] == ["n1"]
    assert isinstance(again, Prepare)
    assert submitted.tasks[0].outputs[0].node == NO_NODE
    check_invariants(world.scheduler)


def test_work_that_failed_too_often_is_nobodys_at_once_in_a_large_job_as_well() -> None:
    world = World(Limits(max_work_failure=1, tasks_at_once=1))
    world.submit(job(task("0"), task("1"), task("2")))
    world.scheduler.go_on(world.now)
    world.scheduler.go_on(world.now)
    world.client("a", slots=3)
    for _ in range(2):
        world.run("a")
    world.report(world.checkout("a"), "fail")
    assert world.scheduler.is_sweeping
    check_invariants(world.scheduler)
