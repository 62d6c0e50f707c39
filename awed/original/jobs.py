"""Conversion of the jobs of an original server. Tasks that are not finished start anew.

The original stores no workunits, so which workunits of an unfinished task are done is not known.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from awed.model.errors import Invalid
from awed.model.ids import job_of, parse_work_id
from awed.model.job import Info, Job, JobError, Task
from awed.model.records import JobRecord, Secret, TaskRecord
from awed.model.states import UNFINISHED, JobState, TaskState
from awed.model.times import NO_TIME, utc
from awed.model.work import PerfRecord
from awed.original.access import Names, Rights
from awed.workflow.decoding import decode
from awed.workflow.document import FinishedJob, FinishedTask
from awed.workflow.faults import Faults
from awed.workflow.locations import Locator, take_passwords
from awed.workflow.reader import check_history, checked_tasks, finished, settled

_DONE = frozenset({"completed", "passed", "skipped", "user_skipped"})
"""States of the original's tasks that count as completed."""

_FAILED = frozenset({"failed", "failed-permanent"})

_STATES = {
    "": JobState.INIT,
    "init": JobState.INIT,
    "queued": JobState.INIT,
    "in-progress": JobState.INIT,
    "suspend": JobState.SUSPEND,
    "failed-permanent": JobState.SUSPEND,
    "completed": JobState.COMPLETED,
    "deleted": JobState.DELETED,
}


class OriginalJob(Struct):
    """A job of the original, as awed's records."""

    record: JobRecord
    tasks: list[TaskRecord]
    secrets: list[Secret]


class _Info(Info):
    datatoken: str = ""


class _Task(FinishedTask):
    state: str = ""
    createddate: datetime = field(default=NO_TIME, name="createdDate")
    starteddate: datetime = field(default=NO_TIME, name="startedDate")
    completeddate: datetime = field(default=NO_TIME, name="completedDate")


class _Job(FinishedJob):
    acl: Rights = Rights()
    info: _Info | None = None
    is_cwl: bool = False
    tasks: list[_Task] = []  # type: ignore[assignment]


class _Perf(Struct):
    work_stats: dict[str, Any] = {}


def read_job(body: bytes, names: Names, *, now: datetime) -> OriginalJob:
    """The job in the JSON document *body*. *names*: names of users by id.

    Raises :class:`~awed.model.errors.Invalid` with all faults of the document.
    """
    faults = Faults()
    sent = decode(body, _Job, faults)
    _check(sent, faults)
    locator = Locator(sent.shockhost, (), faults)
    for number, task in enumerate(sent.tasks):
        if sent.state != JobState.DELETED and not _is_done(sent, task):
            locator.locate(task, ("tasks", number))
    tasks = checked_tasks(sent.id, sent.tasks, faults)
    faults.refuse_any()
    private = {task.taskid: known.cmd.environ.private for task, known in zip(tasks, sent.tasks, strict=True)}
    passwords = {task.taskid: take_passwords((*task.inputs, *task.outputs, *task.predata)) for task in tasks}
    tasks = [
        finished(task, known) if _is_done(sent, known) else task
        for task, known in zip(tasks, sent.tasks, strict=True)
    ]
    job, acl = _job(sent, tasks, locator.shockhost, now), sent.acl.of_job(names)
    return OriginalJob(
        record=JobRecord(job, acl, acl.owner, size=len(body)),
        tasks=[TaskRecord(task, index, done=_ranks(task)) for index, task in enumerate(tasks)],
        secrets=list(_secrets(sent, private, passwords)),
    )


def read_perf(body: bytes, job: OriginalJob) -> list[PerfRecord]:
    """The performance records of *job*'s finished workunits, from the original's JSON document *body*.

    Raises :class:`~awed.model.errors.Invalid` for a malformed document.
    """
    faults = Faults()
    found = decode(body, _Perf, faults).work_stats
    faults.refuse_any()
    done = {record.task.taskid for record in job.tasks if record.done}
    return [record for wuid, perf in found.items() if (record := _perf(wuid, perf)) and record.taskid in done]


def _perf(wuid: str, perf: Any) -> PerfRecord | None:
    try:
        unit = parse_work_id(wuid)
    except Invalid:
        return None
    return PerfRecord(str(unit), unit.job_id, unit.task_id, unit.rank, perf)


def _check(sent: _Job, faults: Faults) -> None:
    if sent.is_cwl:
        raise Invalid("a CWL workflow, of which awed has no knowledge")
    if sent.state not in _STATES:
        faults.at(("state",), f"there is no state {sent.state}")
    check_history(sent, faults)


def _is_done(job: _Job, task: _Task) -> bool:
    return job.state == JobState.COMPLETED or task.state in _DONE


def _ranks(task: Task) -> str:
    if task.state is not TaskState.COMPLETED:
        return ""
    return "0" if task.totalwork == 1 else f"1-{task.totalwork}"


def _secrets(
    sent: _Job, private: dict[str, dict[str, str]], passwords: dict[str, dict[str, str]]
) -> Iterator[Secret]:
    if sent.info and sent.info.datatoken:
        yield Secret(sent.id, sent.id, token=sent.info.datatoken)
    for task_id, environ in private.items():
        if environ or passwords[task_id]:
            yield Secret(task_id, job_of(task_id), environ=environ, passwords=passwords[task_id])


def _job(sent: _Job, tasks: list[Task], shockhost: str, now: datetime) -> Job:
    assert sent.info is not None
    remain = sum(task.state is not TaskState.COMPLETED for task in tasks)
    job = Job(
        id=sent.id,
        info=settled(Info(**{name: getattr(sent.info, name) for name in Info.__struct_fields__})),
        state=_state(sent, remain, len(tasks)),
        remaintasks=remain,
        expiration=utc(sent.expiration),
        updatetime=now if sent.updatetime == NO_TIME else utc(sent.updatetime),
        resumed=sent.resumed,
        shockhost=shockhost,
    )
    job.info.auth = bool(sent.info.datatoken)
    job.registered = job.state in UNFINISHED
    if job.state is JobState.COMPLETED and job.info.completedtime == NO_TIME:
        job.info.completedtime = max((task.completeddate for task in tasks), default=NO_TIME)
    _say_why(job, sent)
    return job


def _state(sent: _Job, remain: int, total: int) -> JobState:
    """The state of the job: completed if no task is left, whatever state is stored, as in the original."""
    state = _STATES[sent.state]
    if state is JobState.DELETED:
        return state
    if not remain:
        return JobState.COMPLETED
    if state is JobState.INIT and any(task.state in _FAILED for task in sent.tasks):
        return JobState.SUSPEND
    return JobState.IN_PROGRESS if state is JobState.INIT and remain < total else state


def _say_why(job: Job, sent: _Job) -> None:
    """Set notes and error of *job*. Older servers store notes, later ones an error."""
    error = sent.error or JobError()
    job.error = sent.error
    job.notes = sent.notes or error.servernotes
    job.lastfailed = sent.lastfailed or error.workfailed
    if job.state is JobState.SUSPEND and not job.notes:
        failed = [task.taskid for task in sent.tasks if task.state in _FAILED]
        job.notes = f"failed at the server it was imported from: {', '.join(failed) or sent.state}"
