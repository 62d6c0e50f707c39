"""Tables and words for people."""

from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.table import Table

from awed.cli.show import Effort, job_facts, jobs_table, queue_table, screen, tasks_table, workers_table
from awed.cli.words import between, clean, running, span, work_name
from awed.model.client import Client
from awed.model.job import IO, Info
from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME
from tests.unit.cli.fake import JOB_ID, job, task

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def rows(table: Table) -> list[list[str]]:
    """The cells of each line of a table as it is printed, split where there are two blanks."""
    with redirect_stdout(StringIO()) as out:
        screen().print(table)
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.00 s"),
        (0.444, "0.44 s"),
        (12.4, "12 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (7200, "2 h"),
        (7199.9, "2 h"),
        (3 * 86400 + 3700, "3 d 1 h"),
        (86400 + 59, "1 d"),
    ],
)
def test_a_duration_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_what_has_not_begun_took_no_time_and_what_has_not_ended_takes_it_still() -> None:
    assert between(NO_TIME, NO_TIME, NOW) == ""
    assert between(ago(60), NO_TIME, NOW) == "1 min"
    assert between(ago(60), ago(20), NOW) == "40 s"


def test_text_of_strangers_cannot_move_the_cursor() -> None:
    assert clean("a\x1b[2Jb\nc\t") == "a [2Jb c"


def test_a_job_in_the_list() -> None:
    listed = job(
        task("a", TaskState.COMPLETED),
        task("b"),
        info=Info(name="[red]x[/red]", submittime=ago(3600), startedtime=ago(60)),
        notes="all is well",
    )
    head, row = rows(jobs_table([listed], NOW))
    assert head == ["id", "name", "state", "tasks", "age", "ran", "notes"]
    assert row == ["128068d0", "[red]x[/red]", "in-progress", "1/2", "1 h", "1 min", "all is well"]


def test_a_suspended_job_does_not_grow_older_by_running() -> None:
    listed = job(
        task("a"),
        state=JobState.SUSPEND,
        info=Info(submittime=ago(7200), startedtime=ago(3600)),
        updatetime=ago(3540),
    )
    assert "1 min" in rows(jobs_table([listed], NOW))[1]


def test_facts_that_are_not_there_are_left_out() -> None:
    names = [row[0] for row in rows(job_facts(job(task("a"), info=Info(name="x", project="p")), NOW))]
    assert names == ["job", "name", "state", "project", "priority"]


def test_where_the_time_of_tasks_went() -> None:
    first = task(
        "first",
        TaskState.COMPLETED,
        createddate=ago(100),
        starteddate=ago(90),
        completeddate=ago(60),
        outputs=[IO(filename="a.txt"), IO(filename="b.txt")],
    )
    second = task("second", TaskState.IN_PROGRESS, after=("first",), totalwork=6, remainwork=4)
    second.createddate, second.starteddate = ago(60), ago(20)
    efforts = {first.taskid: Effort(["w1", "w2"], ran=12, files=0.25)}
    table = rows(tasks_table(job(first, second), efforts, NOW))
    assert table[1] == ["first", "completed", "1/1", "40 s", "12 s", "0.25 s", "w1, w2", "a.txt, b.txt"]
    assert table[2] == ["second", "in-progress", "2/6", "1 min"]


def test_a_worker_and_what_it_works_on() -> None:
    client = Client(
        id="42becfc8-36b9-43a4-ae9c-a11546daa7ed",
        name="w1",
        group="g",
        apps=["sort", "awk"],
        regtime=ago(120),
        current_work={f"{JOB_ID}_orfs_3": True},
        total_completed=5,
        host="127.0.0.1",
    )
    row = rows(workers_table([client], NOW))[1]
    assert row == [
        "42becfc8",
        "w1",
        "g",
        "active-idle",
        "sort, awk",
        "128068d0 orfs 3",
        "5",
        "0",
        "2 min",
        "127.0.0.1",
    ]


def test_the_queue_counts_by_state() -> None:
    jobs = {"total": 3, "active": 2, "suspended": 1, "queued": 2, "suspend": 1}
    counts = {"jobs": jobs, "clients": {"total": 0, "busy": 0}}
    assert rows(queue_table(counts))[1:] == [["jobs", "3", "2 active, 1 suspended"], ["clients", "0"]]


def test_a_workunit_by_name() -> None:
    assert work_name(f"{JOB_ID}_orfs_3") == "128068d0 orfs 3"
    assert work_name(f"{JOB_ID}_gc_0") == "128068d0 gc"


def test_what_is_running_now() -> None:
    tasks = [
        task("a", TaskState.COMPLETED),
        task("gc", TaskState.IN_PROGRESS),
        task("orfs", TaskState.IN_PROGRESS, totalwork=6, remainwork=3),
        task("z", TaskState.PENDING),
    ]
    assert running(tasks) == "gc, orfs 3/6"
