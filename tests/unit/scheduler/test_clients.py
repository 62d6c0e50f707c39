"""Registration, heartbeats, and the work of clients that are gone or come back."""

import pytest

from awed.model.client import Client
from awed.model.errors import ClientBusy, ClientNotFound, Invalid, QueueEmpty, StaleAttempt
from awed.model.ids import parse_work_id
from awed.model.states import ClientState, JobState
from awed.model.work import Workunit
from awed.scheduler.state import Limits
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


def test_work_that_a_heartbeat_does_not_name_goes_back_to_the_queue() -> None:
    """The answer to the checkout was lost. What was checked out a moment ago may still be on its way."""
    world = World()
    world.submit(job(task("0", work=2)))
    world.client("a", slots=2)
    runs, lost = world.checkout("a"), world.checkout("a")
    beat = world.scheduler.clients.heartbeat
    world.pass_time(30)
    beat("a", [runs.wuid], world.now)
    beat("a", None, world.now)
    assert world.scheduler.clients.get("a").held.keys() == {runs.wuid, lost.wuid}
    world.pass_time(0.001)
    assert beat("a", [runs.wuid], world.now) == []
    assert world.scheduler.clients.get("a").held.keys() == {runs.wuid}
    world.client("b")
    again = world.checkout("b")
    assert (again.wuid, again.attempt, again.failed) == (lost.wuid, 2, 0)


def test_a_client_of_one_slot_that_asks_again_does_not_have_what_it_was_handed() -> None:
    """Workers of the original do not say what they run, and ask for work only when they run nothing."""
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    lost = world.checkout("a")
    world.pass_time(30)
    with pytest.raises(ClientBusy):
        world.checkout("a")
    world.pass_time(0.001)
    again = world.checkout("a")
    assert (again.wuid, again.attempt, again.failed) == (lost.wuid, 2, 0)
    with pytest.raises(ClientBusy):
        world.checkout("a")


def test_a_client_that_ran_it_after_all_is_not_taken_at_its_word_again() -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("a")
    first = world.checkout("a")
    world.submit(job(task("0"), priority=2))
    world.pass_time(31)
    second = world.checkout("a")
    assert second.jobid != first.jobid
    world.report(first)
    assert first.jobid not in world.job_ids  # what it ran counts: nobody else has it
    world.pass_time(31)
    with pytest.raises(ClientBusy):
        world.checkout("a")
    world.report(second)
    assert second.jobid not in world.job_ids


def test_what_a_doubted_client_ran_does_not_count_once_another_has_it() -> None:
    world = World()
    world.submit(job(task("0")))
    for name in ("a", "b"):
        world.client(name)
    first = world.checkout("a")
    world.submit(job(task("0"), priority=2))
    world.pass_time(31)
    world.client("b")
    second = world.checkout("a")
    assert second.wuid != first.wuid
    again = world.checkout("b")
    assert again.wuid == first.wuid
    world.report(first)
    assert first.jobid in world.job_ids
    world.report(again)
    assert first.jobid not in world.job_ids


def test_what_a_doubted_client_ran_does_not_count_for_a_later_run() -> None:
    """The job was started anew, and its work was with another since."""
    world = World()
    submitted = world.submit(job(task("0")))
    world.client("a")
    first = world.checkout("a")
    world.submit(job(task("0"), priority=2))
    world.pass_time(31)
    world.checkout("a")
    jobs = world.scheduler.jobs
    jobs.suspend(submitted.id, world.now)
    jobs.resubmit(jobs.get(submitted.id), world.now)
    world.client("b")
    assert world.checkout("b").wuid == first.wuid
    world.scheduler.clients.remove("b", world.now)
    world.report(first)
    assert submitted.id in world.job_ids


def test_who_says_what_it_runs_is_not_doubted() -> None:
    """The heartbeats of the original's newer workers do."""
    world = World()
    world.submit(job(task("0", work=2)))
    world.client("a")
    unit = world.checkout("a")
    world.pass_time(31)
    world.scheduler.clients.heartbeat("a", [unit.wuid], world.now)
    with pytest.raises(ClientBusy):
        world.checkout("a")
    assert world.scheduler.clients.get("a").held.keys() == {unit.wuid}


@pytest.mark.parametrize("profile", [Client("a", apps=["*"], slots=2), Client("a", apps=["*"], proxy=True)])
def test_who_asks_for_others_or_for_more_may_ask_while_work_runs(profile: Client) -> None:
    world = World()
    world.submit(job(task("0", work=9)))
    world.scheduler.clients.register(profile, [], world.now)
    for _ in range(profile.slots):
        world.checkout("a")
    world.pass_time(31)
    with pytest.raises(ClientBusy):
        world.checkout("a")


def lost(world: World, client_id: str) -> Workunit:
    """A workunit of a client that is silent for too long."""
    world.submit(job(task("0")))
    unit = world.checkout(world.client(client_id))
    assert world.live(31) == [client_id]
    return unit


@pytest.mark.parametrize("attempt", [1, None])
@pytest.mark.parametrize("speaks", ["registers", "reports", "registers and reports"])
def test_work_of_a_lost_client_is_its_own_again_when_it_comes_back_before_another_took_it(
    attempt: int | None, speaks: str
) -> None:
    world = World()
    unit = lost(world, "a")
    if "registers" in speaks:
        world.client("a", work=[unit.wuid])
        assert world.scheduler.clients.get("a").held.keys() == {unit.wuid}
        world.client("b")
        with pytest.raises(QueueEmpty):
            world.checkout("b")
        assert world.scheduler.clients.heartbeat("a", [unit.wuid], world.now) == []
    world.report(unit, attempt=attempt)
    assert unit.jobid not in world.job_ids


def test_work_that_a_heartbeat_did_not_name_and_the_next_one_does_is_its_own_again() -> None:
    world = World()
    world.submit(job(task("0")))
    unit = world.checkout(world.client("a"))
    world.pass_time(31)
    beat = world.scheduler.clients.heartbeat
    assert beat("a", [], world.now) == []
    assert beat("a", [unit.wuid], world.now) == []
    world.report(unit, attempt=1)
    assert unit.jobid not in world.job_ids


def test_work_of_a_lost_client_that_another_took_is_not_its_own_any_more() -> None:
    world = World()
    unit = lost(world, "a")
    again = world.checkout(world.client("b"))
    assert again.wuid == unit.wuid
    world.scheduler.clients.remove("b", world.now)
    world.client("a", work=[unit.wuid])
    assert world.scheduler.clients.heartbeat("a", [unit.wuid], world.now) == [unit.wuid]
    with pytest.raises(StaleAttempt):
        world.report(unit, attempt=1)


def test_work_of_a_lost_client_comes_back_also_after_a_restart_of_the_daemon() -> None:
    world = World()
    unit = lost(world, "a")
    world.restart()
    world.client("a", work=[unit.wuid])
    world.report(unit, attempt=1)
    assert unit.jobid not in world.job_ids


def test_what_a_lost_client_says_of_a_run_that_failed_counts() -> None:
    world = World(Limits(max_work_failure=1))
    unit = lost(world, "a")
    world.client("a")
    world.report(unit, "fail")
    assert world.scheduler.jobs.get(unit.jobid).job.state is JobState.SUSPEND


def test_work_of_a_job_that_is_resumed_before_its_worker_heard_of_the_suspension_runs_on() -> None:
    world = World()
    submitted = world.submit(job(task("0")))
    unit = world.checkout(world.client("a"))
    world.scheduler.jobs.suspend(submitted.id, world.now)
    world.scheduler.jobs.resume(submitted.id, world.now)
    assert world.scheduler.clients.heartbeat("a", [unit.wuid], world.now) == []
    world.report(unit, attempt=1)
    assert submitted.id not in world.job_ids


def test_what_a_person_took_from_a_client_it_does_not_get_back_by_naming_it() -> None:
    world = World()
    world.submit(job(task("0")))
    unit = world.checkout(world.client("a"))
    world.scheduler.clients.suspend("a", world.now)
    assert world.scheduler.clients.heartbeat("a", [unit.wuid], world.now) == [unit.wuid]
    assert world.checkout(world.client("b")).wuid == unit.wuid


def test_work_that_waits_for_another_client_shows_nobody_as_its_holder() -> None:
    world = World()
    unit = lost(world, "a")
    assert world.scheduler.work.get(parse_work_id(unit.wuid)).client == ""
