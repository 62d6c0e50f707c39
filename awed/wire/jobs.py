"""A job in one line, as lists and screens show it that are made again and again."""

from datetime import datetime

from msgspec import Struct

from awed.model.ids import task_name
from awed.model.job import Job, JobError
from awed.model.states import JobState


class JobLine(Struct):
    """A job of ``GET /job?verbosity=line``. *tasks*: how many it has, *remaintasks*: how many are not done.
    *computetime*: seconds that its commands ran, as far as they have ended. *notes*: why it is suspended, if it is.
    """

    id: str
    name: str
    state: JobState
    submittime: datetime
    tasks: int
    remaintasks: int
    computetime: int
    notes: str

    @property
    def donetasks(self) -> int:
        """How many tasks are done."""
        return self.tasks - self.remaintasks


def whole_line(job: Job) -> JobLine:
    """The line of *job*, which has its tasks."""
    return line_of(job, len(job.tasks), sum(task.computetime for task in job.tasks))


def line_of(job: Job, tasks: int, computetime: int) -> JobLine:
    """The line of *job*, which has so many tasks, whose commands ran for *computetime* seconds."""
    return JobLine(
        id=job.id,
        name=job.info.name,
        state=job.state,
        submittime=job.info.submittime,
        tasks=tasks,
        remaintasks=job.remaintasks,
        computetime=computetime,
        notes=_failure(job.error) if job.error and job.state is JobState.SUSPEND else job.notes,
    )


def _failure(error: JobError) -> str:
    """Which task failed and why: the notes begin with the long id of a workunit, and a list has no room for more."""
    task = f"{task_name(error.taskfailed)}: " if error.taskfailed else ""
    return f"{task}{error.worknotes or error.servernotes}"
