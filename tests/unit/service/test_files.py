"""The files of a task are found, made, checked and removed; a data store that is away stops only that task."""

import pytest
from msgspec.structs import replace
from pytest_twisted import ensureDeferred

from awed.model.errors import Unavailable
from awed.model.job import IO, UPDATE, Job
from awed.model.states import JobState, TaskState
from awed.service.files import Access, DataToken, TaskFiles
from awed.workflow.submission import Submission
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld, FakeShock

HOST = "http://shock.example"


def two_steps(world: EngineWorld) -> Submission:
    """Task 1 reads what task 0 writes, which reads a file that is there."""
    first, second = task("0"), task("1", "0")
    first.inputs = [IO(filename="in", host=HOST, node=world.shock.put(size=7))]
    first.outputs = [IO(filename="mid", host=HOST)]
    second.inputs = [IO(filename="mid", origin="0")]
    second.outputs = [IO(filename="out", host=HOST, nonzero=True)]
    return job(first, second)


async def current(world: EngineWorld, submission: Submission) -> Job:
    return (await world.engine.jobs.get(submission.job.id)).job


@ensureDeferred
async def test_files_go_from_task_to_task(world: EngineWorld) -> None:
    submission = two_steps(world)
    await world.submit(submission)
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    assert [io.size for io in unit.inputs] == [7]
    world.shock.deliver(unit.outputs[0].node, size=5)
    await world.report(unit)
    unit = await world.engine.work.checkout("a", None, wait=1)
    [mid] = unit.inputs
    assert (mid.host, mid.size) == (HOST, 5)
    world.shock.deliver(unit.outputs[0].node)
    await world.report(unit)
    done = await current(world, submission)
    assert done.state is JobState.COMPLETED
    assert done.tasks[0].outputs[0].url == f"{HOST}/node/{mid.node}?download"


@ensureDeferred
async def test_a_task_has_the_indexes_that_its_inputs_ask_for_before_it_runs(world: EngineWorld) -> None:
    """Production workflows that take subsets of their inputs stopped at the first: Invalid index type: record."""
    submission = two_steps(world)
    first, second = submission.job.tasks
    first.inputs[0].shockindex = second.inputs[0].shockindex = "record"
    first.predata = [IO(filename="db", host=HOST, node=world.shock.put(), shockindex="line")]
    first.inputs.append(IO(filename="empty", host=HOST, node=world.shock.put(size=0), shockindex="record"))
    await world.submit(submission)
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    indexes = [list(world.shock.nodes[io.node].indexes) for io in [*unit.inputs, *unit.predata]]
    assert indexes == [["record"], [], ["line"]]
    world.shock.deliver(unit.outputs[0].node)
    await world.report(unit)
    unit = await world.engine.work.checkout("a", None, wait=1)
    assert list(world.shock.nodes[unit.inputs[0].node].indexes) == ["record"]


@ensureDeferred
async def test_a_task_is_not_completed_while_a_declared_output_is_missing(world: EngineWorld) -> None:
    submission = two_steps(world)
    await world.submit(submission)
    await world.client("a")
    await world.run("a")
    assert (await current(world, submission)).tasks[0].state is TaskState.IN_PROGRESS
    await world.client("b")
    unit = await world.engine.work.checkout("b", None, wait=1)
    assert unit.failed == 1
    world.shock.deliver(unit.outputs[0].node)
    await world.report(unit)
    assert (await current(world, submission)).tasks[0].state is TaskState.COMPLETED


@ensureDeferred
async def test_missing_outputs_are_named_when_the_job_gives_up(world: EngineWorld) -> None:
    submission = two_steps(world)
    submission.job.info.noretry = True
    await world.submit(submission)
    await world.client("a")
    await world.run("a")
    given_up = await current(world, submission)
    assert given_up.state is JobState.SUSPEND
    assert "declared outputs are missing: mid" in given_up.notes


@ensureDeferred
async def test_an_optional_output_may_be_missing_and_nonzero_must_not_be_empty(world: EngineWorld) -> None:
    one = task("0")
    one.outputs = [IO(filename="maybe", host=HOST, optional=True), IO(filename="log", host=HOST)]
    submission = job(one)
    await world.submit(submission)
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    world.shock.deliver(unit.outputs[1].node, size=0)
    await world.report(unit)
    assert (await current(world, submission)).state is JobState.COMPLETED
    strict = job(replace(task("0"), outputs=[IO(filename="log", host=HOST, nonzero=True)]))
    strict.job.info.noretry = True
    await world.submit(strict)
    unit = await world.engine.work.checkout("a", None, wait=1)
    world.shock.deliver(unit.outputs[0].node, size=0)
    await world.report(unit)
    assert (await current(world, strict)).state is JobState.SUSPEND


@ensureDeferred
async def test_an_input_that_is_not_there_suspends_the_job_and_says_which(world: EngineWorld) -> None:
    one = task("0")
    one.inputs = [IO(filename="in", host=HOST, node="gone")]
    submission = job(one)
    await world.submit(submission)
    suspended = await current(world, submission)
    assert suspended.state is JobState.SUSPEND
    assert "in: Node not found" in suspended.notes
    world.shock.nodes["gone"] = world.shock.nodes[world.shock.put()]
    await world.engine.jobs.resume(submission.job.id)
    assert (await current(world, submission)).tasks[0].state is TaskState.QUEUED


@ensureDeferred
async def test_a_data_store_that_is_away_is_tried_again_and_others_go_on(world: EngineWorld) -> None:
    world.shock.away = True
    submission = two_steps(world)
    await world.submit(submission)
    plain = await world.submit(job(task("0")))
    await world.client("a")
    assert (await world.run("a")).jobid == plain.id
    world.shock.away = False
    world.clock.pump([1, 1, 1])
    assert (await world.engine.work.checkout("a", None, wait=1)).jobid == submission.job.id


@ensureDeferred
async def test_a_data_store_that_stays_away_suspends_the_task_with_the_reason(world: EngineWorld) -> None:
    world.shock.away = True
    submission = two_steps(world)
    await world.submit(submission)
    world.clock.pump([1] * 75)
    suspended = await current(world, submission)
    assert suspended.state is JobState.SUSPEND
    assert "in: shock.example does not answer" in suspended.notes


@ensureDeferred
async def test_preparation_that_a_restart_cut_off_is_taken_up_again(world: EngineWorld) -> None:
    world.shock.away = True
    submission = two_steps(world)
    await world.submit(submission)
    world.shock.away = False
    await world.restart()
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    world.shock.deliver(unit.outputs[0].node)
    await world.report(unit)
    assert (await world.engine.work.checkout("a", None, wait=1)).task_name == "1"


@ensureDeferred
async def test_what_an_update_changes_is_not_removed_when_the_job_is_suspended_meanwhile(world: EngineWorld) -> None:
    one = task("0")
    one.inputs = [IO(filename="in", host=HOST, node=world.shock.put())]
    one.outputs = [IO(filename="in", host=HOST, type=UPDATE)]
    submission = job(one)
    world.shock.away = True
    await world.submit(submission)
    await world.engine.jobs.suspend(submission.job.id)
    world.shock.away = False
    world.clock.pump([1, 1, 1])
    assert one.inputs[0].node in world.shock.nodes


@ensureDeferred
async def test_if_one_output_cannot_be_made_none_is_left() -> None:
    away, here = FakeShock(), FakeShock()
    hosts = {"http://away.example": away, HOST: here}
    files = TaskFiles(lambda host, access: hosts[host])
    away.away = True
    one = task("0")
    one.outputs = [IO(filename="a", host=HOST), IO(filename="b", host="http://away.example")]
    with pytest.raises(Unavailable) as failed:
        await files.prepare(one, {}, Access(DataToken(""), ""))
    assert failed.value.texts == ["b: shock.example does not answer"]
    assert here.nodes == {}


@ensureDeferred
async def test_temporary_files_are_removed_when_the_job_is_done(world: EngineWorld) -> None:
    one = task("0")
    one.outputs = [IO(filename="tmp", host=HOST, temporary=True), IO(filename="out", host=HOST)]
    await world.submit(job(one))
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    for io in unit.outputs:
        world.shock.deliver(io.node)
    await world.report(unit)
    await world.engine.clients.heartbeat("a", None)
    assert [io.node in world.shock.nodes for io in unit.outputs] == [False, True]


@ensureDeferred
async def test_a_jobs_nodes_are_those_that_it_names_and_those_that_it_makes(world: EngineWorld) -> None:
    submission = two_steps(world)
    submission.job.tasks[1].outputs[0].formoptions = {"parent_node": "parent"}
    await world.submit(submission)
    user = world.engine.jobs.user_of(submission.job.id)
    assert user is not None
    nodes = user.nodes
    assert nodes is not None
    await world.client("a")
    unit = await world.engine.work.checkout("a", None, wait=1)
    assert all(node in nodes for node in (unit.inputs[0].node, unit.outputs[0].node, "parent"))
    world.shock.deliver(unit.outputs[0].node)
    await world.report(unit)
    unit = await world.engine.work.checkout("a", None, wait=1)
    assert unit.outputs[0].node in nodes
    assert world.shock.put() not in nodes
    assert world.engine.jobs.user_of("other") is None
