"""What an original server's database holds: finished jobs stay as they are, the others go on."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from awed.model.access import Acl
from awed.model.errors import Invalid
from awed.model.job import NO_NODE
from awed.model.records import Secret
from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME
from awed.original.access import read_group, read_user
from awed.original.jobs import OriginalJob, read_job, read_perf
from tests.unit.workflow.documents import JOB_ID, NODE, NOW, task

SHOCK = "http://shock.example:7445"
NAMES = {"u-1": "ann"}
DONE = {"state": "completed", "completedDate": "2015-03-05T05:06:07"}
FILE = {"filename": "a", "host": SHOCK, "node": NODE, "url": f"{SHOCK}/node/{NODE}?download", "size": 9}


def read(*tasks: object, **fields: object) -> OriginalJob:
    document = {"id": JOB_ID, "state": "queued", "info": {}, "tasks": list(tasks or [task()]), **fields}
    return read_job(json.dumps(document).encode(), NAMES, now=NOW)


def states(job: OriginalJob) -> tuple[JobState, list[TaskState]]:
    return job.record.job.state, [record.task.state for record in job.tasks]


def named(tasks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks as the original stores them: with full ids."""
    return [{**one, "taskid": f"{JOB_ID}_{number}", "jobid": JOB_ID} for number, one in enumerate(tasks)]


def test_a_finished_job_keeps_its_history() -> None:
    info = {"submittime": "2015-03-04T05:06:07", "completedtime": "2015-03-05T05:06:07", "priority": 3}
    found = read(
        *named([task(**DONE, remainwork=0, computetime=7, outputs=[FILE], totalwork=4, inputs=None)]),
        state="completed",
        info=info,
        updatetime="2015-03-05T05:06:08",
        resumed=2,
    )
    job, [one] = found.record.job, found.tasks
    assert (job.registered, job.remaintasks, job.resumed, job.info.priority) == (False, 0, 2, 3)
    assert (job.updatetime.second, job.info.completedtime) == (8, datetime(2015, 3, 5, 5, 6, 7, tzinfo=UTC))
    assert (one.task.state, one.task.remainwork, one.task.computetime, one.done) == (TaskState.COMPLETED, 0, 7, "1-4")
    assert (one.task.completeddate, one.task.outputs[0].node) == (job.info.completedtime, NODE)


def test_an_unfinished_job_goes_on_after_its_last_completed_task() -> None:
    """Of a task that was running nothing is known to be done, and what it had made ready is made anew."""
    first = task(**DONE, outputs=[FILE])
    second = task(state="in-progress", startedDate="2015-03-05T05:06:07", totalwork=5, remainwork=2)
    second |= {"inputs": [{**FILE, "origin": "0"}], "outputs": [{**FILE, "filename": "b"}]}
    found = read(*named([first, second]), state="in-progress", shockhost=SHOCK)
    assert states(found) == (JobState.IN_PROGRESS, [TaskState.COMPLETED, TaskState.INIT])
    assert (found.record.job.remaintasks, found.record.job.registered) == (1, True)
    one = found.tasks[1]
    assert (one.done, one.task.remainwork, one.task.starteddate) == ("", 5, NO_TIME)
    assert (one.task.inputs[0].node, one.task.outputs[0].node) == (NO_NODE, NO_NODE)
    assert one.task.depends_on == [found.tasks[0].task.taskid]


@pytest.mark.parametrize("state", ["", "init", "queued", "in-progress"])
def test_a_job_of_which_nothing_is_done_begins(state: str) -> None:
    assert states(read(task(state="queued"), state=state)) == (JobState.INIT, [TaskState.INIT])


def test_a_job_of_which_nothing_is_left_is_completed() -> None:
    """So the original itself puts its database right. Tasks that were skipped are done."""
    found = read(task("0", **DONE), task("1", state="skipped"), state="in-progress")
    assert states(found) == (JobState.COMPLETED, [TaskState.COMPLETED, TaskState.COMPLETED])
    assert found.record.job.info.completedtime == datetime(2015, 3, 5, 5, 6, 7, tzinfo=UTC)


def test_a_suspended_job_says_why() -> None:
    old = read(state="suspend", notes="n", lastfailed="w").record.job
    assert (old.state, old.notes, old.lastfailed) == (JobState.SUSPEND, "n", "w")
    new = read(state="suspend", error={"servernotes": "s", "workfailed": "w"}).record.job
    assert (new.notes, new.lastfailed, new.error and new.error.servernotes) == ("s", "w", "s")


def test_what_failed_for_good_is_suspended_and_says_why() -> None:
    for job in (
        read(task(state="failed-permanent"), state="in-progress"),
        read(task(state="suspend"), state="failed-permanent"),
    ):
        assert states(job) == (JobState.SUSPEND, [TaskState.INIT])
        assert job.record.job.notes.startswith("failed at the server it was imported from: ")


def test_a_deleted_job_stays_deleted() -> None:
    found = read(task(state="pending", outputs=[FILE]), state="deleted")
    assert states(found) == (JobState.DELETED, [TaskState.INIT])
    assert found.tasks[0].task.outputs[0].node == NODE


def test_rights_name_users() -> None:
    """The original writes down users by ids of its own; a user that it does not know any more stays an id."""
    acl = {"owner": "u-1", "read": ["public", "u-2"], "write": None, "delete": [""]}
    assert read(acl=acl).record.acl == Acl("ann", ["public", "u-2"])
    assert read().record.acl.owner == "admin"


def test_secrets_stay_secret() -> None:
    environ = {"public": {"A": "1"}, "private": {"B": "2"}}
    found = read(task(cmd={"name": "app", "environ": environ}), info={"datatoken": "t"})
    assert found.secrets == [
        Secret(JOB_ID, JOB_ID, token="t"),
        Secret(f"{JOB_ID}_0", JOB_ID, environ={"B": "2"}),
    ]
    assert found.record.job.info.auth
    assert found.tasks[0].task.cmd.has_private_env


def test_performance_of_finished_work_alone() -> None:
    job = read(task("0", **DONE), task("1"))
    stats = {f"{JOB_ID}_0_0": {"runtime": 5}, f"{JOB_ID}_1_0": {}, "?": {}}
    [report] = read_perf(json.dumps({"id": JOB_ID, "work_stats": stats}).encode(), job)
    assert (report.wuid, report.rank, report.perf) == (f"{JOB_ID}_0_0", 0, {"runtime": 5})


def test_what_is_wrong_is_told_together() -> None:
    with pytest.raises(Invalid) as refused:
        read(task("0", inputs=[{"filename": "a"}]), task("1", cmd=None), state="lost", info=None)
    assert refused.value.texts == [
        "invalid job import: missing job info",
        "state: there is no state lost",
        "tasks[0].inputs[0]: an input needs a url, or host and node, or an origin",
        "tasks[1].cmd.name: missing",
    ]
    with pytest.raises(Invalid, match="CWL"):
        read(is_cwl=True)


def test_groups_and_users() -> None:
    sent = {
        "id": "g",
        "name": "big",
        "token": "t",
        "acl": {"owner": "u-1", "execute": ["public"]},
        "expiration": None,
    }
    record = read_group(json.dumps(sent).encode(), NAMES)
    assert (record.group.name, record.group.token, record.group.expiration) == ("big", "t", NO_TIME)
    assert (record.acl.owner, record.acl.execute, record.acl.read) == ("ann", ["public"], [])
    assert read_user(b'{"uuid": "u-1", "username": "ann", "admin": true, "custom_fields": []}').admin
    with pytest.raises(Invalid, match="name: missing; token: missing"):
        read_group(b'{"id": "g"}', NAMES)
    with pytest.raises(Invalid, match="username: missing"):
        read_user(b"{}")
