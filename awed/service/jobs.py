"""The scheduler's verbs for jobs, made durable."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from awed.model.access import Acl, User, Verb
from awed.model.errors import AwedError, Conflict, Invalid, StoreAway
from awed.model.events import Event
from awed.model.hook import Hook
from awed.model.ids import job_of, parse_work_id
from awed.model.job import Job
from awed.model.records import Batch, DeleteNodes, JobRecord, Secret, SubmissionKey, TaskRecord
from awed.model.states import JobState, TaskState
from awed.model.work import PerfRecord, WorkReport
from awed.scheduler.changes import MANY
from awed.scheduler.entries import JobEntry
from awed.scheduler.jobs import entry_of, task_secrets
from awed.scheduler.state import Follow
from awed.scheduler.tellings import job_change
from awed.service.drafts import Drafts
from awed.service.shell import Shell
from awed.store.interface import IStore, JobPage, JobQuery, RecordPage, TaskSum
from awed.store.paging import by_task, every
from awed.workflow.locations import named_hosts, token_hosts
from awed.workflow.submission import Submission

LINES = 100
"""Jobs of which lines are read at a time."""


class JobVerbs:
    """Submit, show, suspend, resume and delete jobs, those of the scheduler and those that are only in the store."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.drafts = Drafts(shell)

    async def submit(
        self,
        submission: Submission,
        owner: User,
        token: str = "",
        hosts: Sequence[str] = (),
        key: SubmissionKey | None = None,
        *,
        hook: Hook | None = None,
        expected: DeleteNodes | None = None,
    ) -> Job:
        """Submit a job of *owner*. *token*: its data token, which may be sent to *hosts*. *key* and *hook* are stored
        with the job. *expected*: what :meth:`expect` gave.

        Raises :class:`~awed.model.errors.Conflict` if its id is taken, and :class:`~awed.model.errors.StoreAway` if
        it does not become durable in time. Then it is deleted, so that a repeated request makes one job.
        """
        job = submission.job
        await self._shell.alone.run(
            job.id, self._submit(submission, owner, token, hosts, key=key, hook=hook, expected=expected)
        )
        try:
            await self._shell.settle()
        except StoreAway:
            self._take_back(job, owner, key, hook)
            raise
        return job

    def _take_back(self, job: Job, owner: User, key: SubmissionKey | None, hook: Hook | None) -> None:
        """Delete a job whose submission is answered with an error, with all that may still be stored of it."""
        if hook is not None:
            self._shell.scheduler.changes.add(Batch(gone_hooks=[hook.id]))
        if key is not None:
            self._shell.scheduler.changes.add(Batch(gone_submission_keys=[key.id]))
        jobs, now = self._shell.scheduler.jobs, self._shell.now()
        if self._shell.held(job.id) is not None:
            jobs.delete(job.id, now, full=True)
        else:
            jobs.remove_stored(JobRecord(job, Acl.of(owner.name), owner.name), [], now, expired=False)
        self._shell.follow()

    async def _submit(
        self,
        submission: Submission,
        owner: User,
        token: str,
        hosts: Sequence[str],
        *,
        key: SubmissionKey | None,
        hook: Hook | None,
        expected: DeleteNodes | None,
    ) -> None:
        await self._require_new(submission.job.id)
        jobs, draft = self._shell.scheduler.jobs, None
        if len(submission.job.tasks) > MANY:
            draft = await self._draft(submission, owner)
        try:
            jobs.submit(submission, owner, token, self._shell.now(), hosts, draft=draft)
        except AwedError:
            if draft is not None:
                self.drafts.discard(submission.job.id)
                self._shell.let_go(draft)
            raise
        if key is not None:
            self._shell.scheduler.changes.add(Batch(submission_keys=[key]))
        if hook is not None:
            self._shell.scheduler.changes.add(Batch(hooks=[hook]))
        if expected is not None:
            self._shell.scheduler.tasks.deleted(expected)

    async def expect(self, job_id: str, owner: User, nodes: Iterable[str]) -> DeleteNodes:
        """Have nodes deleted that are now made for a job which is to follow, if the daemon is killed before it does.

        The caller submits the job with what this gives, or calls :meth:`give_up`. Raises
        :class:`~awed.model.errors.StoreAway`.
        """
        expected = self._shell.scheduler.tasks.expect(job_id, owner.name, nodes)
        try:
            await self._shell.settle()
        except BaseException:  # also if the client left
            self._shell.scheduler.tasks.deleted(expected)
            raise
        return expected

    def give_up(self, expected: DeleteNodes) -> None:
        """Delete nodes that were made for a job that does not follow."""
        self._shell.scheduler.tasks.given_up(expected)
        self._shell.follow()

    async def _draft(self, submission: Submission, owner: User) -> JobEntry:
        """The entry of a large new job, whose tasks have been stored. Raises what ``submit`` raises."""
        entry = await self._shell.in_thread(entry_of, submission, owner)
        try:
            self._shell.scheduler.jobs.admit(entry, owner)
            tasks = (task.record() for task in entry.tasks)
            await self.drafts.write(entry.job.id, tasks, task_secrets(submission))
        except BaseException:
            self._shell.let_go(entry)
            raise
        return entry

    async def import_finished(
        self, job: Job, owner: User, token: str = "", size: int = 0, key: SubmissionKey | None = None
    ) -> Job:
        """Store a finished job as it is, with its data token and *key*. *size*: bytes of its document.

        Raises :class:`~awed.model.errors.Conflict` if its id is taken.
        """
        job.info.auth = bool(token)
        await self._shell.alone.run(job.id, self._import(job, owner, token, size, [] if key is None else [key]))
        return job

    async def _import(self, job: Job, owner: User, token: str, size: int, keys: list[SubmissionKey]) -> None:
        await self._require_new(job.id)
        record = JobRecord(replace(job, tasks=[]), Acl.of(owner.name), owner.name, size=size)
        tasks = (TaskRecord(task, index) for index, task in enumerate(job.tasks))
        is_large = len(job.tasks) > MANY
        hosts = token_hosts(job, await self._shell.in_thread(named_hosts, job.tasks)) if token else []
        if is_large:
            await self.drafts.write(job.id, tasks, [])
        batch = Batch(
            jobs=[record],
            tasks=[] if is_large else list(tasks),
            gone_drafts=[job.id] if is_large else [],
            secrets=[Secret(job.id, job.id, token=token, hosts=hosts)] if token else [],
            events=[Event("JI", self._shell.now().time, {"jobid": job.id})],
            submission_keys=keys,
            changes=[job_change(record)],
        )
        undo = Batch(gone_jobs=[job.id], gone_drafts=[job.id], gone_submission_keys=[key.id for key in keys])
        await self._shell.committer.commit(batch, undo)

    async def _require_new(self, job_id: str) -> None:
        if self._shell.held(job_id) is not None or await self._shell.store.one(JobRecord, id=job_id) is not None:
            await self._shell.committer.durable()
            raise Conflict(f"job id {job_id} is known already")

    def has(self, job_id: str) -> bool:
        """Whether the scheduler has the job, as it has all that are unfinished. Others are read anew by who asks."""
        return self._shell.held(job_id) is not None

    def acl(self, job_id: str) -> Acl:
        """The ACL of an unfinished job. Raises :class:`~awed.model.errors.JobNotFound`."""
        return self._shell.scheduler.jobs.get(job_id).acl

    def allows(self, user: User, verb: Verb, job_id: str) -> bool:
        """Whether *user* has the right *verb* to a job that is unfinished. False for other jobs."""
        entry = self._shell.held(job_id)
        return entry is not None and entry.acl.allows(user, verb)

    def shows(self, user: User) -> Callable[[str], bool]:
        """Which ids of workunits that clients have are for *user*: those of jobs that they may read."""
        return lambda work_id: user.admin or self.allows(user, "read", job_of(work_id))

    def user_of(self, job_id: str) -> User | None:
        """The user as whom workers of an unfinished job use its nodes; None if there is no such job."""
        entry = self._shell.held(job_id)
        return None if entry is None else User(entry.submitter, nodes=entry.nodes)

    def runner_of(self, job_id: str) -> User | None:
        """The user as whom the runner of an unfinished run acts; None if there is no such job."""
        user = self.user_of(job_id)
        return user and replace(user, run=job_id)

    async def page(self, query: JobQuery) -> tuple[AsyncIterator[Job], int]:
        """A page of jobs with their tasks, read some at a time as they are iterated, and how many match in all."""
        await self._shell.committer.durable()
        page = await self._shell.store.jobs(query)
        return self._jobs(page), page.total

    async def _jobs(self, page: JobPage) -> AsyncIterator[Job]:
        jobs, rest = page.jobs, page.rest
        while jobs or rest:
            for job in jobs:
                yield job
            records = await self._shell.store.whole(rest) if rest else []
            jobs, rest = [record.job for record in records if record is not None], rest[len(records) :]

    async def heads(self, query: JobQuery) -> RecordPage:
        """A page of the jobs that match *query*, without their tasks."""
        await self._shell.committer.durable()
        return await self._shell.store.heads(query)

    async def lines(self, query: JobQuery) -> tuple[AsyncIterator[tuple[Job, TaskSum]], int]:
        """A page of jobs without their tasks, each with the sum of these, and how many match in all.

        Some are read at a time, as they are iterated. Those that are gone by then are left out.
        """
        await self._shell.committer.durable()
        page = await self._shell.store.found(query)
        return self._lines(page.rest), page.total

    async def _lines(self, job_ids: Sequence[str]) -> AsyncIterator[tuple[Job, TaskSum]]:
        store = self._shell.store
        for start in range(0, len(job_ids), LINES):
            some = job_ids[start : start + LINES]
            ended = [job_id for job_id in some if self._shell.held(job_id) is None]
            page = await store.heads(JobQuery(ids=tuple(ended), limit=LINES))
            lines = {record.job.id: record.job for record in page.records}
            sums = await store.sums(ended)
            for job_id in some:
                if (held := self._shell.held(job_id)) is not None:
                    tasks = held.job.tasks
                    yield held.job, TaskSum(len(tasks), sum(task.computetime for task in tasks))
                elif job_id in lines:
                    yield lines[job_id], sums.get(job_id, TaskSum(0, 0))
                elif job_id not in ended:  # it has ended meanwhile
                    async for line in self._lines([job_id]):
                        yield line

    async def counts(self, reader: str | None, top: bool = False) -> dict[JobState, int]:
        """The number of jobs in each state that *reader* may read (None: all); *top*: of those that are no steps."""
        await self._shell.committer.durable()
        return await self._shell.store.counts(reader, top)

    async def distinct(self, path: str, query: JobQuery) -> list[object]:
        """The distinct values at a dotted path of the jobs that match *query*."""
        await self._shell.committer.durable()
        return await self._shell.store.distinct(path, query)

    async def suspend(self, job_id: str) -> None:
        """Suspend a job and take its work back from workers.

        Raises :class:`~awed.model.errors.JobNotFound`, and :class:`~awed.model.errors.Invalid` for a finished job.
        """
        await self._unfinished(job_id, "suspend")
        self._shell.scheduler.jobs.suspend(job_id, self._shell.now())
        await self._shell.settle()

    async def resume(self, job_id: str) -> None:
        """Let a suspended job go on.

        Raises :class:`~awed.model.errors.JobNotFound`, and :class:`~awed.model.errors.Invalid` if it is not
        suspended.
        """
        if self._shell.held(job_id) is None:
            await self._shell.head(job_id)
            raise Invalid(f"fail to resume job: {job_id} job {job_id} is not in 'suspend' status")
        await self._shell.durably(lambda: self._shell.scheduler.jobs.resume(job_id, self._shell.now()))

    async def delete(self, job_id: str, full: bool) -> None:
        """Delete a job: mark it as deleted or, with *full*, remove all that is stored of it.

        Raises :class:`~awed.model.errors.JobNotFound`.
        """
        await self._shell.alone.run(job_id, self._delete(job_id, full))
        await self._shell.settle()

    async def _delete(self, job_id: str, full: bool) -> None:
        record = await self._shell.head(job_id)
        if full:
            await self._shell.remove_ended_steps(job_id)
        if self._shell.held(job_id) is not None:
            await self._shell.delete(job_id, full)
        elif full:
            await self._shell.remove_stored(job_id, expired=False)
        elif record.job.state is not JobState.DELETED:
            record.job.state = JobState.DELETED
            record.job.registered = False
            record.job.updatetime = self._shell.now().time
            self._shell.scheduler.changes.job_record(record)
            self._shell.scheduler.changes.state(job_change(record))
            self._shell.scheduler.steps.lead(job_id, Follow.DELETE)

    async def head(self, job_id: str) -> JobRecord:
        """A job without its tasks, finished or not. Raises :class:`~awed.model.errors.JobNotFound`."""
        return await self._shell.head(job_id)

    async def get(self, job_id: str) -> JobRecord:
        """A job with its tasks, finished or not. Raises :class:`~awed.model.errors.JobNotFound`."""
        return await self._shell.job(job_id)

    def progress(self, job_id: str) -> Mapping[TaskState, int]:
        """The number of tasks in each state of an unfinished job; empty for any other job."""
        entry = self._shell.held(job_id)
        return {} if entry is None else Counter(task.state for task in entry.job.tasks)

    def held(self) -> list[Job]:
        """All unfinished jobs, with their tasks."""
        return [entry.job for entry in self._shell.scheduler.jobs.all()]

    def position(self, job_id: str) -> int:
        """The place of a job in the order of hand-out, from 1.

        Raises :class:`~awed.model.errors.JobNotFound` if it is not in the queue.
        """
        return self._shell.scheduler.jobs.position(job_id)

    async def _unfinished(self, job_id: str, verb: str) -> None:
        """Raises ``JobNotFound`` for an unknown job, and ``Invalid`` for a finished one. *verb*: for the message."""
        if self._shell.held(job_id) is None:
            state = (await self._shell.head(job_id)).job.state
            raise Invalid(f"fail to {verb} job: {job_id} job {job_id} is in {state} state")

    async def reports(self, job: Job) -> AsyncIterator[AsyncIterator[WorkReport]]:
        """For each task the logs of its workunits, in the order of ranks. They are read as they are iterated."""
        await self._shell.committer.durable()
        store = self._shell.store
        return _with_origins(store, job, by_task(store, WorkReport, job.id, [task.taskid for task in job.tasks]))

    async def perfs(self, job_id: str) -> AsyncIterator[PerfRecord]:
        """The performance records of the job's workunits. They are read as they are iterated."""
        await self._shell.committer.durable()
        return every(self._shell.store, PerfRecord, job=job_id)

    async def perfs_by_task(self, job: Job) -> AsyncIterator[AsyncIterator[PerfRecord]]:
        """As :meth:`reports`, the performance records. A task with the result of another one has none."""
        await self._shell.committer.durable()
        return by_task(self._shell.store, PerfRecord, job.id, [task.taskid for task in job.tasks])


async def _with_origins(
    store: IStore, job: Job, reports: AsyncIterator[AsyncIterator[WorkReport]]
) -> AsyncIterator[AsyncIterator[WorkReport]]:
    """The *reports* of each task of *job*; for a task with the result of another one, those of that one."""
    tasks = iter(job.tasks)
    async for its_reports in reports:
        task = next(tasks)
        if task.reused:
            origin = parse_work_id(task.reused[0])
            yield every(store, WorkReport, job=origin.job_id, task=origin.task_id)
        else:
            yield its_reports
