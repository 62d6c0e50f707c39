"""The verbs for jobs: submit, suspend, resume, delete, run again, and changes of priority and groups."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import structs

from awed.model.access import Acl, User
from awed.model.attempts import Cause
from awed.model.errors import Conflict, Invalid, JobNotFound
from awed.model.feed import WorkEvent
from awed.model.job import IO, Job
from awed.model.records import Batch, JobRecord, Secret, TaskRecord
from awed.model.states import ACTIVE, JobState, TaskState, WorkState
from awed.model.times import Moment
from awed.model.work import WorkRecord
from awed.scheduler.changes import own_outputs
from awed.scheduler.entries import AT_WORK, JobEntry, TaskEntry
from awed.scheduler.flow import Flow
from awed.scheduler.state import Follow, State
from awed.scheduler.tellings import job_change, work_change
from awed.workflow.submission import Submission

WITH_RUN = "suspended with its run"
"""The notes of a step that was suspended because its run was."""

_WITH_WORK = (*AT_WORK, TaskState.SUSPEND)
"""States of tasks whose workunits are counted by their states."""


class Jobs:
    """The verbs for unfinished jobs, which are those that the scheduler has."""

    def __init__(self, state: State, flow: Flow) -> None:
        self._state = state
        self._flow = flow

    def submit(
        self,
        submission: Submission,
        owner: User,
        token: str,
        now: Moment,
        hosts: Sequence[str] = (),
        *,
        draft: JobEntry | None = None,
    ) -> Job:
        """Add a new job and queue what can run. *token*: its data token, "" for none, which may be sent to *hosts*.
        *draft*: its entry (:func:`entry_of`), if its tasks and their secrets are stored as those of a draft.

        A step of a suspended run is suspended at once.

        Raises :class:`~awed.model.errors.Conflict` if its id is taken, :class:`~awed.model.errors.Invalid` if its run
        has ended, and :class:`~awed.model.errors.QuotaReached` if *owner*, unless an administrator, would have too
        much unfinished.
        """
        entry = draft or entry_of(submission, owner)
        self.admit(entry, owner)
        job = entry.job
        job.info.auth = bool(token)
        self._state.hold(entry)
        self._state.touch_job(entry, now)
        self._state.changes.state(job_change(entry))
        if token:
            self._state.changes.add(Batch(secrets=[Secret(job.id, job.id, token=token, hosts=list(hosts))]))
        if draft:
            self._state.changes.add(Batch(gone_drafts=[job.id]))
        else:
            for task in entry.tasks:
                self._state.changes.task(task)
            self._state.changes.add(Batch(secrets=list(task_secrets(submission))))
        self._state.event("JQ", now, jobid=job.id)
        self._flow.start(entry, now)
        if self._rests_with_run(entry):
            self._flow.suspend(entry, now, WITH_RUN)
        return job

    def admit(self, entry: JobEntry, owner: User) -> None:
        """Raises what :meth:`submit` would raise for a new job of *owner* with this entry."""
        if entry.job.id in self._state.jobs:
            raise Conflict(f"job id {entry.job.id} is known already")
        if entry.job.info.parent and entry.job.info.parent not in self._state.jobs:
            raise Invalid(f"info.parent: job {entry.job.info.parent} has ended, or there is none")
        if not owner.admin:
            self._state.usages.check(entry)

    def adopt(self, entry: JobEntry, now: Moment) -> None:
        """Add a stored job, see :func:`stored_entry`. An unfinished one goes on where it was."""
        self._state.hold(entry)
        if not entry.states.keys().isdisjoint(_WITH_WORK):
            for task_entry in entry.tasks:
                self._count_work(task_entry, now)
        if entry.is_active:
            self._flow.start(entry, now)
        elif not entry.states.keys().isdisjoint(AT_WORK):
            self._flow.rest(entry, now)  # the daemon was killed while it suspended the tasks

    def _count_work(self, entry: TaskEntry, now: Moment) -> None:
        work = self._state.counts.work
        if entry.has_suspended_work:
            work[WorkState.SUSPEND] += entry.task.remainwork
        elif entry.is_at_work:
            out = self._hand_to_holders(entry, now)
            work[WorkState.CHECKOUT] += out
            work[WorkState.QUEUED] += entry.task.remainwork - out

    def _hand_to_holders(self, entry: TaskEntry, now: Moment) -> int:
        """Give workunits that are checked out to their clients; queue those again whose client is not known.

        Returns how many are checked out.
        """
        out = 0
        for record in entry.records.values():
            if record.state is not WorkState.CHECKOUT:
                continue
            client = self._state.clients.get(record.client)
            if client is None:
                record.state = WorkState.QUEUED
                self._state.changes.work(record)
                self._state.changes.state(work_change(entry, record, WorkEvent.QUEUED, Cause.LOST))
            else:
                client.hold(record, now.seconds, entry.needs_with(record.memory), entry.job.share)
                out += 1
        return out

    def all(self) -> list[JobEntry]:
        """The entries of all unfinished jobs."""
        return list(self._state.jobs.values())

    def find(self, job_id: str) -> JobEntry | None:
        """The entry of an unfinished job, None for any other."""
        return self._state.jobs.get(job_id)

    def get(self, job_id: str) -> JobEntry:
        """The entry of an unfinished job. Raises :class:`~awed.model.errors.JobNotFound` for any other."""
        entry = self.find(job_id)
        if entry is None:
            raise JobNotFound(job_id)
        return entry

    def suspend(self, job_id: str, now: Moment, notes: str = "manually suspended") -> None:
        """Suspend a job: take its work out of the queue and back from clients. Nothing to do if it is suspended.

        Raises :class:`~awed.model.errors.JobNotFound`.
        """
        entry = self.get(job_id)
        if entry.job.state is JobState.SUSPEND:
            return
        self._flow.suspend(entry, now, notes)

    def resume(self, job_id: str, now: Moment) -> None:
        """Let a suspended job go on.

        Raises :class:`~awed.model.errors.JobNotFound`, and :class:`~awed.model.errors.Invalid` if it is not
        suspended, or is a step of a suspended run.
        """
        entry = self.get(job_id)
        if entry.job.state is not JobState.SUSPEND:
            raise Invalid(f"fail to resume job: {job_id} job {job_id} is not in 'suspend' status")
        if self._rests_with_run(entry):
            raise Invalid(f"fail to resume job: {job_id} its run {entry.job.info.parent} is suspended: resume that")
        self._flow.resume(entry, now)

    def _rests_with_run(self, entry: JobEntry) -> bool:
        run = self._state.jobs.get(entry.job.info.parent or "")
        return run is not None and run.job.state is JobState.SUSPEND

    def delete(self, job_id: str, now: Moment, full: bool) -> None:
        """Delete a job: take its work back and mark it as deleted or, with *full*, remove all that is stored of it.

        Raises :class:`~awed.model.errors.JobNotFound`.
        """
        entry = self.get(job_id)
        self._flow.withdraw(entry, now, full)
        self._state.limit_lifetime(entry, now)
        entry.job.registered = False
        self._state.set_job(entry, JobState.DELETED, now)
        self._state.event("JR" if full else "JL", now, jobid=job_id)
        if full:
            self._state.changes.job_gone(entry, job_id)
            made = (task.record() for task in entry.tasks if task.made)
            self._state.delete_nodes(job_id, entry.submitter, own_outputs(made))
        self._flow.drop(entry)
        self._state.lead(job_id, Follow.REMOVE if full else Follow.DELETE)

    def remove_stored(self, record: JobRecord, outputs: Iterable[IO], now: Moment, expired: bool) -> None:
        """Remove all that is stored of a job that the scheduler does not have, and *outputs* (:func:`own_outputs`).

        *expired*: whether it has expired.
        """
        job = record.job
        if job.state is not JobState.DELETED:
            gone = structs.replace(job_change(record), state=JobState.DELETED, cause="expired" if expired else "")
            self._state.changes.state(gone)
        self._state.event("JE" if expired else "JR", now, jobid=job.id)
        self._state.changes.job_gone(None, job.id)
        self._state.lead(job.id, Follow.REMOVE)
        self._state.delete_nodes(job.id, record.submitter, outputs)

    def recompute(
        self, first: int, again: Sequence[int], makers: Sequence[int], entry: JobEntry, now: Moment
    ) -> None:
        """Run the task *first* again, and those of *again*, which are :func:`downstream` of it. The job must be
        suspended or completed.

        *makers*: tasks that must run again before, because outputs of theirs that are read are gone. All are indexes.
        """
        before = [entry.tasks[index] for index in makers]
        self._flow.redo(entry, [*before, *(entry.tasks[index] for index in again)], now)
        entry.job.notes = f"recomputed from task {entry.tasks[first].task.taskid}"
        if before:
            also = ", ".join(task.task.taskid for task in before)
            entry.job.notes += f", and {also} before it, whose outputs are gone"

    def resubmit(self, entry: JobEntry, now: Moment) -> None:
        """Run every task again. The job must be suspended or completed."""
        self._flow.redo(entry, entry.tasks, now)
        entry.job.notes = "restarted from the beginning"

    def let_go(self, entry: JobEntry) -> None:
        """Free the tasks of an entry that does not become one of the scheduler's, see :meth:`Sweeps.leave`."""
        self._flow.sweeps.leave(entry, lambda task: None)

    def changed(self, entry: JobEntry, now: Moment) -> None:
        """Note that the job's record has changed, but nothing that concerns its work."""
        self._state.touch_job(entry, now)

    def requeue(self, entry: JobEntry, now: Moment) -> None:
        """Note that the job's priority or groups have changed, and move its queued work to its new places."""
        self._state.touch_job(entry, now)
        self._flow.move(entry, now)

    def position(self, job_id: str) -> int:
        """The place of a job in the order of hand-out, from 1. Raises :class:`~awed.model.errors.JobNotFound`."""
        key = self.get(job_id).tasks[0].key()
        active = (entry for entry in self._state.jobs.values() if entry.job.state in ACTIVE)
        return sum(entry.tasks[0].key() <= key for entry in active)


def entry_of(submission: Submission, owner: User) -> JobEntry:
    """The scheduler's entry for a new job of *owner*."""
    return JobEntry(JobRecord(submission.job, Acl.of(owner.name), owner.name, size=submission.size))


def stored_entry(record: JobRecord, tasks: Iterable[TaskRecord], work: Iterable[WorkRecord]) -> JobEntry:
    """The scheduler's entry for a stored job."""
    by_task: dict[str, list[WorkRecord]] = {}
    for item in work:
        by_task.setdefault(item.taskid, []).append(item)
    ordered = sorted(tasks, key=lambda task: task.index)
    record.job.tasks = [task.task for task in ordered]
    entry = JobEntry(record)
    for task_entry, task in zip(entry.tasks, ordered, strict=True):
        task_entry.restore(task, by_task.get(task.task.taskid, []))
    return entry


def task_secrets(submission: Submission) -> Iterator[Secret]:
    """The secrets of the tasks of a new job."""
    private, passwords = submission.private_env, submission.passwords
    for task_id in {**private, **passwords}:
        environ, told = private.get(task_id, {}), passwords.get(task_id, {})
        yield Secret(task_id, submission.job.id, environ=environ, passwords=told)


def downstream(first: TaskEntry) -> list[int]:
    """The indexes of the task *first* and of all tasks that depend on it."""
    found = {first.index}
    todo = [first]
    while todo:
        for after in todo.pop().dependents:
            if after.index not in found:
                found.add(after.index)
                todo.append(after)
    return sorted(found)
