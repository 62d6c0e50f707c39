"""Shows jobs as runs, and their steps or tasks as tasks of runs."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from awed.model.attempts import Attempt, Cause
from awed.model.ids import task_name, work_id
from awed.model.job import NO_NODE, OWN_HOST, Job, Task
from awed.model.resources import RUNNER
from awed.model.states import JobState
from awed.model.times import NO_TIME, rfc3339
from awed.tes.views import (
    CANCELED,
    COMPLETE,
    EXECUTOR_ERROR,
    PAUSED,
    PREEMPTED,
    QUEUED,
    RUNNING,
    SYSTEM_ERROR,
    task_of,
)
from awed.wes.request import CWL, SERVICE, RunRequest
from awed.workflow.run import OUTPUT, PIPELINE, TASK

STATES: Mapping[str, tuple[JobState, ...]] = {
    QUEUED: (JobState.INIT, JobState.QUEUED),
    RUNNING: (JobState.IN_PROGRESS,),
    COMPLETE: (JobState.COMPLETED,),
    CANCELED: (JobState.DELETED,),
}
"""The states of jobs whose run has one state only."""

_ERRORS: Mapping[str, str] = {"": PAUSED, Cause.EXIT: EXECUTOR_ERROR, Cause.LOST: PREEMPTED}


class RunSummary(Struct, omit_defaults=True):
    """A run in a list."""

    run_id: str
    state: str
    tags: dict[str, str]
    start_time: str = ""
    end_time: str = ""


class WesLog(Struct, omit_defaults=True):
    """What is known of a command. *stdout*, *stderr*: where they can be read."""

    name: str = ""
    cmd: list[str] = []
    start_time: str = ""
    end_time: str = ""
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    system_logs: list[str] = []


class WesTaskLog(WesLog, kw_only=True, omit_defaults=True):
    """A task of a run. *tes_uri*: where it is shown as a TES task, if it is one."""

    id: str
    tes_uri: str = ""


class WesRunLog(Struct, omit_defaults=True):
    """A run."""

    run_id: str
    request: RunRequest
    state: str
    run_log: WesLog
    task_logs_url: str
    outputs: dict[str, Any]


def is_run(job: Job) -> bool:
    """Whether this service shows *job*: one that it made, or another run of CWL."""
    return job.info.service == SERVICE or is_cwl(job)


def is_cwl(job: Job) -> bool:
    """Whether *job* runs CWL. Its tasks must be known."""
    return job.info.pipeline == PIPELINE and [task.cmd.name for task in job.tasks] == [RUNNER]


def state_of(job: Job) -> str:
    """The state of the run that *job* is."""
    if job.state is JobState.SUSPEND:
        return PAUSED if job.error is None else _ERRORS.get(job.error.cause or "fault", SYSTEM_ERROR)
    return next(state for state, states in STATES.items() if job.state in states)


def request_of(job: Job) -> RunRequest:
    """What was asked for, as far as it is known."""
    try:
        return msgspec.convert(job.info.userattr.get(SERVICE), RunRequest)
    except msgspec.ValidationError:  # of another service
        url = job.tasks[0].inputs[0].filename if job.tasks and job.tasks[0].inputs else ""
        return RunRequest(CWL, "", url)


def summary(job: Job) -> RunSummary:
    """A run, whose tasks need not be known."""
    asked = job.info.userattr.get(SERVICE)
    tags = asked.get("tags") if isinstance(asked, dict) else None
    return RunSummary(
        job.id,
        state_of(job),
        tags if isinstance(tags, dict) else {},
        _time(job.info.startedtime),
        _end(job),
    )


def run_log(job: Job, base: str) -> WesLog:
    """The log of the run itself. *base*: the address of the server."""
    if not is_cwl(job):
        return WesLog(
            job.info.name, start_time=_time(job.info.startedtime), end_time=_end(job), system_logs=list(_faults(job))
        )
    (task,) = job.tasks
    log = task_log(job, task, base)
    return WesLog(**{name: getattr(log, name) for name in WesLog.__struct_fields__} | {"name": job.info.name})


def step_log(job: Job, base: str) -> WesTaskLog:
    """The log of the step *job* of a run."""
    log = task_log(job, job.tasks[0], base)
    log.id, log.name = job.id, job.info.name
    if task_of(job) is not None:
        log.tes_uri = f"{base}/ga4gh/tes/v1/tasks/{job.id}"
    return log


def task_log(job: Job, task: Task, base: str) -> WesTaskLog:
    """The log of a task of *job*. Of a split one that of its first workunit."""
    tes = task.tes or None
    cmd = tes.executors[0].command if tes else [task.cmd.name, *(task.cmd.args_array or task.cmd.args.split())]
    last = max(task.attempts, key=lambda attempt: attempt.begun, default=None)
    begun = task.starteddate != NO_TIME
    log = f"{base}/work/{work_id(task.taskid, task.ranks[0])}/log?stream="
    return WesTaskLog(
        id=task_name(task.taskid),
        name=task_name(task.taskid),
        cmd=cmd,
        start_time=_time(last.begun if last else NO_TIME),
        end_time=_time(task.completeddate),
        stdout=f"{log}stdout" if begun else "",
        stderr=f"{log}stderr" if begun else "",
        exit_code=_exit_code(last),
        system_logs=[text for text in _faults(job) if job.error is not None and job.error.taskfailed == task.taskid],
    )


def outputs_of(job: Job, base: str) -> dict[str, Any]:
    """The outputs of a run that is no CWL: each by task and file name, as a File of CWL."""
    return {
        f"{task_name(task.taskid)}/{io.filename}": {
            "class": "File",
            "location": f"{base if io.host == OWN_HOST else io.host}/node/{io.node}?download",
            "basename": io.filename,
            "size": io.size,
        }
        for task in job.tasks
        for io in task.outputs
        if io.node != NO_NODE
    }


def output_node(job: Job) -> str:
    """The id of the node in the daemon's own store with the output object of a CWL run, "" if there is none."""
    made = (io for task in job.tasks for io in task.outputs if task_name(task.taskid) == TASK)
    found = next((io for io in made if io.filename == OUTPUT and io.host == OWN_HOST), None)
    return found.node if found is not None and job.state is JobState.COMPLETED else ""


def _exit_code(last: Attempt | None) -> int | None:
    return last.exitstatus if last is not None else None


def _faults(job: Job) -> Iterable[str]:
    """Why the job is suspended, in awed's words."""
    error = job.error
    said = [job.notes] if error is None else [error.servernotes, error.worknotes, error.apperror]
    return dict.fromkeys(text for text in said if text)


def _time(time: datetime) -> str:
    return "" if time == NO_TIME else rfc3339(time)


def _end(job: Job) -> str:
    if job.state in (JobState.COMPLETED, JobState.DELETED):
        return _time(job.info.completedtime) or _time(job.updatetime)
    return _time(job.updatetime) if job.error is not None else ""
