"""Makes the changes of states for the feed.

Each report makes several, so this is written for speed: positional arguments, and members of enumerations looked up
once.
"""

from msgspec import UNSET

from awed.model.attempts import Cause
from awed.model.client import Client
from awed.model.feed import StateChange, Subject, WorkEvent
from awed.model.records import JobRecord
from awed.model.states import JobState
from awed.model.work import WorkRecord
from awed.scheduler.entries import JobEntry, TaskEntry

_JOB, _TASK, _WORK, _CLIENT = Subject


def job_change(record: JobRecord | JobEntry) -> StateChange:
    """The state that a job has now."""
    job, owner = record.job, record.acl.owner
    submitter = "" if record.submitter == owner else record.submitter
    cause = job.error.cause if job.error is not None and job.state is JobState.SUSPEND else ""
    return StateChange(_JOB, job.id, job.state, cause, owner, submitter, remaintasks=job.remaintasks)


def task_change(entry: TaskEntry) -> StateChange:
    """The state that a task has now."""
    task, job, owner = entry.task, entry.job, entry.job.acl.owner
    submitter = "" if job.submitter == owner else job.submitter
    return StateChange(_TASK, task.taskid, task.state, "", owner, submitter, "", "", task.remainwork, task.totalwork)


def work_change(
    entry: TaskEntry, record: WorkRecord, what: WorkEvent, cause: Cause | None = None, exitstatus: int | None = None
) -> StateChange:
    """What happened to a workunit that is, or was until now, checked out."""
    job, owner = entry.job, entry.job.acl.owner
    submitter = "" if job.submitter == owner else job.submitter
    client, attempt, status = record.client, record.attempt, UNSET if exitstatus is None else exitstatus
    return StateChange(
        _WORK, record.wuid, what, cause or "", owner, submitter, "", client, UNSET, UNSET, attempt, status
    )


def client_change(client: Client, state: str, cause: Cause | None = None) -> StateChange:
    """The state that a client has now."""
    return StateChange(_CLIENT, client.id, state, cause or "", group=client.group)
