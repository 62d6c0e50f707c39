"""What one user, or one client group, may have out at once; and whose work goes first."""

from collections import Counter
from typing import Any

import pytest

from awed.model.access import User
from awed.model.errors import NoEligibleWork
from awed.model.resources import Said
from awed.model.work import Workunit
from awed.scheduler import queue
from awed.scheduler.jobs import entry_of
from awed.scheduler.shares import Most
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import World, check_invariants, job, task

FAIR = Limits(fair_share=True)


def submit(world: World, user: str, *, tasks: int = 1, priority: int = 1, **more: Any) -> str:
    many = [task(str(number), **more) for number in range(tasks)]
    job_id = world.submit(job(*many, priority=priority, submitted=world.now.seconds), user=user).id
    while world.scheduler.is_sweeping:
        world.scheduler.go_on(world.now)
    return job_id


def taken(world: World, client_id: str, most: int = 100) -> list[Workunit]:
    """What a client gets when it asks again and again for a single workunit."""
    units: list[Workunit] = []
    while len(units) < most:
        try:
            units.append(world.checkout(client_id))
        except NoEligibleWork:
            break
    check_invariants(world.scheduler)
    return units


def users(world: World, units: list[Workunit]) -> Counter[str]:
    return Counter(world.scheduler.jobs.get(unit.jobid).submitter for unit in units)


def test_a_user_with_five_thousand_tasks_does_not_hold_up_nine_with_ten_each() -> None:
    world = World(FAIR)
    submit(world, "many", tasks=5000)
    world.client("c", slots=1000)
    taken(world, "c", 20)
    for number in range(9):
        submit(world, f"u{number}", work=10)
    units = [world.checkout("c") for _ in range(9)]
    assert users(world, units) == {f"u{number}": 1 for number in range(9)}, "the others begin in one round"
    assert users(world, [world.checkout("c") for _ in range(81)]) == {f"u{number}": 9 for number in range(9)}


def test_work_goes_to_users_in_turns_by_the_cores_that_they_have_out() -> None:
    world = World(FAIR)
    submit(world, "wide", work=99, needs={"cores": 4})
    submit(world, "narrow", work=99)
    world.client("c", slots=1000)
    units = taken(world, "c", 50)
    assert users(world, units) == {"wide": 10, "narrow": 40}
    for unit in units:
        if world.scheduler.jobs.get(unit.jobid).submitter == "narrow":
            world.report(unit)
    assert users(world, taken(world, "c", 20)) == {"narrow": 20}, "who gave back is next"


def test_priority_goes_before_shares_and_shares_before_age() -> None:
    world = World(FAIR)
    submit(world, "old", work=2)
    submit(world, "new", work=2)
    submit(world, "old", work=3, priority=2)
    world.client("c", slots=99)
    assert [*users(world, taken(world, "c", 3))] == ["old"]
    assert [*users(world, taken(world, "c", 2))] == ["new"]


def test_without_fair_share_the_earlier_job_goes_first_whosever_it_is() -> None:
    world = World()
    submit(world, "old", work=5)
    submit(world, "new", work=5)
    world.client("c", slots=99)
    assert users(world, taken(world, "c", 5)) == {"old": 5}


@pytest.mark.parametrize("limits", [FAIR, Limits(user_out=Most(work=1000))], ids=["fair", "limited"])
def test_shares_hold_over_a_restart(limits: Limits) -> None:
    world = World(limits)
    submit(world, "a", work=9)
    submit(world, "b", work=9)
    world.client("c", slots=99)
    units = taken(world, "c", 6)
    world.restart()
    check_invariants(world.scheduler)
    world.client("c", slots=99, work=[unit.wuid for unit in units])
    check_invariants(world.scheduler)


@pytest.mark.parametrize(
    ("most", "needs", "out"),
    [
        (Most(work=3), None, 3),
        (Most(cores=3), None, 3),
        (Most(cores=3), {"cores": 2}, 1),
        (Most(cores=3), {"cores": 0.7}, 4),
        (Most(cores=3), {"cores": 4}, 0),
        (Most(work=2, cores=9), {"cores": 3}, 2),
    ],
)
def test_nobody_has_more_out_than_a_user_may(most: Most, needs: Said | None, out: int) -> None:
    world = World(Limits(user_out=most))
    submit(world, "a", tasks=20, needs=needs)
    submit(world, "b", work=20, needs=needs)
    world.client("c", slots=99)
    units = taken(world, "c")
    assert users(world, units) == Counter({"a": out, "b": out})
    for unit in units[:1]:
        world.report(unit)
        assert users(world, taken(world, "c")) == {"a": 1}


def test_what_no_user_and_no_group_may_ever_have_out_is_unmet() -> None:
    world = World(Limits(user_out=Most(cores=4), group_out=Most(cores=2)))
    world.client("c", offers={"cores": 16.0}, slots=99)
    submit(world, "a", work=4)
    taken(world, "c")

    def unmet(cores: int) -> list[tuple[str, str]]:
        entry = entry_of(job(task("0", needs={"cores": cores})), User("a"))
        return [(found.place, found.text) for found in world.scheduler.reasons.unmet(entry, world.now)]

    assert not unmet(2), "it may wait, but not for ever"
    assert [place for place, _ in unmet(3)] == ["tasks[0].resources.cores"]
    assert unmet(8) == [("tasks[0].resources.cores", "it needs 8 cores, and a user may use 4 at once")]


def test_what_a_user_may_have_out_is_asked_for_in_the_order_of_hand_out() -> None:
    world = World(Limits(user_out=Most(cores=4)))
    submit(world, "a", needs={"cores": 3})
    submit(world, "a", needs={"cores": 2})
    submit(world, "a")
    world.client("c", slots=99)
    assert [dict(unit.resources or {}).get("cores", 1) for unit in taken(world, "c")] == [3, 1]


def test_clients_of_a_group_have_no_more_out_than_it_may() -> None:
    world = World(Limits(group_out=Most(work=3)))
    submit(world, "a", work=20)
    for name, group in (("g0", "g"), ("g1", "g"), ("h", "h")):
        world.client(name, group, slots=99)
    assert len(taken(world, "g0", 2)) == 2
    assert len(taken(world, "g1")) == 1
    assert len(taken(world, "h")) == 3
    world.client("g1", "h", slots=99, work=[*world.scheduler._state.clients["g1"].held])
    check_invariants(world.scheduler)
    assert len(taken(world, "g0")) == 1, "one of the group has left it with its work"
    assert not taken(world, "h")


def test_many_workunits_at_once_keep_within_limits_and_are_shared() -> None:
    world = World(Limits(user_out=Most(work=8), fair_share=True))
    submit(world, "a", work=500)
    submit(world, "b", work=500)
    world.client("c", slots=99)
    assert users(world, world.checkout_many("c", 10)) == {"a": 5, "b": 5}
    assert users(world, world.checkout_many("c", 10)) == {"a": 3, "b": 3}
    assert not world.checkout_many("c", 10)


def test_large_work_of_a_user_at_the_limit_keeps_no_client_from_others() -> None:
    world = World(Limits(user_out=Most(cores=4)))
    submit(world, "a", work=4)
    submit(world, "a", needs={"cores": 4})
    submit(world, "b", work=4)
    world.client("c", offers={"cores": 8.0}, slots=99)
    assert users(world, taken(world, "c")) == {"a": 4, "b": 4}


def test_the_order_of_users_costs_nothing_that_grows_with_their_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(FAIR)
    for number in range(10):
        submit(world, f"u{number}", tasks=1000)
    world.client("c", slots=10_000)
    calls = Counter[str]()
    plain = queue._first

    def counted(*args: object) -> object:
        calls["first"] += 1
        return plain(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(queue, "_first", counted)
    assert users(world, [world.checkout("c") for _ in range(100)]) == {f"u{number}": 10 for number in range(10)}
    assert calls["first"] <= 300
