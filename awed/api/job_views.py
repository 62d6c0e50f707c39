"""The views of a job: whole, minimal, with logs, with times and sizes. Long lists are made while they are sent."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from awed.api.hosts import shown_task
from awed.model.ids import work_id
from awed.model.job import IO, OWN_HOST, Job, JobError, Task
from awed.model.states import ACTIVE, JobState, TaskState
from awed.model.times import NO_TIME
from awed.model.work import Perf, PerfRecord, WorkRecord, WorkReport
from awed.tx.turns import Turns, each, pieces
from awed.web.streaming import Items, listed, mapped

SOME = 1000
"""Tasks that are looked at within a millisecond."""

_RUNNING = (TaskState.QUEUED, TaskState.IN_PROGRESS)


class MinimalJob(Struct):
    """The minimal view of a job.

    *size*: bytes of the first task's inputs. *task*: indexes of the tasks that run or come next, of a suspended job
    those that failed; *state*: their states, or only the job's own if it is suspended or ended. *userattr*: the
    attributes that were asked for.
    """

    id: str
    name: str
    size: int
    submittime: datetime
    completedtime: datetime
    computetime: int
    task: list[int]
    state: list[str]
    userattr: dict[str, Any]


class Logs(Struct):
    """The logs of a workunit."""

    stdout: str = ""
    stderr: str = ""
    worknotes: str = ""


class WorkLogs(Struct):
    wuid: str
    rank: int
    logs: Logs


class TaskLogs(Struct):
    taskid: str
    state: TaskState
    totalwork: int
    completeddate: datetime
    workunits: list[WorkLogs]


class JobLogs(Struct):
    """``?report``: the state of a job and the logs of its workunits."""

    id: str
    state: JobState
    updatetime: datetime
    notes: str
    lastfailed: str
    error: JobError | None
    resumed: int
    tasks: list[TaskLogs]


class TaskPerf(Struct):
    """The times and sizes of a task.

    *queued*, *start* and *end* are Unix times in seconds, 0 for "not yet"; *resp*: seconds from *queued* to *end*.
    Sizes are bytes, one for each file.
    """

    queued: int
    start: int
    end: int
    resp: int
    size_infile: list[int]
    size_outfile: list[int]


class JobPerf(Struct):
    """``?perf``: the times (as in :class:`TaskPerf`) and sizes of a job, its tasks and its workunits."""

    id: str
    queued: int
    start: int
    end: int
    resp: int
    task_stats: dict[str, TaskPerf]
    work_stats: dict[str, dict[str, Any]]


def whole(job: Job, base: str, *, spend: bool = False) -> Job:
    """*job* with addresses at *base* for the daemon's own files. *spend*: nobody else has it, and its tasks are taken
    out one by one as they are sent: to free very many at once would hold everybody up."""
    host = base if job.shockhost == OWN_HOST else job.shockhost
    tasks = _spent(job.tasks) if spend else job.tasks
    return replace(job, shockhost=host, tasks=listed(shown_task(task, base) for task in tasks))


def _spent(tasks: list[Task]) -> Iterator[Task]:
    tasks.reverse()
    while tasks:
        yield tasks.pop()


async def minimal(job: Job, attributes: Sequence[str], turns: Turns) -> MinimalJob:
    """The minimal view of *job*, with these of its user attributes. Nobody else has it: its tasks are let go of."""
    size = sum(io.size for io in job.tasks[0].inputs) if job.tasks else 0
    failing = job.lastfailed.rpartition("_")[0]
    computetime = 0
    running: list[tuple[int, str]] = []
    waiting: list[tuple[int, str]] = []
    failed: list[int] = []
    async for some in turns(pieces(enumerate(_spent(job.tasks)), SOME)):
        computetime += sum(task.computetime for _, task in some)
        running += [(place, task.state) for place, task in some if task.state in _RUNNING]
        unfinished = ((place, task.state) for place, task in some if task.state is not TaskState.COMPLETED)
        waiting = waiting or list(islice(unfinished, 1))
        failed += [place for place, task in some if task.taskid == failing]
    shown = running or waiting if job.state in ACTIVE else []
    return MinimalJob(
        id=job.id,
        name=job.info.name,
        size=size,
        submittime=job.info.submittime,
        completedtime=job.info.completedtime,
        computetime=computetime,
        task=failed if job.state is JobState.SUSPEND else [place for place, _ in shown],
        state=[state for _, state in shown] if job.state in ACTIVE else [job.state],
        userattr={name: job.info.userattr[name] for name in attributes if name in job.info.userattr},
    )


Reports = AsyncIterable[AsyncIterator[WorkReport]]
"""For each task of a job, the reports of its workunits, in the order of ranks."""


def with_logs(job: Job, reports: Reports) -> JobLogs:
    """*job* with the logs of all its workunits, which are empty for those without a report."""
    return JobLogs(
        id=job.id,
        state=job.state,
        updatetime=job.updatetime,
        notes=job.notes,
        lastfailed=job.lastfailed,
        error=job.error,
        resumed=job.resumed,
        tasks=listed(_tasks_logs(job.tasks, reports)),
    )


async def _tasks_logs(tasks: Iterable[Task], reports: Reports) -> AsyncIterator[TaskLogs]:
    left = iter(tasks)
    async for its_reports in reports:
        yield _task_logs(next(left), its_reports)


def _task_logs(task: Task, reports: AsyncIterator[WorkReport]) -> TaskLogs:
    workunits = listed(_work_logs(task, reports))
    return TaskLogs(task.taskid, task.state, task.totalwork, task.completeddate, workunits)


async def _work_logs(task: Task, reports: AsyncIterator[WorkReport]) -> AsyncIterator[WorkLogs]:
    report = await anext(reports, None)
    for rank in task.ranks:
        while report is not None and report.rank < rank:
            report = await anext(reports, None)
        came = report is not None and report.rank == rank
        logs = Logs(report.stdout, report.stderr, report.worknotes) if report is not None and came else Logs()
        yield WorkLogs(work_id(task.taskid, rank), rank, logs)


def with_perf(job: Job, perfs: Items[PerfRecord]) -> JobPerf:
    """The times and sizes of *job*. *perfs*: the performance records of its workunits."""
    queued, start, end = map(_seconds, (job.info.submittime, job.info.startedtime, job.info.completedtime))
    return JobPerf(
        id=job.id,
        queued=queued,
        start=start,
        end=end,
        resp=_between(queued, end),
        task_stats=mapped((task.taskid, _task_perf(task)) for task in job.tasks),
        work_stats=mapped((record.wuid, _work_perf(record)) async for record in each(perfs)),
    )


def begun(record: WorkRecord) -> PerfRecord:
    """The performance record of a run that has not ended: when it was checked out, and by which client."""
    perf = {"checkout": _seconds(record.checkout_time), "client_id": record.client}
    return PerfRecord(record.wuid, record.jobid, record.taskid, record.rank, perf)


def _task_perf(task: Task) -> TaskPerf:
    queued, start, end = map(_seconds, (task.createddate, task.starteddate, task.completeddate))
    return TaskPerf(queued, start, end, _between(queued, end), _sizes(task.inputs), _sizes(task.outputs))


def _work_perf(record: PerfRecord) -> dict[str, Any]:
    measured: dict[str, Any] = record.perf if isinstance(record.perf, dict) else {}
    return {**msgspec.to_builtins(Perf()), **measured}


def _sizes(files: Iterable[IO]) -> list[int]:
    return [io.size for io in files]


def _seconds(moment: datetime) -> int:
    return 0 if moment == NO_TIME else int(moment.timestamp())


def _between(start: int, end: int) -> int:
    return end - start if start and end else 0
