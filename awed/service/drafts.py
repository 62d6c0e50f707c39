"""Large new jobs: their tasks are made durable first, some at a time, and then the job.

To encode all of them in one batch would hold the reactor, and the changes of others would wait for that batch. Nobody
sees the tasks of a job that is not there. A *draft*, a record that says that the job is to follow, is written before
them and deleted in the batch that has the job. What a daemon that starts finds a draft of, it removes.
"""

from collections.abc import Iterable

from awed.model.records import Batch, Draft, Secret, TaskRecord
from awed.scheduler.changes import MANY
from awed.service.shell import Shell
from awed.tx.turns import pieces


class Drafts:
    """The new jobs of which tasks are stored, and not yet the job."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def start(self) -> None:
        """Remove what is left of the drafts of an earlier daemon."""
        for job_id in await self._shell.store.ids(Draft):
            self.discard(job_id)

    async def write(self, job_id: str, tasks: Iterable[TaskRecord], secrets: Iterable[Secret]) -> None:
        """Make *tasks* and *secrets* of a new job durable.

        The caller goes on with a batch that has the job and deletes the draft, or calls :meth:`discard`. Raises
        :class:`~awed.model.errors.StoreAway`; then all is removed.
        """
        commit, undo = self._shell.committer.commit, Batch(gone_jobs=[job_id], gone_drafts=[job_id])
        await commit(Batch(drafts=[Draft(job_id)]), undo)
        for some in pieces(tasks, MANY):
            await commit(Batch(tasks=some), undo)
        for few in pieces(secrets, MANY):
            await commit(Batch(secrets=few), undo)

    def discard(self, job_id: str) -> None:
        """Remove what is stored of a new job that is not to follow."""
        changes = self._shell.scheduler.changes
        changes.job_gone(None, job_id)
        changes.add(Batch(gone_drafts=[job_id]))
        self._shell.committer.begin()
