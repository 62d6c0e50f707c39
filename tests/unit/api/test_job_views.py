"""The other ways to look at a job, as recorded from the original."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from twisted.internet.task import Clock

from awed.api.hosts import shown_task
from awed.api.job_views import minimal, whole, with_logs, with_perf
from awed.model.job import IO, OWN_HOST, Info, Job, JobError, Task
from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME
from awed.model.work import PerfRecord, WorkReport
from awed.tx.turns import Turns, each
from awed.web.streaming import pieces
from tests.unit.api.served import done
from tests.unit.gathered import gathered

START = datetime(2026, 11, 23, 20, 41, 5, tzinfo=UTC)
END = datetime(2026, 11, 23, 20, 41, 6, 900000, tzinfo=UTC)
SECOND = int(START.timestamp())


def sent(view: object) -> Any:
    """What a peer is sent of a view."""
    return msgspec.json.decode(b"".join(gathered(pieces(view))))


def job(*states: TaskState, state: JobState = JobState.IN_PROGRESS, lastfailed: str = "") -> Job:
    tasks = [Task(f"j_{number}", "j", state=task_state, computetime=2) for number, task_state in enumerate(states)]
    return Job("j", Info(name="n", userattr={"a": 1, "b": 2}), state=state, lastfailed=lastfailed, tasks=tasks)


def plain(view: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(view))


def test_tasks_of_a_job_that_nobody_else_has_are_let_go_as_they_are_sent() -> None:
    """To free 100,000 at once took 50 ms."""
    kept, spent = (job(*[TaskState.QUEUED] * 3) for _ in range(2))
    assert sent(whole(spent, "http://awe", spend=True)) == sent(whole(kept, "http://awe"))
    assert (len(spent.tasks), len(kept.tasks)) == (0, 3)


def test_a_whole_job_is_shown_with_addresses_of_own_files() -> None:
    shown = job(TaskState.QUEUED)
    shown.tasks[0].inputs = [IO("a", host=OWN_HOST, node="n")]
    assert sent(whole(shown, "http://awe")) == {
        **plain(shown),
        "tasks": [plain(shown_task(shown.tasks[0], "http://awe"))],
    }
    shown.shockhost = OWN_HOST
    assert sent(whole(shown, "http://awe"))["shockhost"] == "http://awe"


@pytest.mark.parametrize(
    ("shown", "places", "states"),
    [
        (job(TaskState.COMPLETED, TaskState.QUEUED, TaskState.IN_PROGRESS), [1, 2], ["queued", "in-progress"]),
        (job(TaskState.COMPLETED, TaskState.PENDING, TaskState.PENDING), [1], ["pending"]),
        (job(TaskState.COMPLETED, state=JobState.COMPLETED), [], ["completed"]),
        (job(TaskState.PENDING, state=JobState.DELETED), [], ["deleted"]),
        (job(TaskState.SUSPEND, TaskState.SUSPEND, state=JobState.SUSPEND, lastfailed="j_1_0"), [1], ["suspend"]),
        (job(TaskState.SUSPEND, state=JobState.SUSPEND), [], ["suspend"]),
    ],
)
def test_the_tasks_that_matter_now(shown: Job, places: list[int], states: list[str]) -> None:
    view = done(minimal(shown, [], Turns(Clock())))
    assert (view.task, view.state) == (places, states)


def test_a_job_in_one_line() -> None:
    shown = job(TaskState.QUEUED, TaskState.PENDING)
    shown.tasks[0].inputs = [IO("a", size=3), IO("b", size=4)]
    view = done(minimal(shown, ["b", "c"], Turns(Clock())))
    assert (view.name, view.size, view.computetime, view.userattr) == ("n", 7, 4, {"b": 2})
    assert list(msgspec.to_builtins(view)) == [
        "id",
        "name",
        "size",
        "submittime",
        "completedtime",
        "computetime",
        "task",
        "state",
        "userattr",
    ]


def test_a_job_without_tasks() -> None:
    assert done(minimal(Job("j"), [], Turns(Clock()))).size == 0


def test_logs_of_all_ranks_empty_where_none_came() -> None:
    shown = job(TaskState.IN_PROGRESS, TaskState.PENDING)
    shown.tasks[0].totalwork = 2
    shown.error = JobError(workfailed="j_0_2")
    old = WorkReport("j_0_0", "j", "j_0", 0, stdout="of an earlier split")
    report = WorkReport("j_0_2", "j", "j_0", 2, stdout="out", worknotes="note")
    view = with_logs(shown, each([each([old, report]), each([])]))
    assert sent(view)["tasks"] == [
        {
            "taskid": "j_0",
            "state": "in-progress",
            "totalwork": 2,
            "completeddate": "0001-01-01T00:00:00Z",
            "workunits": [
                {"wuid": "j_0_1", "rank": 1, "logs": {"stdout": "", "stderr": "", "worknotes": ""}},
                {"wuid": "j_0_2", "rank": 2, "logs": {"stdout": "out", "stderr": "", "worknotes": "note"}},
            ],
        },
        {
            "taskid": "j_1",
            "state": "pending",
            "totalwork": 1,
            "completeddate": "0001-01-01T00:00:00Z",
            "workunits": [{"wuid": "j_1_0", "rank": 0, "logs": {"stdout": "", "stderr": "", "worknotes": ""}}],
        },
    ]
    assert view.error == shown.error


def test_times_and_sizes() -> None:
    shown = job(TaskState.COMPLETED)
    shown.info = Info(submittime=START, startedtime=END, completedtime=END)
    task = shown.tasks[0]
    task.createddate, task.starteddate, task.completeddate = START, START, END
    task.inputs, task.outputs = [IO("a", size=11)], [IO("b", size=22)]
    view = with_perf(shown, [PerfRecord("j_0_0", "j", "j_0", 0, {"runtime": 2, "own": 1})])
    assert (view.queued, view.start, view.end, view.resp) == (SECOND, SECOND + 1, SECOND + 1, 1)
    seen = sent(view)
    assert seen["task_stats"] == {
        "j_0": {
            "queued": SECOND,
            "start": SECOND,
            "end": SECOND + 1,
            "resp": 1,
            "size_infile": [11],
            "size_outfile": [22],
        }
    }
    work = seen["work_stats"]["j_0_0"]
    assert (work["runtime"], work["own"], work["client_id"]) == (2, 1, "")


def test_what_has_not_happened_is_0() -> None:
    shown = job(TaskState.PENDING)
    shown.info = Info(submittime=START, completedtime=NO_TIME)
    view = with_perf(shown, [])
    assert (view.queued, view.end, view.resp) == (SECOND, 0, 0)
    assert sent(view)["task_stats"]["j_0"]["queued"] == 0
