"""Tables and words for people."""

from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from awed.cli.show import Effort, job_facts, jobs_table, needs_table, queue_table, tasks_table, workers_table
from awed.cli.table import screen
from awed.cli.words import between, clean, running, span, work_name
from awed.model.attempts import Attempt, Used
from awed.model.client import Client
from awed.model.job import IO, Info, JobError
from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME
from awed.wire.jobs import whole_line
from tests.unit.cli.fake import JOB_ID, job, task

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def rows(table: RenderableType) -> list[list[str]]:
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
        task("a", TaskState.COMPLETED, computetime=75),
        task("b"),
        info=Info(name="[red]x[/red]", submittime=ago(3600), startedtime=ago(60)),
        notes="all is well. Yes",
    )
    head, row = rows(jobs_table([whole_line(listed)], NOW))
    assert head == ["id", "name", "state", "tasks", "age", "ran", "notes"]
    assert row == ["128068d0", "[red]x[/red]", "in-progress", "1/2", "3600s", "75s", "all is well"]


def test_of_a_failed_job_the_list_tells_task_and_reason() -> None:
    """Not the id of the workunit, after which there was no room for more."""
    error = JobError(
        taskfailed=f"{JOB_ID}_b", servernotes="workunit failed 3 time(s)", worknotes="command not found: blastp"
    )
    notes = f"workunit {JOB_ID}_b_0 failed 3 time(s). msg from client:command not found: blastp"
    failed = job(task("b"), state=JobState.SUSPEND, notes=notes, error=error)
    _, row = rows(jobs_table([whole_line(failed)], NOW))
    assert row[-1] == "b: command not found: blastp"


def test_facts_that_are_not_there_are_left_out() -> None:
    names = [row[0] for row in rows(job_facts(job(task("a"), info=Info(name="x", project="p")), {}, NOW))]
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
    assert table[1] == ["first", "completed", "1/1", "40s", "12s", "0.25s", "w1, w2", "a.txt, b.txt"]
    assert table[2] == ["second", "in-progress", "2/6", "60s"]


OTHER = "228068d0-9ebf-4027-a1c9-1578d354c940"


def test_what_tasks_need_and_what_became_of_their_runs() -> None:
    asks = task("a", resources={"cores": 2, "memory": "8G"})
    asks.attempts = (
        Attempt("w", 1, "memory", used=Used(8 << 30, 1.25, 3 << 20)),
        Attempt("w", 2, "memory", used=Used(9 << 30, 12.4)),
        Attempt("w", 3, "done", used=None),
    )
    again = task("c", reused=[f"{OTHER}_c_0"])
    (_, *table) = rows(needs_table(job(asks, task("b"), again, info=Info(resources={"gpus": 1}))))
    assert table == [
        ["a", "1 gpus, 2 cores, 8 GB memory", "9 GB memory, 3 MB disk, 12 s CPU", "2 memory, 1 done"],
        ["b", "1 gpus"],
        ["c", "1 gpus", "result of job 228068d0"],
    ]
    assert not needs_table(job(task("a")))


def test_what_a_worker_offers_and_what_of_it_is_free_on_eighty_columns() -> None:
    offers, free = {"cores": 4.0, "memory": 8 << 30, "x": 2}, {"cores": 1.5, "memory": 2 << 30, "x": 0}
    client = Client(id="42becfc8", name="node17", group="large", offers=offers, free=free, host="h" * 40)
    assert "1.5/4 cores, 2 GB/8 GB memory, 0/2 x" in rows(workers_table([client], NOW))[1]
    text = StringIO()
    Console(file=text, width=80, force_terminal=True, color_system=None).print(workers_table([client], NOW))
    assert max(map(len, text.getvalue().splitlines())) <= 80


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
        "0/1 slots",
        "128068d0 orfs 3",
        "5",
        "0",
        "120s",
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


def on_terminal(table: RenderableType, width: int) -> list[str]:
    """The lines of a table on a screen of this width."""
    out = StringIO()
    Console(file=out, force_terminal=True, width=width, color_system=None, markup=False).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


LONG = job(
    task("a", TaskState.COMPLETED, computetime=75),
    info=Info(name="a job with a name that is quite long", submittime=ago(7500), startedtime=ago(60)),
    notes="workunit 128068d0_orfs_3 failed 3 time(s) on 2 workers, the last time on w1; look at it, please",
    state=JobState.SUSPEND,
)


def test_jobs_on_narrow_and_wide_screens() -> None:
    assert on_terminal(jobs_table([whole_line(LONG)], NOW), 80) == [
        "id        name            state    tasks  age        ran         notes",
        "128068d0  a job with a …  suspend  1/1    2 h 5 min  1 min 15 s  workunit 12806…",
    ]
    assert on_terminal(jobs_table([whole_line(LONG)], NOW), 120) == [
        "id        name                                state    tasks  age        ran         notes",
        "128068d0  a job with a name that is quite l…  suspend  1/1    2 h 5 min  1 min 15 s  "
        "workunit 128068d0_orfs_3 failed 3 …",
    ]


def test_workers_on_narrow_and_wide_screens() -> None:
    """What there is no room for is left out: first where a worker runs, then its age, its commands, its failures."""
    client = Client(
        id="42becfc8-36b9-43a4-ae9c-a11546daa7ed",
        name="worker-of-node-17",
        group="assembly",
        apps=["sort", "awk"],
        regtime=ago(120),
        current_work={f"{JOB_ID}_orfs_3": True},
        host="127.0.0.1",
        offers={"cores": 4.0, "memory": 8 << 30},
        free={"cores": 1.5, "memory": 2 << 30},
    )
    assert on_terminal(workers_table([client], NOW), 80) == [
        "id        name          group     state        free           working on    done",
        "42becfc8  worker-of-n…  assembly  active-idle  1.5/4 cores,   128068d0 or…  0",
        "                                               2 GB/8 GB",
        "                                               memory",
    ]
    assert on_terminal(workers_table([client], NOW), 120) == [
        "id        name           group     state        apps       free            working on     done  failed  "
        "age    host",
        "42becfc8  worker-of-no…  assembly  active-idle  sort, awk  1.5/4 cores, 2  128068d0 orf…  0     0       "
        "2 min  127.0.0.1",
        "                                                           GB/8 GB memory",
    ]
