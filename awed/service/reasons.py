"""Why jobs and workunits wait, in their state at the moment of the request."""

from collections.abc import Iterator

from awed.model.ids import WorkId
from awed.model.job import Job
from awed.model.reasons import Explained, Waits
from awed.scheduler.queue import Queued
from awed.service.shell import Shell


class ReasonVerbs:
    """Explains jobs and workunits; changes nothing."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def job(self, job: Job) -> tuple[Explained, Iterator[Waits]]:
        """Why a job is not done, and why its waiting tasks wait, each explained when the iteration comes to it.

        Of a finished job, its state.
        """
        entry = self._shell.held(job.id)
        if entry is None:
            return Explained(job.id, job.state, str(job.state)), iter(())
        reasons, now = self._shell.scheduler.reasons, self._shell.now()
        return Explained(job.id, job.state, reasons.job(entry, now)), reasons.tasks(entry, now)

    def kind(self, queued: Queued) -> str:
        """Why queued work of a kind waits, without whose it is."""
        return self._shell.scheduler.reasons.kind(queued, self._shell.now())

    def work(self, work_id: WorkId) -> Waits:
        """Why a workunit waits, or that it runs.

        Raises :class:`~awed.model.errors.WorkNotFound` if there is no such workunit, or it is done.
        """
        return self._shell.scheduler.reasons.work(work_id, self._shell.now())
