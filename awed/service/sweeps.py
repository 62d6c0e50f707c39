"""Operations on all jobs of an owner, or of everybody, made durable."""

from contextlib import suppress

from awed.model.errors import Invalid, JobNotFound
from awed.model.states import ACTIVE, JobState
from awed.service.revisions import RevisionVerbs
from awed.service.shell import Shell


class SweepVerbs:
    """The operations. Each takes one job after the other; jobs that others changed meanwhile are skipped."""

    def __init__(self, shell: Shell, revisions: RevisionVerbs) -> None:
        self._shell = shell
        self._revisions = revisions

    async def recover(self) -> int:
        """Load all active jobs of the store that the scheduler does not have. Returns how many there were."""
        missing = await self._strays(owner=None)
        for job_id in missing:
            with suppress(Invalid, JobNotFound):  # changed by others meanwhile
                await self._shell.alone.run(job_id, self._revisions.recovered(job_id))
        await self._shell.settle()
        return len(missing)

    async def resume_suspended(self, owner: str | None) -> int:
        """Resume all suspended jobs of *owner* (None: of everybody). Returns how many there were."""
        suspended = self._suspended(owner)
        async for job_id in self._shell.turns(suspended):
            with suppress(Invalid, JobNotFound):  # changed by others meanwhile
                self._shell.scheduler.jobs.resume(job_id, self._shell.now())
            await self._shell.ease()
        await self._shell.settle()
        return len(suspended)

    async def delete_suspended(self, owner: str | None, full: bool) -> int:
        """Delete all suspended jobs of *owner* (None: of everybody). Returns how many there were."""
        suspended = self._suspended(owner)
        async for job_id in self._shell.turns(suspended):
            if full:
                await self._shell.remove_ended_steps(job_id)
            with suppress(JobNotFound):
                self._shell.scheduler.jobs.delete(job_id, self._shell.now(), full)
            await self._shell.ease()
        await self._shell.settle()
        return len(suspended)

    async def delete_zombies(self, owner: str | None, full: bool) -> int:
        """Delete the jobs of *owner* (None: of everybody) that are active in the store and unknown to the scheduler.

        Returns how many there were.
        """
        zombies = await self._strays(owner)
        for job_id in zombies:
            with suppress(JobNotFound):  # deleted meanwhile
                await self._shell.alone.run(job_id, self._delete_zombie(job_id, full))
        await self._shell.settle()
        return len(zombies)

    async def _delete_zombie(self, job_id: str, full: bool) -> None:
        record = await self._shell.head(job_id)
        if self._shell.held(job_id) is None and record.job.state in ACTIVE:
            await self._revisions.adopt(job_id)
            if full:
                await self._shell.remove_ended_steps(job_id)
            self._shell.scheduler.jobs.delete(job_id, self._shell.now(), full)

    def _suspended(self, owner: str | None) -> list[str]:
        return [
            entry.job.id
            for entry in self._shell.scheduler.jobs.all()
            if entry.job.state is JobState.SUSPEND and owner in (None, entry.acl.owner)
        ]

    async def _strays(self, owner: str | None) -> list[str]:
        """The ids of the jobs that are active in the store and unknown to the scheduler."""
        await self._shell.committer.durable()
        strays = [job_id for job_id in await self._shell.store.job_ids(ACTIVE) if self._shell.held(job_id) is None]
        if owner is None:
            return strays
        return [job_id for job_id in strays if (await self._shell.head(job_id)).acl.owner == owner]

    async def remove_expired(self) -> int:
        """Remove all that is stored of finished jobs that have expired. Returns how many there were."""
        await self._shell.committer.durable()
        expired = await self._shell.store.expired(self._shell.now().time)
        for job_id in expired:
            with suppress(JobNotFound):  # deleted meanwhile
                await self._shell.alone.run(job_id, self._expire(job_id))
        await self._shell.settle()
        return len(expired)

    async def _expire(self, job_id: str) -> None:
        record = await self._shell.head(job_id)
        if self._shell.held(job_id) is None and record.job.expiration <= self._shell.now().time:
            await self._shell.remove_ended_steps(job_id)
            await self._shell.remove_stored(job_id, expired=True)
