"""The verbs that change a job after its submission: run it again, steer its work, change its rights. Durable."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from awed.model.access import Acl
from awed.model.errors import Invalid, JobNotFound
from awed.model.ids import task_id
from awed.model.job import Info, Job
from awed.model.records import JobRecord, Secret
from awed.model.states import ACTIVE, JobState
from awed.scheduler.entries import JobEntry
from awed.service.shell import Shell


class RevisionVerbs(Shell):
    """For jobs of the scheduler and jobs of the store alike, where that makes sense."""

    async def recover(self, job_id: str) -> None:
        """Hold an unfinished job that is in the store alone."""
        await self._alone.run(job_id, self._recover(job_id))
        await self._settle()

    async def _recover(self, job_id: str) -> None:
        if self._held(job_id) is not None:
            raise Invalid(f"fail to recover job: {job_id} job {job_id} is already active")
        state = (await self.job(job_id)).job.state
        if state in (JobState.COMPLETED, JobState.DELETED):
            raise Invalid(f"fail to recover job: {job_id} job {job_id} is in {state} state thus cannot be recovered")
        await self._adopt(job_id)

    async def recover_all(self) -> int:
        """Hold every active job that is in the store alone; how many there were."""
        missing = await self._strays(owner=None)
        for job_id in missing:
            with suppress(Invalid, JobNotFound):  # somebody was faster
                await self._alone.run(job_id, self._recover(job_id))
        await self._settle()
        return len(missing)

    async def recompute(self, job_id: str, stage: str) -> None:
        """Run the task that the document named *stage*, and all that depends on it, again."""
        full_name = task_id(job_id, stage)
        if all(task.taskid != full_name for task in (await self.job(job_id)).job.tasks):
            raise Invalid(f"fail to recompute job: {job_id} task not found:{full_name}")
        await self._redo("recompute", job_id, partial(self._scheduler.jobs.recompute, stage))

    async def resubmit(self, job_id: str) -> None:
        """Run all tasks again."""
        await self._redo("resubmit", job_id, self._scheduler.jobs.resubmit)

    async def _redo(self, verb: str, job_id: str, again: Callable[[JobEntry, datetime], None]) -> None:
        await self._alone.run(job_id, self._run_again(verb, job_id, again))
        await self._settle()

    async def _run_again(self, verb: str, job_id: str, again: Callable[[JobEntry, datetime], None]) -> None:
        try:
            self._require_at_rest((await self.job(job_id)).job)
            entry = await self._adopt(job_id)
            self._require_at_rest(entry.job)
        except Invalid as error:
            raise Invalid(f"fail to {verb} job: {job_id} {'; '.join(error.texts)}") from None
        again(entry, self._now())

    def _require_at_rest(self, job: Job) -> None:
        if job.state in ACTIVE:
            raise Invalid(f"job {job.id} is already active")
        if job.state not in (JobState.COMPLETED, JobState.SUSPEND):
            raise Invalid(f"job {job.id} is not in 'completed' or 'suspend' status")

    async def _adopt(self, job_id: str) -> JobEntry:
        """The job's entry, taken in from the store if the scheduler does not have it."""
        if self._held(job_id) is None:
            stored = await self._store.load_job(job_id)
            if stored is None:
                raise JobNotFound(job_id)
            if self._held(job_id) is None:
                return self._scheduler.jobs.adopt(stored.jobs[0], stored.tasks, stored.work, self._now())
        return self._scheduler.jobs.get(job_id)

    async def steer(self, job_id: str, change: Callable[[Info], object]) -> None:
        """Change a job's groups, pipeline or priority; queued work takes its new place at once."""
        await self._revise(job_id, lambda record: change(record.job.info))

    async def set_expiration(self, job_id: str, expiration: datetime) -> None:
        """When the job may be removed, once it is completed or deleted."""

        def change(record: JobRecord) -> None:
            record.job.expiration = expiration
            record.limited = False

        await self._revise(job_id, change)

    async def set_token(self, job_id: str, token: str) -> None:
        """Replace the job's data token."""

        def change(record: JobRecord) -> None:
            record.job.info.auth = True
            self._scheduler.changes.secret(Secret(job_id, job_id, token=token))

        await self._revise(job_id, change)

    async def change_acl(self, job_id: str, change: Callable[[Acl], object]) -> Acl:
        """The rights to the job, after *change*."""
        record = await self._revise(job_id, lambda record: change(record.acl))
        return record.acl

    async def _revise(self, job_id: str, change: Callable[[JobRecord], object]) -> JobRecord:
        record = await self._alone.run(job_id, self._revised(job_id, change))
        await self._settle()
        return record

    async def _revised(self, job_id: str, change: Callable[[JobRecord], object]) -> JobRecord:
        record = await self.job(job_id)
        change(record)
        if self._held(job_id) is not None:
            self._scheduler.jobs.requeue(self._scheduler.jobs.get(job_id), self._now())
        else:
            record.job.updatetime = self._now()
            record.job.tasks = []
            self._scheduler.changes.job_record(record)
        return record

    async def resume_jobs(self, owner: str | None) -> int:
        """Resume all suspended jobs of *owner*, of everybody if None; how many there were."""
        suspended = self._suspended(owner)
        for job_id in suspended:
            self._scheduler.jobs.resume(job_id, self._now())
        await self._settle()
        return len(suspended)

    async def delete_suspended_jobs(self, owner: str | None, full: bool) -> int:
        """Delete all suspended jobs of *owner*, of everybody if None; how many there were."""
        suspended = self._suspended(owner)
        for job_id in suspended:
            self._scheduler.jobs.delete(job_id, self._now(), full)
        await self._settle()
        return len(suspended)

    async def delete_zombies(self, owner: str | None, full: bool) -> int:
        """Delete the jobs of *owner* that are active in the store and unknown to the scheduler."""
        zombies = await self._strays(owner)
        for job_id in zombies:
            with suppress(JobNotFound):  # somebody was faster
                await self._alone.run(job_id, self._delete_zombie(job_id, full))
        await self._settle()
        return len(zombies)

    async def _delete_zombie(self, job_id: str, full: bool) -> None:
        record = await self.job(job_id)
        if self._held(job_id) is None and record.job.state in ACTIVE:
            await self._adopt(job_id)
            self._scheduler.jobs.delete(job_id, self._now(), full)

    def _suspended(self, owner: str | None) -> list[str]:
        entries = [self._scheduler.jobs.get(job_id) for job_id in self._scheduler.job_ids]
        return [
            entry.job.id
            for entry in entries
            if entry.job.state is JobState.SUSPEND and owner in (None, entry.acl.owner)
        ]

    async def _strays(self, owner: str | None) -> list[str]:
        """The jobs that are active in the store and not held by the scheduler."""
        await self._committer.durable()
        strays = [job_id for job_id in await self._store.job_ids(ACTIVE) if self._held(job_id) is None]
        if owner is None:
            return strays
        return [job_id for job_id in strays if (await self.job(job_id)).acl.owner == owner]

    async def remove_expired(self) -> int:
        """Remove, with all that is stored of them, the finished jobs whose time is over; how many there were."""
        await self._committer.durable()
        expired = await self._store.expired(self._now())
        for job_id in expired:
            with suppress(JobNotFound):  # somebody was faster
                await self._alone.run(job_id, self._expire(job_id))
        await self._settle()
        return len(expired)

    async def _expire(self, job_id: str) -> None:
        record = await self.job(job_id)
        if self._held(job_id) is None and record.job.expiration <= self._now():
            self._scheduler.jobs.remove_stored(record, self._now(), expired=True)

    def position(self, job_id: str) -> int:
        """The job's place in the order of hand-out, from 1. :class:`JobNotFound` if it is not in the queue."""
        return self._scheduler.jobs.position(job_id)
