"""Why jobs and workunits wait, as they stand at the moment when that is asked."""

from collections.abc import Iterator

from awed.model.ids import WorkId
from awed.model.job import Job
from awed.model.reasons import Explained, Waits
from awed.service.shell import Shell


class ReasonVerbs:
    """Looks, and changes nothing. The tasks of an answer are looked at while it is sent, one by one."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def job(self, job: Job) -> tuple[Explained, Iterator[Waits]]:
        """Why a job is not done, and its tasks that wait; a finished one says how it ended."""
        if self._shell.held(job.id) is None:
            return Explained(job.id, job.state, str(job.state)), iter(())
        reasons, now = self._shell.scheduler.reasons, self._shell.now()
        entry = self._shell.scheduler.jobs.get(job.id)
        return Explained(job.id, job.state, reasons.job(entry, now)), reasons.tasks(entry, now)

    def work(self, work_id: WorkId) -> Waits:
        """Why a workunit waits. Raises :class:`~awed.model.errors.WorkNotFound` for one that is not there or done."""
        return self._shell.scheduler.reasons.work(work_id, self._shell.now())
