"""Changes of a job after its submission, made durable: run it again, change its groups, priority, token or ACL."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from awed.model.access import Acl
from awed.model.errors import Invalid, JobNotFound
from awed.model.ids import task_id
from awed.model.job import Info, Job
from awed.model.records import Batch, JobRecord, Secret, Unfinished
from awed.model.states import ACTIVE, JobState
from awed.model.times import Moment
from awed.scheduler.entries import JobEntry
from awed.scheduler.jobs import downstream, stored_entry
from awed.service.files import Access
from awed.service.remaking import makers_of_missing
from awed.service.shell import Shell
from awed.workflow.decoding import let_go
from awed.workflow.locations import named_hosts, token_hosts

Again = Callable[[JobEntry, Moment], None]
"""Makes tasks of a job that is completed or suspended run again."""

Prepare = Callable[[JobEntry], Awaitable[Again]]
"""Finds out which tasks are to run again."""


def _entry_of(stored: Unfinished) -> JobEntry:
    """The entry of the one job in *stored*, whose lists are then empty."""
    entry = stored_entry(stored.jobs[0], stored.tasks, stored.work)
    let_go(stored.tasks)
    return entry


class RevisionVerbs:
    """The changes, of jobs of the scheduler and of jobs that are only in the store."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def recover(self, job_id: str) -> None:
        """Load an unfinished job into the scheduler.

        Raises :class:`~awed.model.errors.JobNotFound`, and :class:`~awed.model.errors.Invalid` if the scheduler has
        it or it is finished.
        """
        await self._shell.alone.run(job_id, self.recovered(job_id))
        await self._shell.settle()

    async def recovered(self, job_id: str) -> None:
        """As :meth:`recover`, for callers that hold the job's lock and await durability themselves."""
        if self._shell.held(job_id) is not None:
            raise Invalid(f"fail to recover job: {job_id} job {job_id} is already active")
        state = (await self._shell.head(job_id)).job.state
        if state in (JobState.COMPLETED, JobState.DELETED):
            raise Invalid(f"fail to recover job: {job_id} job is in {state} state thus cannot be recovered")
        await self.adopt(job_id)

    async def recompute(self, job_id: str, stage: str) -> None:
        """Run the task called *stage* in the document again, with all that depend on it.

        Tasks before it run again as well if their outputs that are read are gone. Raises
        :class:`~awed.model.errors.Unavailable` if a data host does not answer whether they are,
        :class:`~awed.model.errors.JobNotFound`, and :class:`~awed.model.errors.Invalid` for an active job or an
        unknown task.
        """

        async def recompute(entry: JobEntry) -> Again:
            first = entry.by_name.get(stage)
            if first is None:
                raise Invalid(f"task not found:{task_id(job_id, stage)}")
            again = await self._shell.in_thread(downstream, first)
            access = Access(await self._shell.data_token(job_id), entry.submitter)
            is_there = partial(self._shell.files.is_there, access=access)
            makers = await makers_of_missing(entry, again, is_there, self._shell.turns)
            return partial(self._shell.scheduler.jobs.recompute, first.index, again, makers)

        await self._redo("recompute", job_id, recompute)

    async def resubmit(self, job_id: str) -> None:
        """Run all tasks again.

        Raises :class:`~awed.model.errors.JobNotFound`, and :class:`~awed.model.errors.Invalid` for an active job.
        """

        async def resubmit(entry: JobEntry) -> Again:
            return self._shell.scheduler.jobs.resubmit

        await self._redo("resubmit", job_id, resubmit)

    async def _redo(self, verb: str, job_id: str, prepare: Prepare) -> None:
        await self._shell.alone.run(job_id, self._run_again(verb, job_id, prepare))
        self._shell.follow()
        await self._shell.swept(job_id)  # tasks whose step is not stored would not run again after a restart
        await self._shell.settle()

    async def _run_again(self, verb: str, job_id: str, prepare: Prepare) -> None:
        try:
            record = await self._shell.head(job_id)  # without tasks: to free very many at once takes long
            self._require_at_rest(record.job)
            await self._require_run(record.job)
            await self._shell.swept(job_id)
            entry, again = await self._prepared(job_id, prepare)
            self._require_at_rest(entry.job)
        except Invalid as error:
            raise Invalid(f"fail to {verb} job: {job_id} {'; '.join(error.texts)}") from None
        again(entry, self._shell.now())

    async def _prepared(self, job_id: str, prepare: Prepare) -> tuple[JobEntry, Again]:
        """The scheduler's entry of a job, and what makes its tasks run again. Of a job that ends while that is being
        prepared it is the entry of the finished job."""
        held = self._shell.held(job_id)
        entry = held or await self._loaded(job_id)
        try:
            again = await prepare(entry)
        except BaseException:
            if held is None:
                self._shell.let_go(entry)
            raise
        if held is not None and self._shell.held(job_id) is not held:
            return await self._prepared(job_id, prepare)
        return self._adopted(entry), again

    def _require_at_rest(self, job: Job) -> None:
        if job.state in ACTIVE:
            raise Invalid(f"job {job.id} is already active")
        if job.state not in (JobState.COMPLETED, JobState.SUSPEND):
            raise Invalid(f"job {job.id} is not in 'completed' or 'suspend' status")

    async def _require_run(self, job: Job) -> None:
        """Raises :class:`~awed.model.errors.Invalid` if *job* is a step of a run that is suspended or gone."""
        run_id = job.info.parent
        if not run_id:
            return
        try:
            state = (await self._shell.head(run_id)).job.state
        except JobNotFound:
            state = JobState.DELETED
        if state in (JobState.SUSPEND, JobState.DELETED):
            raise Invalid(f"its run {run_id} is in {state} state")

    async def adopt(self, job_id: str) -> JobEntry:
        """The scheduler's entry of a job, which is loaded from the store if need be. Raises :class:`JobNotFound`."""
        return self._shell.held(job_id) or self._adopted(await self._loaded(job_id))

    def _adopted(self, entry: JobEntry) -> JobEntry:
        """The scheduler's entry of the job of *entry*, which is *entry* unless it has another one."""
        known = self._shell.held(entry.job.id)
        if known is None:
            self._shell.scheduler.jobs.adopt(entry, self._shell.now())
            return entry
        if known is not entry:
            self._shell.let_go(entry)
        return known

    async def _loaded(self, job_id: str) -> JobEntry:
        stored = await self._shell.store.load_job(job_id)
        if stored is None:
            raise JobNotFound(job_id)
        return await self._shell.in_thread(_entry_of, stored)

    async def steer(self, job_id: str, change: Callable[[Info], object]) -> None:
        """Change a job's groups, pipeline or priority. Its queued work moves to its new place at once."""
        await self._revise(job_id, lambda record: change(record.job.info), self._shell.scheduler.jobs.requeue)

    async def set_expiration(self, job_id: str, expiration: datetime) -> None:
        """Set when the job is removed, if it is completed or deleted by then."""

        def change(record: JobRecord) -> None:
            record.job.expiration = expiration
            record.limited = False

        await self._revise(job_id, change)

    async def set_token(self, job_id: str, token: str) -> None:
        """Replace the job's data token."""

        job = (await self._shell.job(job_id)).job
        hosts = token_hosts(job, await self._shell.in_thread(named_hosts, job.tasks))

        def change(record: JobRecord) -> None:
            record.job.info.auth = True
            secret = Secret(job_id, job_id, token=token, hosts=hosts)
            self._shell.scheduler.changes.add(Batch(secrets=[secret]))

        await self._revise(job_id, change)

    async def change_acl(self, job_id: str, change: Callable[[Acl], object]) -> Acl:
        """Change the ACL of the job. Returns it."""
        record = await self._revise(job_id, lambda record: change(record.acl))
        return record.acl

    async def _revise(
        self,
        job_id: str,
        change: Callable[[JobRecord], object],
        follow: Callable[[JobEntry, Moment], None] | None = None,
    ) -> JobRecord:
        """Change a job's record. *follow*: called afterwards with the entry of a job that the scheduler has."""
        follow = follow or self._shell.scheduler.jobs.changed
        record = await self._shell.alone.run(job_id, self._revised(job_id, change, follow))
        await self._shell.settle()
        return record

    async def _revised(
        self, job_id: str, change: Callable[[JobRecord], object], follow: Callable[[JobEntry, Moment], None]
    ) -> JobRecord:
        entry = self._shell.held(job_id)
        record = await self._shell.head(job_id) if entry is None else entry.whole()
        change(record)
        if (entry := self._shell.held(job_id)) is not None:
            follow(entry, self._shell.now())
        else:
            record.job.updatetime = self._shell.now().time
            self._shell.scheduler.changes.job_record(record)
        return record
