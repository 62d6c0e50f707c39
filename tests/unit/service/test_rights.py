"""A job uses the rights of who submitted it, and takes with it what was made for it: nobody else's."""

import pytest
from pytest_twisted import ensureDeferred

from awed.model.access import User
from awed.model.job import IO, OWN_HOST
from awed.model.states import JobState
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld

ANN, BOB = User("ann"), User("bob")


async def given_away(world: EngineWorld, job_id: str) -> None:
    await world.engine.revisions.change_acl(job_id, lambda acl: setattr(acl, "owner", "bob"))


@pytest.mark.parametrize("restarted", [False, True])
@ensureDeferred
async def test_a_job_that_was_given_away_acts_for_who_submitted_it(world: EngineWorld, restarted: bool) -> None:
    one = task("0")
    one.inputs = [IO(filename="in", host=OWN_HOST, node=world.shock.put())]
    submitted = await world.engine.jobs.submit(job(one), ANN)
    await given_away(world, submitted.id)
    if restarted:
        await world.restart()
    user = world.engine.jobs.user_of(submitted.id)
    assert user is not None
    assert user.name == "ann"
    await world.engine.jobs.suspend(submitted.id)
    await world.engine.revisions.resubmit(submitted.id)
    assert set(world.shock.owners) == {"ann"}


@ensureDeferred
async def test_a_job_that_was_given_away_looks_for_its_files_as_who_submitted_it(world: EngineWorld) -> None:
    one, two = task("0"), task("1", "0")
    one.outputs = [IO(filename="out", host=OWN_HOST)]
    two.inputs = [IO(filename="out", origin="0")]
    submitted = await world.engine.jobs.submit(job(one, two), ANN)
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    world.shock.deliver(unit.outputs[0].node)
    await world.report(unit)
    await given_away(world, submitted.id)
    await world.engine.jobs.suspend(submitted.id)
    world.shock.owners.clear()
    await world.engine.revisions.recompute(submitted.id, "1")
    assert set(world.shock.owners) == {"ann"}


@ensureDeferred
async def test_an_imported_document_gives_no_right_to_a_node(world: EngineWorld) -> None:
    submission = job(task("0"))
    node = world.shock.put()
    submission.job.tasks[0].outputs = [IO(filename="out", host=OWN_HOST, node=node)]
    submission.job.state = JobState.COMPLETED
    await world.engine.jobs.import_finished(submission.job, ANN)
    await given_away(world, submission.job.id)
    await world.engine.jobs.delete(submission.job.id, full=True)
    assert node in world.shock.nodes


@pytest.mark.parametrize("finished", [False, True])
@ensureDeferred
async def test_what_was_made_for_a_job_goes_with_it_and_what_its_document_names_stays(
    world: EngineWorld, finished: bool
) -> None:
    one = task("0")
    named = world.shock.put()
    one.outputs = [IO(filename="a", host=OWN_HOST, node=named), IO(filename="b", host=OWN_HOST)]
    submitted = await world.engine.jobs.submit(job(one), ANN)
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    world.shock.deliver(unit.outputs[1].node)
    if finished:
        await world.report(unit)
    assert (submitted.state is JobState.COMPLETED) == finished
    await world.restart()
    await given_away(world, submitted.id)
    await world.engine.jobs.delete(submitted.id, full=True)
    assert list(world.shock.nodes) == [named]
