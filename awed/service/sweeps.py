"""The verbs that concern all jobs of an owner, or of everybody. Durable."""

from contextlib import suppress

from awed.model.errors import Invalid, JobNotFound
from awed.model.states import ACTIVE, JobState
from awed.service.revisions import RevisionVerbs
from awed.service.shell import Shell
from awed.tx.turns import Turns


class SweepVerbs:
    """Each takes one job after the other; what somebody else was faster with is left out."""

    def __init__(self, shell: Shell, revisions: RevisionVerbs) -> None:
        self._shell = shell
        self._revisions = revisions
        self._turns = Turns(shell.reactor)

    async def recover(self) -> int:
        """Hold every active job that is in the store alone; how many there were."""
        missing = await self._strays(owner=None)
        for job_id in missing:
            with suppress(Invalid, JobNotFound):  # somebody was faster
                await self._shell.alone.run(job_id, self._revisions.recovered(job_id))
        await self._shell.settle()
        return len(missing)

    async def resume_suspended(self, owner: str | None) -> int:
        """Resume all suspended jobs of *owner*, of everybody if None; how many there were."""
        suspended = self._suspended(owner)
        async for job_id in self._turns(suspended):
            with suppress(Invalid, JobNotFound):  # somebody was faster
                self._shell.scheduler.jobs.resume(job_id, self._shell.now())
        await self._shell.settle()
        return len(suspended)

    async def delete_suspended(self, owner: str | None, full: bool) -> int:
        """Delete all suspended jobs of *owner*, of everybody if None; how many there were."""
        suspended = self._suspended(owner)
        async for job_id in self._turns(suspended):
            with suppress(JobNotFound):
                self._shell.scheduler.jobs.delete(job_id, self._shell.now(), full)
        await self._shell.settle()
        return len(suspended)

    async def delete_zombies(self, owner: str | None, full: bool) -> int:
        """Delete the jobs of *owner* that are active in the store and unknown to the scheduler."""
        zombies = await self._strays(owner)
        for job_id in zombies:
            with suppress(JobNotFound):  # somebody was faster
                await self._shell.alone.run(job_id, self._delete_zombie(job_id, full))
        await self._shell.settle()
        return len(zombies)

    async def _delete_zombie(self, job_id: str, full: bool) -> None:
        record = await self._shell.job(job_id)
        if self._shell.held(job_id) is None and record.job.state in ACTIVE:
            await self._revisions.adopt(job_id)
            self._shell.scheduler.jobs.delete(job_id, self._shell.now(), full)

    def _suspended(self, owner: str | None) -> list[str]:
        entries = [self._shell.scheduler.jobs.get(job_id) for job_id in self._shell.scheduler.job_ids]
        return [
            entry.job.id
            for entry in entries
            if entry.job.state is JobState.SUSPEND and owner in (None, entry.acl.owner)
        ]

    async def _strays(self, owner: str | None) -> list[str]:
        """The jobs that are active in the store and not held by the scheduler."""
        await self._shell.committer.durable()
        strays = [job_id for job_id in await self._shell.store.job_ids(ACTIVE) if self._shell.held(job_id) is None]
        if owner is None:
            return strays
        return [job_id for job_id in strays if (await self._shell.job(job_id)).acl.owner == owner]

    async def remove_expired(self) -> int:
        """Remove, with all that is stored of them, the finished jobs whose time is over; how many there were."""
        await self._shell.committer.durable()
        expired = await self._shell.store.expired(self._shell.now().time)
        for job_id in expired:
            with suppress(JobNotFound):  # somebody was faster
                await self._shell.alone.run(job_id, self._expire(job_id))
        await self._shell.settle()
        return len(expired)

    async def _expire(self, job_id: str) -> None:
        record = await self._shell.job(job_id)
        if self._shell.held(job_id) is None and record.job.expiration <= self._shell.now().time:
            await self._shell.remove_stored(job_id, expired=True)
