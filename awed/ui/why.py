"""Why a job does not run, in one sentence."""

from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.states import JobState
from awed.service.engine import Engine


def why(engine: Engine, job: Job) -> str:
    """Why *job* does not run, in one sentence; "" for a job that is over, or of which all ready tasks run.

    *job* need not have its tasks.
    """
    if job.state in (JobState.COMPLETED, JobState.DELETED):
        return ""
    if job.state is JobState.SUSPEND and (error := job.error) is not None:
        told = ": ".join(filter(None, [error.servernotes, error.worknotes])) or job.notes
        return sentence(f"task {task_name(error.taskfailed)} failed: {told}" if error.taskfailed else told)
    return sentence(engine.reasons.job(job)[0].why.partition("; ")[2])


def sentence(text: str) -> str:
    """*text* in one line that begins like a sentence."""
    line = " ".join(text.split())
    return line[:1].upper() + line[1:]
