"""A task that equals a finished one of the same user is not run: it gets copies of its outputs."""

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from awed.model.access import User
from awed.model.errors import LogNotFound, Unavailable
from awed.model.ids import parse_work_id
from awed.model.job import IO, OWN_HOST, Job
from awed.model.node import Node, NodeIndex
from awed.model.reuse import Result
from awed.model.states import JobState
from awed.model.work import Report, ReportStatus
from awed.service.splitting import DEFAULT_INDEX
from tests.unit.scheduler.builders import job, task
from tests.unit.service.worlds import EngineWorld

ANN = User("ann")


def steps(world: EngineWorld, node: str = "", *, reuse: Any = "both", args: str = "", work: int = 1) -> Any:
    """Two tasks, of which the second reads what the first has made of a node."""
    first = task("a", outputs=["mid"], work=work)
    node = node or world.shock.put(md5="in")
    world.shock.nodes[node].indexes[DEFAULT_INDEX] = NodeIndex(total_units=9)
    first.inputs = [IO(filename="in", host=OWN_HOST, node=node)]
    second = task("b", "a", outputs=["out"])
    second.inputs = [IO(filename="mid", host=OWN_HOST, origin="a")]
    second.cmd.args = args
    for one in (first, second):
        one.reuse = reuse
        for io in one.outputs:
            io.host = OWN_HOST
    return job(first, second)


async def run(world: EngineWorld, submission: Any, user: User = ANN) -> tuple[Job, list[str]]:
    """Submit it, and work for it as long as there is work: the job at its end, and the workunits that ran."""
    submitted = await world.engine.jobs.submit(submission, user)
    await world.client("c", group=submission.job.info.clientgroups.partition(",")[0])
    ran = []
    while (await world.engine.jobs.get(submitted.id)).job.state is not JobState.COMPLETED:
        unit = await world.engine.work.checkout("c", None)
        ran.append(unit.wuid.partition("_")[2])
        for io in unit.outputs:
            content = "".join(world.shock.nodes[i.node].file.checksum["md5"] for i in unit.inputs)
            world.shock.deliver(io.node, md5=f"{io.filename} of {content}")
        await world.report(unit)
    return (await world.engine.jobs.get(submitted.id)).job, ran


@pytest.mark.parametrize("work", [1, 3])
@ensureDeferred
async def test_a_second_time_nothing_runs_and_the_outputs_are_the_same(world: EngineWorld, work: int) -> None:
    first, ran = await run(world, steps(world, work=work))
    assert len(ran) == work + 1
    await world.restart()
    again, ran = await run(world, steps(world, work=work))
    assert ran == []
    for old, new in zip(first.tasks, again.tasks, strict=True):
        assert new.reused == [f"{old.taskid}_{rank}" for rank in old.ranks]
        assert new.outputs[0].node != old.outputs[0].node
        files = [world.shock.nodes[one.outputs[0].node].file for one in (old, new)]
        assert files[0] == files[1]
    third, ran = await run(world, steps(world, work=work))
    assert ran == []
    assert third.tasks[0].reused == again.tasks[0].reused  # who really ran it


@ensureDeferred
async def test_what_depends_on_a_change_runs_and_nothing_else(world: EngineWorld) -> None:
    await run(world, steps(world))
    assert (await run(world, steps(world, args="-x")))[1] == ["b_0"]
    changed = world.shock.put(md5="another")
    assert (await run(world, steps(world, changed)))[1] == ["a_0", "b_0"]


@pytest.mark.parametrize(
    ("before", "now", "runs"),
    [("both", "both", 0), ("write", "read", 0), ("read", "read", 2), ("write", "write", 2), ("both", "", 2)],
)
@ensureDeferred
async def test_one_says_whether_results_are_looked_for_and_may_be_found(
    world: EngineWorld, before: str, now: str, runs: int
) -> None:
    await run(world, steps(world, reuse=before))
    assert len((await run(world, steps(world, reuse=now)))[1]) == runs


@ensureDeferred
async def test_results_are_their_user_s(world: EngineWorld) -> None:
    await run(world, steps(world))
    assert len((await run(world, steps(world), User("bob")))[1]) == 2


@ensureDeferred
async def test_a_result_goes_with_its_job_and_counts_only_while_it_is_as_it_was(world: EngineWorld) -> None:
    first, _ = await run(world, steps(world))
    world.shock.deliver(first.tasks[0].outputs[0].node, md5="changed by hand")
    again, ran = await run(world, steps(world))
    assert ran == ["a_0"]
    assert again.tasks[1].reused
    for one in (first, again):
        await world.engine.jobs.delete(one.id, full=True)
    assert await world.store.all(Result) == []
    assert len((await run(world, steps(world)))[1]) == 2


@ensureDeferred
async def test_a_copy_that_is_tried_again_leaves_nothing(world: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    await run(world, steps(world))
    copy = world.shock.copy

    async def away(*args: str) -> Node:
        monkeypatch.setattr(world.shock, "copy", copy)
        raise Unavailable("shock.example does not answer")

    monkeypatch.setattr(world.shock, "copy", away)
    again = await world.engine.jobs.submit(steps(world), ANN)
    world.clock.advance(10)
    record = await world.engine.jobs.get(again.id)
    assert record.job.state is JobState.COMPLETED
    assert len(world.shock.nodes) == 2 + 2 * 2  # of each job the input and the outputs


@ensureDeferred
async def test_a_result_is_for_tasks_of_the_groups_whose_workers_may_have_made_it(world: EngineWorld) -> None:
    def of(groups: str) -> Any:
        made = steps(world)
        made.job.info.clientgroups = groups
        return made

    assert len((await run(world, of("")))[1]) == 2
    assert len((await run(world, of("g")))[1]) == 2
    assert (await run(world, of("g,g")))[1] == []
    assert len((await run(world, of("trusted,g")))[1]) == 2


@ensureDeferred
async def test_who_changes_the_groups_of_a_job_chooses_no_results_for_others(world: EngineWorld) -> None:
    """Not even if the groups are as before when the task is done."""
    submitted = await world.engine.jobs.submit(steps(world), ANN)
    await world.engine.revisions.steer(submitted.id, lambda info: setattr(info, "clientgroups", "g"))
    await world.client("c", group="g")
    unit = await world.engine.work.checkout("c", None)
    await world.engine.revisions.steer(submitted.id, lambda info: setattr(info, "clientgroups", ""))
    world.shock.deliver(unit.outputs[0].node, md5="forged")
    await world.report(unit)
    assert (await run(world, steps(world)))[1].count("a_0") == 1


@ensureDeferred
async def test_what_one_has_run_again_runs(world: EngineWorld) -> None:
    await run(world, steps(world))
    second, _ = await run(world, steps(world))
    await world.engine.revisions.recompute(second.id, "b")
    unit = await world.engine.work.checkout("c", None)
    assert unit.task_name == "b"
    world.shock.deliver(unit.outputs[0].node, md5="new")
    await world.report(unit)
    record = await world.engine.jobs.get(second.id)
    assert not record.job.tasks[1].reused


@ensureDeferred
async def test_it_is_told_what_kept_a_task_from_a_result(world: EngineWorld) -> None:
    async def reason(submission: Any) -> str:
        submitted = await world.engine.jobs.submit(submission, ANN)
        (waits,) = [one for one in world.engine.reasons.job(submitted)[1] if not one.after]
        await world.engine.jobs.delete(submitted.id, full=True)
        return str(waits.reuse)

    assert await reason(steps(world)) == "no run of it is known"
    first, _ = await run(world, steps(world))
    changed = world.shock.put(md5="another")
    assert await reason(steps(world, changed)) == f"input in differs from the run in job {first.id}"
    assert await reason(steps(world, args="-x")) == f"arguments differ from the run in job {first.id}"
    assert await reason(steps(world, world.shock.put())) == "the content of input in is not known"
    secret = steps(world)
    secret.job.tasks[0].cmd.has_private_env = True
    assert await reason(secret) == "it has private variables"


@ensureDeferred
async def test_the_logs_are_those_of_the_run(world: EngineWorld) -> None:
    submitted = await world.engine.jobs.submit(job(plain()), ANN)
    await world.client("c")
    unit = await world.engine.work.checkout("c", None)
    report = Report(unit.wuid, "c", ReportStatus.DONE, logs={"stdout": "hello"})
    await world.engine.work.report(report)
    again = await world.engine.jobs.submit(job(plain()), ANN)
    record = await world.engine.jobs.get(again.id)
    assert record.job.state is JobState.COMPLETED
    assert record.job.tasks[0].reused == [unit.wuid]
    assert await world.engine.work.log(parse_work_id(f"{again.id}_a_0"), "stdout") == "hello"
    logs = [report.stdout async for its in await world.engine.jobs.reports(record.job) async for report in its]
    assert logs == ["hello"]
    await world.engine.jobs.delete(submitted.id, full=True)
    with pytest.raises(LogNotFound):
        await world.engine.work.log(parse_work_id(f"{again.id}_a_0"), "stdout")


def plain() -> Any:
    """A task without files."""
    one = task("a")
    one.reuse = "both"
    return one
