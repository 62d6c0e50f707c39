"""What the tasks of a running job wait for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from awed.cli.waiting import waits
from awed.model.client import Client
from awed.model.job import Cmd, Info
from awed.model.states import ClientState, TaskState
from tests.unit.cli.fake import JOB_ID, job, task

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORK = f"{JOB_ID}_map_0"


def worker(name: str = "w1", **fields: Any) -> Client:
    return Client(id=f"id-of-{name}", name=name, **{"apps": ["*"], **fields})


def told(*clients: Client, groups: str = "", app: str = "bwa") -> str:
    """What is said of one queued task."""
    (line,) = waits(job(task("map", cmd=Cmd(name=app)), info=Info(clientgroups=groups)), clients, NOW)
    return line


@pytest.mark.parametrize(
    ("clients", "reason"),
    [
        ([], "no worker is registered"),
        ([worker(group="c"), worker("w2", group="d")], "no worker is of group a or b; there are workers of c, d"),
        ([worker(group="a", apps=["sort", "awk"])], "no worker has the app bwa; there are sort, awk"),
        (
            [worker(group="a", status=ClientState.SUSPEND)],
            "every worker that could take it is suspended: w1; awe workers resume",
        ),
        (
            [worker(group="a", skip_work=[WORK])],
            "it failed on every worker that could take it: w1; see awe logs 128068d0 map.",
        ),
        (
            [worker(group="b", current_work={"other_x_0": True}), worker("w2", group="c")],
            "every worker that could take it is busy: w1",
        ),
        ([worker(group="b", slots=2, current_work={"other_x_0": True})], "w1 could take it, if"),
    ],
)
def test_a_queued_task_waits_for_a_worker(clients: list[Client], reason: str) -> None:
    assert told(*clients, groups="a, b").startswith(f"Task map is queued: {reason}")


def test_the_groups_of_a_task_go_before_those_of_its_job() -> None:
    special = job(task("map", clientgroups="big"), info=Info(clientgroups="any"))
    (line,) = waits(special, [worker(group="any")], NOW)
    assert "no worker is of group big" in line


def test_a_task_with_a_walltime_may_wait_for_a_worker_with_more_time() -> None:
    (line,) = waits(job(task("map", walltime=600)), [worker()], NOW)
    assert line.endswith(
        "w1 could take it, if their free disk holds its inputs and they stay for its walltime of 600 s."
    )


def test_a_running_task_names_its_workers_and_its_parts() -> None:
    running = task("map", TaskState.IN_PROGRESS, totalwork=6, remainwork=4, starteddate=NOW - timedelta(minutes=2))
    clients = [worker(current_work={f"{JOB_ID}_map_3": True}), worker("w2"), worker("", current_work={WORK: True})]
    (line,) = waits(job(running), clients, NOW)
    assert line == "Task map runs on w1, id-of-, 2/6 parts done; it was queued 2 min ago."


def test_a_task_that_is_being_prepared() -> None:
    assert list(waits(job(task("map", TaskState.PENDING)), [], NOW)) == [
        "Task map is ready, its files are being prepared."
    ]


def test_tasks_that_wait_for_others_are_told_in_one_line() -> None:
    blocked = [task(f"t{number}", TaskState.PENDING, after=("map",)) for number in range(12)]
    *_, last = waits(job(task("map"), *blocked), [], NOW)
    assert last == "Waiting for tasks before them: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more."


def test_a_broad_job_is_told_in_a_few_lines() -> None:
    lines = list(waits(job(*[task(f"t{number}") for number in range(1000)]), [], NOW))
    assert len(lines) == 11
    assert lines[-1] == "990 more tasks likewise."
