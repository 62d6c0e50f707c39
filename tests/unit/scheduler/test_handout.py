"""Which work goes to whom, and in which order."""

import pytest

from awed.model.client import Client
from awed.model.errors import ClientBusy, ClientNotFound, ClientSuspended, NoEligibleWork, QueueEmpty, QueueSuspended
from awed.model.job import IO, Cmd
from awed.scheduler.requirements import Spare
from awed.scheduler.tasks import Prepared
from awed.scheduler.work import LARGE_ANSWER
from tests.unit.scheduler.builders import World, at, job, task


def test_higher_priority_first_then_earlier_job_then_task_order_and_rank() -> None:
    world = World()
    late = world.submit(job(task("0"), priority=5, submitted=3)).id
    early = world.submit(job(task("0"), task("1", work=2), submitted=1)).id
    middle = world.submit(job(task("0"), submitted=2)).id
    world.client("c")
    order = [world.run("c").wuid for _ in range(5)]
    assert order == [f"{late}_0_0", f"{early}_0_0", f"{early}_1_1", f"{early}_1_2", f"{middle}_0_0"]


def test_order_holds_across_buckets() -> None:
    """Jobs for different groups and apps share one order for a client that may have them all."""
    world = World()
    first = world.submit(job(task("0", app="x"), submitted=1)).id
    second = world.submit(job(task("0", app="y"), submitted=2, groups="g")).id
    third = world.submit(job(task("0", app="x"), submitted=3, groups="h,g")).id
    world.client("c", group="g")
    assert [world.run("c").jobid for _ in range(3)] == [first, second, third]


@pytest.mark.parametrize(
    ("groups", "group", "fits"),
    [("", "", True), ("", "g", True), ("g", "g", True), (" h , g ", "g", True), ("h", "g", False), ("g", "", False)],
)
def test_a_client_gets_work_of_jobs_that_allow_its_group(groups: str, group: str, fits: bool) -> None:
    world = World()
    world.submit(job(task("0"), groups=groups))
    world.client("c", group=group)
    if fits:
        world.checkout("c")
    else:
        with pytest.raises(NoEligibleWork):
            world.checkout("c")


@pytest.mark.parametrize(("apps", "fits"), [(["*"], True), (["app"], True), (["a", "app"], True), (["a"], False)])
def test_a_client_gets_commands_that_it_has(apps: list[str], fits: bool) -> None:
    world = World()
    world.submit(job(task("0")))
    world.client("c", apps=apps)
    if fits:
        world.checkout("c")
    else:
        with pytest.raises(NoEligibleWork):
            world.checkout("c")


@pytest.mark.parametrize("cmd", [Cmd("app", docker_image="busybox"), Cmd("app", docker_pull="busybox")])
def test_work_with_an_image_waits_for_a_client_that_runs_images(cmd: Cmd) -> None:
    world = World()
    in_image = task("0")
    in_image.cmd = cmd
    waits = world.submit(job(in_image)).id
    plain = world.submit(job(task("0"), submitted=1)).id
    for name, images in {"bare": False, "original": True}.items():
        world.scheduler.clients.register(Client(name, apps=["*"], slots=2, images=images), [], world.now)
    assert world.checkout("bare").jobid == plain
    with pytest.raises(NoEligibleWork):
        world.checkout("bare")
    assert world.checkout("original").jobid == waits


def test_work_too_large_for_the_clients_disk_is_passed_over_but_stays_first_for_others() -> None:
    world = World()
    big = task("0")
    big.inputs = [IO(filename="in", size=1000)]
    big_id = world.submit(job(big)).id
    [effect] = world.scheduler.take_effects()
    world.scheduler.tasks.prepared(effect, Prepared(big.inputs, [], [], 1), world.now)  # type: ignore[arg-type]
    small_id = world.submit(job(task("0"), submitted=1)).id
    world.client("small")
    world.client("large")
    assert world.checkout("small", available=999).jobid == small_id
    assert world.checkout("large", available=1000).jobid == big_id


def test_work_longer_than_a_client_has_time_is_passed_over_but_stays_first_for_others() -> None:
    world = World()
    long_id = world.submit(job(task("0", walltime=600))).id
    any_id = world.submit(job(task("0"), submitted=1)).id
    for name in ("short", "long", "last"):
        world.client(name)
    assert world.checkout("short", time_left=599).jobid == any_id
    with pytest.raises(NoEligibleWork):
        world.checkout("last", time_left=599)
    unit = world.checkout("long", time_left=600)
    assert (unit.jobid, unit.walltime) == (long_id, 600)


def test_a_client_whose_time_is_over_gets_nothing_and_one_that_names_no_time_gets_all() -> None:
    world = World()
    world.submit(job(task("0"), task("1", walltime=10**9)))
    world.client("c", slots=2)
    with pytest.raises(NoEligibleWork):
        world.checkout("c", time_left=-1)
    assert [world.checkout("c").task_name, world.checkout("c").task_name] == ["0", "1"]


def test_the_texts_of_an_empty_handed_checkout() -> None:
    world = World()
    with pytest.raises(ClientNotFound, match=r"^Client not found$"):
        world.checkout("c")
    world.client("c", apps=["x"])
    with pytest.raises(QueueEmpty, match=r"^Server queue is empty$"):
        world.checkout("c")
    world.submit(job(task("0"), task("1", app="x")))
    world.checkout("c")
    with pytest.raises(ClientBusy, match=r"^Client busy$"):
        world.checkout("c")
    world.client("d", apps=["x"])
    with pytest.raises(NoEligibleWork, match=r"^No eligible workunit found$"):
        world.checkout("d")
    world.scheduler.clients.suspend("d", world.now)
    with pytest.raises(ClientSuspended, match=r"^Client suspended$"):
        world.checkout("d")
    world.scheduler.suspend_queue(world.now)
    with pytest.raises(QueueSuspended, match=r"^Server queue is suspended$"):
        world.checkout("d")


def test_a_client_holds_as_many_workunits_as_it_has_slots() -> None:
    world = World()
    world.submit(job(task("0", work=3)))
    world.client("c", slots=2)
    assert [world.checkout("c").rank, world.checkout("c").rank] == [1, 2]
    with pytest.raises(ClientBusy):
        world.checkout("c")


def test_what_is_handed_out_at_once_is_bounded_in_bytes_but_is_one_at_least() -> None:
    world = World()
    large, quarter = task("large", work=2), task("quarter", work=90)
    large.userattr, quarter.userattr = {"x": LARGE_ANSWER * "x"}, {"x": LARGE_ANSWER // 4 * "x"}
    world.submit(job(large, quarter))
    world.client("c")
    handed = [world.scheduler.work.checkout_many("c", Spare(), 90, world.now) for _ in range(3)]
    assert [len(units) for units in handed] == [1, 1, 4]
    assert [unit.rank for unit in handed[2]] == [1, 2, 3, 4]


def test_an_array_gives_each_rank_once() -> None:
    world = World()
    world.submit(job(task("0", work=1000), task("1", "0")))
    world.client("c")
    units = [world.run("c") for _ in range(1000)]
    assert [unit.rank for unit in units] == list(range(1, 1001))
    assert {unit.totalwork for unit in units} == {1000}
    assert world.run("c").task_name == "1"


def test_a_new_priority_moves_queued_work_at_once() -> None:
    world = World()
    first = world.submit(job(task("0"), submitted=1))
    second = world.submit(job(task("0"), submitted=2))
    jobs = world.scheduler.jobs
    assert [jobs.position(first.id), jobs.position(second.id)] == [1, 2]
    second.info.priority = 9
    jobs.requeue(jobs.get(second.id), world.now)
    world.client("c")
    assert [jobs.position(first.id), jobs.position(second.id)] == [2, 1]
    assert world.checkout("c").jobid == second.id


def test_new_groups_move_queued_work_at_once() -> None:
    world = World()
    moved = world.submit(job(task("0"), groups="h"))
    world.client("c", group="g")
    moved.info.clientgroups = "g"
    world.scheduler.jobs.requeue(world.scheduler.jobs.get(moved.id), world.now)
    assert world.checkout("c").jobid == moved.id


def test_a_job_waits_for_its_start_time() -> None:
    world = World()
    submission = job(task("0"))
    submission.job.info.start_at = at(60)
    world.submit(submission)
    world.pass_time(59)
    world.scheduler.tick(world.now)
    world.client("c")
    with pytest.raises(QueueEmpty):
        world.checkout("c")
    world.pass_time(1)
    world.scheduler.tick(world.now)
    world.checkout("c")


def test_whoever_waits_hears_which_work_came() -> None:
    world = World()
    world.submit(job(task("0"), task("1", "0", app="y"), groups="g"))
    assert [place.entry.task.cmd.name for place in world.scheduler.take_fresh_work()] == ["app"]
    assert not world.scheduler.take_fresh_work()
    world.client("c", group="g")
    world.run("c")
    assert [place.entry.task.cmd.name for place in world.scheduler.take_fresh_work()] == ["y"]


def test_work_that_left_the_queue_and_came_back_is_handed_out_once() -> None:
    world = World()
    submitted = world.submit(job(task("0")))
    for _ in range(3):
        world.scheduler.jobs.suspend(submitted.id, world.now)
        world.scheduler.jobs.resume(submitted.id, world.now)
    world.client("a", slots=2)
    world.checkout("a")
    with pytest.raises(QueueEmpty):
        world.checkout("a")
