"""The verbs for jobs, durable."""

from msgspec.structs import replace

from awed.model.access import Acl, User
from awed.model.errors import Conflict, Invalid
from awed.model.events import Event
from awed.model.job import Job
from awed.model.records import Batch, JobRecord, TaskRecord
from awed.model.states import JobState
from awed.model.work import WorkReport
from awed.service.shell import Shell
from awed.store.interface import JobPage, JobQuery
from awed.workflow.submission import Submission


class JobVerbs(Shell):
    """Submit, view, suspend, resume, delete: jobs of the scheduler and finished ones in the store alike."""

    async def submit(self, submission: Submission, owner: User, token: str = "") -> Job:
        """Take in a new job of *owner*. :class:`Conflict` if its id is known."""
        await self._alone.run(submission.job.id, self._submit(submission, owner, token))
        await self._settle()
        return submission.job

    async def _submit(self, submission: Submission, owner: User, token: str) -> None:
        await self._require_new(submission.job.id)
        self._scheduler.jobs.submit(submission, Acl.of(owner.name), token, self._now())

    async def import_job(self, job: Job, owner: User) -> None:
        """Store a finished job as it stands; nothing of it is queued. :class:`Conflict` if its id is known."""
        await self._alone.run(job.id, self._import(job, owner))

    async def _import(self, job: Job, owner: User) -> None:
        await self._require_new(job.id)
        tasks = [TaskRecord(task, index) for index, task in enumerate(job.tasks)]
        record = JobRecord(replace(job, tasks=[]), Acl.of(owner.name))
        self._observer.happened([Event("JI", self._now(), {"jobid": job.id})])
        await self._committer.commit(Batch(jobs=[record], tasks=tasks))

    async def _require_new(self, job_id: str) -> None:
        if self._held(job_id) is not None or await self._store.job(job_id) is not None:
            await self._committer.durable()
            raise Conflict(f"job id {job_id} is known already")

    def acl(self, job_id: str) -> Acl:
        """The rights to a job that is not finished. :class:`JobNotFound`."""
        return self._scheduler.jobs.get(job_id).acl

    def user_of(self, job_id: str) -> User | None:
        """As whom the workers of a job that is not finished use its nodes, None if there is no such job."""
        if self._held(job_id) is None:
            return None
        entry = self._scheduler.jobs.get(job_id)
        return User(entry.acl.owner, nodes=entry.nodes)

    async def jobs(self, query: JobQuery) -> JobPage:
        await self._committer.durable()
        return await self._store.jobs(query)

    async def distinct(self, path: str, reader: str | None) -> list[object]:
        await self._committer.durable()
        return await self._store.distinct(path, reader)

    async def suspend_job(self, job_id: str) -> None:
        await self._unfinished(job_id, "suspend")
        self._scheduler.jobs.suspend(job_id, self._now())
        await self._settle()

    async def resume_job(self, job_id: str) -> None:
        if self._held(job_id) is None:
            await self.job(job_id)
            raise Invalid(f"fail to resume job: {job_id} job {job_id} is not in 'suspend' status")
        await self._durably(lambda: self._scheduler.jobs.resume(job_id, self._now()))

    async def delete_job(self, job_id: str, full: bool) -> None:
        """Mark a job as deleted; *full*: remove all that is stored of it."""
        await self._alone.run(job_id, self._delete(job_id, full))
        await self._settle()

    async def _delete(self, job_id: str, full: bool) -> None:
        record = await self.job(job_id)
        if self._held(job_id) is not None:
            self._scheduler.jobs.delete(job_id, self._now(), full)
        elif full:
            self._scheduler.jobs.remove_stored(record, self._now(), expired=False)
        elif record.job.state is not JobState.DELETED:
            record.job.state = JobState.DELETED
            record.job.updatetime = self._now()
            record.job.tasks = []
            self._scheduler.changes.job_record(record)

    async def _unfinished(self, job_id: str, verb: str) -> None:
        """Raises for a job that is unknown, or finished and therefore not to be *verb*-ed."""
        if self._held(job_id) is None:
            state = (await self.job(job_id)).job.state
            raise Invalid(f"fail to {verb} job: {job_id} job {job_id} is in {state} state")

    async def reports(self, job_id: str) -> list[WorkReport]:
        """Logs and performance records of the job's workunits."""
        await self._committer.durable()
        return await self._store.reports(job_id)
