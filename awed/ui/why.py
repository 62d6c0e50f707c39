"""Why a job does not run, in one sentence."""

from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.states import JobState


def why(job: Job) -> str:
    """The sentence, "" for a job of which there is nothing to explain."""
    if job.state in (JobState.COMPLETED, JobState.DELETED):
        return ""
    error = job.error
    if job.state is not JobState.SUSPEND or error is None:
        return _sentence(job.notes)
    told = ": ".join(filter(None, [error.servernotes, error.worknotes])) or job.notes
    return _sentence(f"task {task_name(error.taskfailed)} failed: {told}" if error.taskfailed else told)


def _sentence(text: str) -> str:
    """*text* in one line that begins like a sentence."""
    line = " ".join(text.split())
    return line[:1].upper() + line[1:]
