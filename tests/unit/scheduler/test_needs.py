"""What work needs of a machine, and what is free there: together it always fits, and nothing waits without need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.model.errors import ClientBusy, NoEligibleWork
from awed.model.resources import PLAIN, Said, needs_of
from awed.model.work import Workunit
from awed.scheduler.requirements import ANYBODYS, Kind, Misfit, Offer, Stock, Wanted
from awed.scheduler.reservations import PASSES
from awed.scheduler.shares import Most
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import World, check_invariants, job, task

G = 1 << 30


def names(units: list[Workunit]) -> list[str]:
    return [unit.task_name for unit in units]


def test_a_run_leaves_slot_core_and_share_to_the_work_for_which_it_waits() -> None:
    world = World(Limits(user_out=Most(work=1)))
    world.client("c", slots=1, offers={"cores": 1.0, "runs": 1.0})
    of_run: Said = {"runs": 1}
    run, step, late = (world.submit(job(task("0", needs=needs))).id for needs in (of_run, None, of_run))
    units = [world.checkout("c"), world.checkout("c")]
    assert [unit.jobid for unit in units] == [run, step]
    with pytest.raises(ClientBusy):
        world.checkout("c")
    world.report(units[1])
    check_invariants(world.scheduler)
    with pytest.raises(NoEligibleWork):
        world.checkout("c")
    world.report(units[0])
    assert world.checkout("c").jobid == late


def test_a_client_is_not_kept_free_for_a_run_that_waits_for_others_to_end() -> None:
    """They may wait for what would be passed over."""
    world = World()
    world.client("c", slots=9, offers={"cores": 1.0, "runs": 1.0})
    for _ in range(2):
        world.submit(job(task("0", needs={"runs": 1}), priority=2))
    world.checkout("c")
    for _ in range(PASSES + 2):
        world.submit(job(task("0")))
        world.run("c")


def test_as_much_is_handed_out_as_fits_together_and_the_rest_when_something_ends() -> None:
    world = World()
    world.client("c", slots=99, offers={"cores": 4.0, "memory": 8 * G})
    world.submit(
        job(
            task("0", needs={"cores": 2, "memory": "5G"}),
            task("1", needs={"memory": "4G"}),
            task("2", needs={"cores": 2, "memory": "2G"}),
            task("3", needs={"cores": 0.01}),
        )
    )
    units = world.checkout_many("c")
    assert names(units) == ["0", "2"]
    world.report(units[1])
    assert names(world.checkout_many("c")) == ["3"]
    world.report(units[0])
    assert names(world.checkout_many("c")) == ["1"]
    client = world.scheduler.clients.view(world.scheduler.clients.get("c"), world.now)
    assert client.offers == {"cores": 4.0, "memory": 8 * G}
    assert client.free == {"cores": 2.99, "memory": 4 * G}


def test_a_task_s_own_needs_count_before_those_of_its_job() -> None:
    world = World()
    submission = job(task("0", needs={"memory": "1G"}), task("1"))
    submission.job.info.resources = {"memory": "4G", "cores": 2}
    world.submit(submission)
    world.client("c", slots=99, offers={"cores": 2.0, "memory": 2 * G})
    assert [unit.resources for unit in world.checkout_many("c")] == [{"memory": G, "cores": 2.0}]
    with pytest.raises(NoEligibleWork):
        world.checkout("c")


@pytest.mark.parametrize(
    ("needs", "offers", "has_it"),
    [
        ({"memory": "1T", "gpus": 9, "licence": 1}, None, True),
        ({"memory": "1T", "disk": "1T"}, {"cores": 1.0}, True),
        ({"gpus": 1}, {"cores": 1.0}, False),
        ({"licence": 1}, {"cores": 1.0}, False),
        ({"licence": 1}, {"cores": 1.0, "licence": 1}, True),
        ({"cores": 1.01}, {"cores": 1.0}, False),
    ],
)
def test_what_is_not_told_is_enough_but_for_what_a_machine_may_lack(
    needs: Said, offers: dict[str, int | float] | None, has_it: bool
) -> None:
    world = World()
    world.client("c", slots=99, offers=offers)
    world.submit(job(task("0", needs=needs)))
    assert bool(world.checkout_many("c")) is has_it


def test_workers_of_the_original_have_their_cores_for_one_workunit_after_the_other() -> None:
    world = World()
    world.client("c", cores=4)
    world.submit(job(task("0", needs={"cores": 5}), task("1", needs={"cores": 4}), task("2", needs={"cores": 4})))
    unit = world.checkout("c")
    assert unit.task_name == "1"
    with pytest.raises(ClientBusy):
        world.checkout("c")
    world.report(unit)
    assert world.run("c").task_name == "2"


def test_inputs_and_disk_that_is_needed_are_compared_to_what_is_free_now_as_well() -> None:
    world = World()
    world.client("c", slots=99, offers={"cores": 9.0, "disk": 100})
    world.submit(job(task("0", needs={"disk": 60}), task("1", needs={"disk": 60}), task("2", needs={"disk": 40})))
    assert world.checkout("c", available=60).task_name == "0"
    assert world.checkout("c", available=40).task_name == "2"
    with pytest.raises(NoEligibleWork):
        world.checkout("c", available=1000)


def test_a_client_that_registers_with_less_keeps_what_it_holds_and_gets_no_more() -> None:
    world = World()
    world.client("c", slots=99, offers={"cores": 4.0})
    world.submit(job(*(task(str(number)) for number in range(6))))
    units = world.checkout_many("c", 3)
    world.client("c", slots=99, offers={"cores": 2.0}, work=[unit.wuid for unit in units])
    check_invariants(world.scheduler)
    assert world.scheduler.clients.get("c").free == {"cores": 0}
    for unit in units[:2]:
        world.report(unit)
    assert len(world.checkout_many("c")) == 1


def test_after_a_restart_the_needs_of_what_is_out_count() -> None:
    world = World()
    world.client("c", slots=99, offers={"cores": 4.0})
    world.submit(job(task("0", needs={"cores": 3}), task("1", needs={"cores": 2})))
    unit = world.checkout("c")
    world.restart()
    world.client("c", slots=99, offers={"cores": 4.0}, work=[unit.wuid])
    assert not world.checkout_many("c")
    check_invariants(world.scheduler)


@given(
    st.lists(
        st.fixed_dictionaries({"cores": st.sampled_from([0.3, 1, 2, 4]), "memory": st.integers(1, 8)}),
        min_size=1,
        max_size=30,
    ),
    st.lists(st.integers(0, 30), max_size=20),
)
def test_nothing_waits_that_fits_beside_what_runs_unless_the_client_is_kept(
    asked: list[Said], ends: list[int]
) -> None:
    world = World()
    world.client("c", offers={"cores": 4.0, "memory": 8})
    world.submit(job(*(task(str(number), needs=needs) for number, needs in enumerate(asked))))
    running: list[Workunit] = []
    for end in [*ends, *[0] * 3 * len(asked)]:
        while units := world.checkout_many("c"):
            running += units
        check_invariants(world.scheduler)
        entry = world.scheduler.clients.get("c")
        found = world.scheduler._state.queue.find(entry.offer(world.now))
        assert found is None or "c" in _kept(world)
        if running:
            world.report(running.pop(end % len(running)))
    assert not world.job_ids


def _kept(world: World) -> set[str]:
    """The clients that are kept for a place."""
    tasks = (entry for job in world.scheduler._state.jobs.values() for entry in job.tasks)
    return {place.kept_client for entry in tasks for place in entry.places.values()}


# Ahead of what is free.


def test_plain_work_may_be_had_ahead_and_nothing_else() -> None:
    world = World()
    world.client("c", slots=99, offers={"cores": 2.0})
    world.submit(job(*(task(str(number)) for number in range(4)), task("4", needs={"cores": 2}), task("5")))
    assert names(world.checkout_many("c", 2)) == ["0", "1"]
    assert not world.checkout_many("c", 9)
    assert names(world.checkout_many("c", 1, ahead=1)) == ["2"]
    assert names(world.checkout_many("c", 9, ahead=9)) == ["3"]
    assert world.scheduler.clients.get("c").free == {"cores": 0}
    check_invariants(world.scheduler)


# Large work is not passed for ever.


def packed(world: World, *clients: str) -> list[list[Workunit]]:
    """A large task behind which very many small ones stand, and clients that are full of others."""
    first = world.submit(job(*(task(str(number), work=4) for number in range(len(clients))), priority=9))
    units = []
    for client in clients:
        world.client(client, slots=99, offers={"cores": 4.0})
        units.append([unit for _ in range(4) for unit in world.checkout_many(client, 1)])
    assert {unit.jobid for each in units for unit in each} == {first.id}
    world.submit(job(task("large", needs={"cores": 4})))
    world.submit(job(task("small", work=1000), submitted=1))
    return units


def test_small_work_passes_a_large_task_so_often_and_then_not_on_one_client() -> None:
    world = World()
    [a, b] = packed(world, "a", "b")
    passed: list[Workunit] = []
    while len(passed) < PASSES:
        world.report(a.pop(0))
        passed += world.checkout_many("a")
        a.append(passed[-1])
    assert set(names(passed)) == {"small"}
    world.report(a.pop())
    assert not world.checkout_many("a")
    world.report(b.pop())
    assert names(world.checkout_many("b")) == ["small"]
    for unit in a:
        assert not world.checkout_many("a")
        world.report(unit)
    assert names(world.checkout_many("a")) == ["large"]
    check_invariants(world.scheduler)


def test_the_client_that_lacks_less_is_kept_in_the_stead_of_another_which_may_go_on() -> None:
    world = World()
    [a, b] = packed(world, "a", "b")
    for _ in range(PASSES):
        world.report(a.pop(0))
        a += world.checkout_many("a")
    world.report(a.pop())
    assert not world.checkout_many("a")
    world.scheduler.take_freed_clients()
    for _ in range(2):
        world.report(b.pop())
    assert not world.checkout_many("b")
    assert "a" in world.scheduler.take_freed_clients()
    assert names(world.checkout_many("a")) == ["small"]


@pytest.mark.parametrize("end", ["elsewhere", "deleted", "kept client leaves"])
def test_when_the_large_task_is_gone_its_client_goes_on(end: str) -> None:
    world = World()
    [a] = packed(world, "a")
    for _ in range(PASSES):
        world.report(a.pop(0))
        a += world.checkout_many("a")
    world.report(a.pop())
    assert not world.checkout_many("a")
    world.scheduler.take_freed_clients()
    if end == "elsewhere":
        world.client("b", slots=99, offers={"cores": 4.0})
        assert names(world.checkout_many("b")) == ["large"]
        assert "a" in world.scheduler.take_freed_clients()
    elif end == "deleted":
        (large,) = (
            entry.job.id
            for entry in world.scheduler._state.jobs.values()
            if entry.job.tasks[0].taskid.endswith("large")
        )
        world.scheduler.jobs.delete(large, world.now, full=True)
        assert "a" in world.scheduler.take_freed_clients()
    else:
        world.scheduler.clients.suspend("a", world.now)
        world.client("b", slots=99, offers={"cores": 4.0})
        assert names(world.checkout_many("b")) == ["large"]
        world.scheduler.clients.resume("a")
    assert set(names(world.checkout_many("a"))) == {"small"}


def test_who_can_never_have_the_large_task_passes_it_for_ever() -> None:
    world = World()
    packed(world, "a")
    world.client("b", slots=99, offers={"cores": 2.0})
    for _ in range(3 * PASSES):
        assert world.run("b").task_name == "small"


# What does not fit can be named.


@given(
    st.dictionaries(st.sampled_from(["cores", "memory", "gpus", "x"]), st.integers(1, 4)),
    st.dictionaries(st.sampled_from(["cores", "memory", "gpus", "x"]), st.integers(0, 4)),
)
def test_what_does_not_fit_is_lacking_and_what_fits_is_not(asks: Said, free: dict[str, float]) -> None:
    needs = needs_of(asks)
    wanted = Wanted(ANYBODYS, "app", needs=needs)
    offer = Offer("c", Kind(ANYBODYS, frozenset({"app"})), stock=Stock(free, free, 0))
    lacking = [Misfit(name, amount, free.get(name, 0)) for name, amount in needs if amount > free.get(name, 0)]
    assert wanted.misfit(offer) == (lacking[0] if lacking else None)
    assert wanted.fits(offer) == (not lacking)
    fits_least = all(need <= most for need, most in zip(wanted.least(), offer.most(), strict=True))
    assert fits_least or not wanted.fits(offer)


def test_the_plain_need_is_one_core() -> None:
    assert needs_of() == needs_of({}) == needs_of({"cores": 1}) == needs_of({"gpus": 0}) == PLAIN
