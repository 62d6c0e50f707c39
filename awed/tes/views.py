"""Shows jobs as TES tasks."""

from collections.abc import Callable
from typing import Literal

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from awed.api.hosts import shown_outputs, shown_tes
from awed.model.attempts import Cause
from awed.model.job import Job, JobError
from awed.model.states import JobState
from awed.model.tes import ExecutorLog, OutputLog, RunLog, TesTask
from awed.model.times import NO_TIME, rfc3339
from awed.model.work import WorkReport

View = Literal["MINIMAL", "BASIC", "FULL"]

QUEUED, RUNNING, PAUSED = "QUEUED", "RUNNING", "PAUSED"
COMPLETE, CANCELED, PREEMPTED = "COMPLETE", "CANCELED", "PREEMPTED"
EXECUTOR_ERROR, SYSTEM_ERROR = "EXECUTOR_ERROR", "SYSTEM_ERROR"

STATES: dict[str, tuple[JobState, ...]] = {
    QUEUED: (JobState.INIT, JobState.QUEUED, JobState.IN_PROGRESS),
    RUNNING: (JobState.IN_PROGRESS,),
    PAUSED: (JobState.SUSPEND,),
    COMPLETE: (JobState.COMPLETED,),
    EXECUTOR_ERROR: (JobState.SUSPEND,),
    SYSTEM_ERROR: (JobState.SUSPEND,),
    PREEMPTED: (JobState.SUSPEND,),
    CANCELED: (JobState.DELETED,),
}
"""For each state of a TES task, the states that its job may have."""

UNENDED = (QUEUED, RUNNING, PAUSED)
"""The states of tasks that have not ended."""

UNUSED = ("UNKNOWN", "INITIALIZING", "CANCELING")
"""States of TES that no task of awed ever has."""


class TaskLog(Struct, omit_defaults=True):
    """The log of a run of the task."""

    logs: list[ExecutorLog]
    outputs: list[OutputLog]
    metadata: dict[str, str] = {}
    start_time: str = ""
    end_time: str = ""
    system_logs: list[str] = []


class ShownTask(TesTask, kw_only=True, omit_defaults=True):
    """A task, as the service shows it."""

    id: str
    state: str
    creation_time: str = ""
    logs: list[TaskLog] = []


def state_of(job: Job, is_out: Callable[[str], bool]) -> str:
    """The state of the task that *job* is. *is_out*: whether a worker has the work of the job with this id now."""
    match job.state:
        case JobState.SUSPEND if job.error is not None:
            return _ERRORS.get(job.error.cause, SYSTEM_ERROR)
        case JobState.SUSPEND:
            return PAUSED
        case JobState.COMPLETED:
            return COMPLETE
        case JobState.DELETED:
            return CANCELED
        case _:
            return RUNNING if is_out(job.id) else QUEUED


_ERRORS: dict[str, str] = {Cause.EXIT: EXECUTOR_ERROR, Cause.LOST: PREEMPTED}
"""The states of tasks that failed from these causes."""


def task_of(job: Job) -> TesTask | None:
    """The TES task that *job* is, None for any other job."""
    return job.tasks[0].tes or None if job.tasks else None


def minimal(job: Job, state: str) -> ShownTask:
    """The task in the view ``MINIMAL``."""
    return ShownTask(id=job.id, state=state)


def whole(job: Job, state: str, task: TesTask, report: WorkReport | None, view: View, *, base: str) -> ShownTask:
    """The whole task; in the view ``BASIC`` without contents of inputs, outputs of executors and system logs.

    *base*: the address of the daemon for who asks."""
    is_full = view == "FULL"
    shown = asdict(shown_tes(task, base))
    if not is_full:
        shown["inputs"] = [replace(one, content="") for one in task.inputs]
    return ShownTask(
        **shown,
        id=job.id,
        state=state,
        creation_time=rfc3339(job.info.submittime),
        logs=_logs(job, report, is_full, base),
    )


def _logs(job: Job, report: WorkReport | None, is_full: bool, base: str) -> list[TaskLog]:
    """The log of the last run, if it has begun."""
    if job.info.startedtime == NO_TIME and report is None:
        return []
    run = report.tes if report is not None and report.tes is not UNSET else RunLog()
    started = run.start_time or ("" if job.info.startedtime == NO_TIME else rfc3339(job.info.startedtime))
    return [
        TaskLog(
            logs=run.logs if is_full else [replace(one, stdout="", stderr="") for one in run.logs],
            outputs=shown_outputs(run.outputs, base),
            start_time=started,
            end_time=run.end_time,
            system_logs=_system_logs(job.error, report) if is_full else [],
        )
    ]


def _system_logs(error: JobError | None, report: WorkReport | None) -> list[str]:
    """Why the task failed, in awed's words, each sentence once."""
    said = [report.worknotes] if report is not None else []
    if error is not None:
        said += [f"cause: {error.cause}" if error.cause else "", error.worknotes, error.servernotes]
    return list(dict.fromkeys(filter(None, said)))
