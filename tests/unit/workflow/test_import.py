"""Finished jobs are taken over with their history, and only finished ones."""

import json
from datetime import UTC, datetime

import pytest

from awed.model.errors import Invalid
from awed.model.job import Job
from awed.model.states import JobState, TaskState
from awed.workflow.reader import read_import
from tests.unit.workflow.documents import JOB_ID, NODE, NOW, task

SHOCK = "http://shock.example:7445"


def imported(*tasks: object, **fields: object) -> Job:
    document = {"id": JOB_ID, "state": "completed", "info": {}, "tasks": list(tasks or [task()]), **fields}
    return read_import(json.dumps(document).encode(), now=NOW)


def faults(*tasks: object, **fields: object) -> list[str]:
    with pytest.raises(Invalid) as refused:
        imported(*tasks, **fields)
    return refused.value.texts


def test_history_is_kept() -> None:
    info = {"submittime": "2015-03-04T05:06:07Z", "completedtime": "2015-03-05T02:00:00-05:00", "priority": 0}
    error = {"taskfailed": "x", "unknown": 1}
    job = imported(
        task(computetime=7, completeddate="2015-03-05T05:06:07.123456789Z", state="user_skipped", remainwork=3),
        info=info,
        error=error,
        notes="n",
        resumed=2,
        registered=True,
        remaintasks=5,
        updatetime="2015-03-05T05:06:07Z",
    )
    assert (job.state, job.registered, job.remaintasks, job.updatetime) == (JobState.COMPLETED, False, 0, NOW)
    assert job.info.completedtime == datetime(2015, 3, 5, 7, tzinfo=UTC)
    assert (job.info.priority, job.notes, job.resumed) == (1, "n", 2)
    assert job.error is not None
    assert job.error.taskfailed == "x"
    [only] = job.tasks
    assert (only.state, only.remainwork, only.computetime) == (TaskState.COMPLETED, 0, 7)
    assert only.completeddate.second == 7


def test_files_stay_where_they_are() -> None:
    url = f"{SHOCK}/node/{NODE}?download"
    file = {"filename": "a", "host": SHOCK, "node": NODE, "url": url, "size": 9}
    job = imported(task("0", outputs=[file]), task("1", inputs={"a": {**file, "origin": "0"}}), shockhost=SHOCK)
    assert (job.shockhost, job.tasks[1].inputs) == (SHOCK, [job.tasks[1].inputs[0]])
    assert (job.tasks[1].inputs[0].node, job.tasks[0].outputs[0].url) == (NODE, url)


@pytest.mark.parametrize("prefix", ["", f"{JOB_ID}_"])
def test_ids_become_full_ones(prefix: str) -> None:
    """As everywhere else in awed, so that the job can be computed again."""
    job = imported(task(f"{prefix}0"), task(f"{prefix}1", dependsOn=[f"{prefix}0"]))
    assert [one.taskid for one in job.tasks] == [f"{JOB_ID}_0", f"{JOB_ID}_1"]
    assert (job.tasks[1].depends_on, job.tasks[1].jobid) == ([f"{JOB_ID}_0"], JOB_ID)


@pytest.mark.parametrize("state", ["queued", "", None, "deleted"])
def test_only_completed_jobs(state: str | None) -> None:
    assert faults(state=state) == ["invalid job import: must be completed"]


def test_all_faults_together() -> None:
    with pytest.raises(Invalid) as refused:
        read_import(b"{}", now=NOW)
    assert refused.value.texts == [
        "invalid job import: missing job id",
        "invalid job import: missing job info",
        "invalid job import: must be completed",
        "invalid job document: task list empty",
    ]


def test_what_would_hang_when_computed_again() -> None:
    assert faults(
        task("0", computetime=2**70, outputs=[{"filename": "../x"}]),
        task("1", dependsOn=["2"], cmd={}),
        id="x",
        info={"submittime": "never"},
        resumed=-1,
    ) == [
        'Job-Id format wrong: "x"',
        "info.submittime: expected time (such as 2026-11-23T20:41:15Z), found string",
        "resumed: must be at least 0",
        "tasks[0].computetime: must be at most 9223372036854775807",
        'tasks[0].outputs[0].filename: "../x" leaves its directory',
        "tasks[1].cmd.name: missing",
        'tasks[1].dependsOn: no task "2" (there are: 0, 1)',
    ]
