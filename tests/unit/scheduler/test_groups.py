"""Which work the clients of a group run: that which names the group, and other work of all users or of some."""

import pytest

from awed.scheduler.requirements import ANYBODYS, MANY_GROUPS, whose
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import World, check_invariants, job, task


@pytest.fixture
def world() -> World:
    world = World()
    world.scheduler.clients.set_group("anns", whose(["ann", "al"]))
    world.scheduler.clients.set_group("large", ANYBODYS)
    for group in ("anns", "large", ""):
        world.client(f"of {group}", group)
    return world


def can(world: World, user: str, groups: str = "") -> set[str]:
    """The groups whose clients may have a job of *user* for these *groups*."""
    submitted = world.submit(job(task("0"), groups=groups), user=user)
    check_invariants(world.scheduler)
    (queued,) = world.scheduler.queued()
    entries = world.scheduler._state.clients.values()
    fitting = {entry.client.group for entry in entries if queued.wanted.fits(entry.offer(world.now))}
    found = {
        entry.client.group
        for entry in entries
        if world.scheduler._state.queue.find(entry.offer(world.now)) is not None
    }
    assert fitting == found
    world.scheduler.jobs.delete(submitted.id, world.now, full=True)
    return found


def test_a_closed_group_gets_no_work_of_strangers(world: World) -> None:
    assert can(world, "bob") == can(world, "public") == {"large", ""}
    assert can(world, "ann") == can(world, "al") == {"anns", "large", ""}


def test_work_that_names_groups_goes_to_them_whoever_submits_it(world: World) -> None:
    assert can(world, "bob", "anns") == {"anns"}
    assert can(world, "ann", " large,none ") == {"large"}
    assert can(world, "ann", "other") == set()
    assert can(world, "bob", ",".join(["anns", *(f"other{number}" for number in range(MANY_GROUPS))])) == {"anns"}


def test_no_document_names_what_stands_for_open_groups_or_users(world: World) -> None:
    assert can(world, "bob", " , ") == {"large", ""}
    assert can(world, "bob", ",ann,") == set()


def test_public_is_in_no_closed_group(world: World) -> None:
    world.scheduler.clients.set_group("anns", whose(["public"]))
    assert can(world, "public") == {"large", ""}


def test_groups_that_nobody_made_get_what_names_them_where_public_may_write_nothing() -> None:
    world = World(Limits(anybodys=False))
    world.client("c", "new")
    assert can(world, "bob") == set()
    assert can(world, "bob", "new") == {"new"}


def test_a_group_that_changes_runs_other_work_at_once(world: World) -> None:
    clients = world.scheduler.clients
    assert clients.set_group("anns", whose(["bob"])) == ["of anns"]
    assert can(world, "bob") == {"anns", "large", ""}
    assert can(world, "ann") == {"large", ""}
    assert clients.set_group("anns", whose(["bob"])) == []
    assert clients.set_group("large", whose([])) == ["of large"]
    assert can(world, "bob") == {"anns", ""}
    assert clients.set_group("anns", None) == ["of anns"]
    assert can(world, "ann") == {"anns", ""}


def test_a_client_that_registers_for_another_group_runs_that_ones_work(world: World) -> None:
    world.client("of large", "anns")
    assert can(world, "bob") == {""}


def test_what_names_no_group_has_one_order_for_all_users() -> None:
    world = World()
    world.client("c", "g")
    order = [world.submit(job(task("0"), submitted=at), user=user).id for at, user in enumerate(["b", "public", "a"])]
    assert [world.run("c").jobid for _ in range(3)] == order
