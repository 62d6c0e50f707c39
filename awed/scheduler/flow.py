"""How work flows through a job: a task becomes ready, is queued, runs, is checked, and lets others go on."""

import heapq
from collections import deque
from datetime import datetime

from msgspec import structs

from awed.model.job import IO, NO_NODE, JobError
from awed.model.states import JobState, TaskState, WorkState
from awed.model.times import NO_TIME, Moment
from awed.scheduler.changes import Check, DeleteNodes, Prepare
from awed.scheduler.entries import JobEntry, TaskEntry
from awed.scheduler.state import State


class Flow:
    """The moves that more than one verb makes. Each leaves job, tasks, queue and counters in step."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._later: list[tuple[datetime, str]] = []
        self._starting: deque[tuple[JobEntry, int]] = deque()
        """Jobs of which not all tasks were started in one go, and where to go on."""

    @property
    def is_starting(self) -> bool:
        """Whether there is something to :meth:`go_on` with."""
        return bool(self._starting)

    def start(self, job: JobEntry, now: Moment) -> None:
        """Let every task go that can: those that wait for nothing are made ready, the others wait.

        A job that is not to start yet is put aside for :meth:`start_due`, the many tasks of a large one for
        :meth:`go_on`.
        """
        start_at = job.job.info.start_at
        if start_at > now.time:
            heapq.heappush(self._later, (start_at, job.job.id))
        else:
            self._start_from(job, 0, now)

    def go_on(self, now: Moment) -> None:
        """Start some more tasks of a large job."""
        job, first = self._starting.popleft()
        if self._state.jobs.get(job.job.id) is job and job.job.state is not JobState.SUSPEND:
            self._start_from(job, first, now)

    def _start_from(self, job: JobEntry, first: int, now: Moment) -> None:
        end = first + self._state.limits.tasks_at_once
        if end < len(job.tasks):
            self._starting.append((job, end))
        for entry in job.tasks[first:end]:
            if entry.task.state is TaskState.INIT:
                self._state.set_task(entry, TaskState.PENDING)
            if entry.task.state is TaskState.PENDING and not entry.blockers and not entry.busy:
                self.ready(entry, now)

    def start_due(self, now: Moment) -> None:
        """Start the jobs whose ``start_at`` has come."""
        while self._later and self._later[0][0] <= now.time:
            _, job_id = heapq.heappop(self._later)
            job = self._state.jobs.get(job_id)
            if job is not None and job.job.state is not JobState.SUSPEND:
                self.start(job, now)

    def ready(self, entry: TaskEntry, now: Moment) -> None:
        """All that the task depends on is completed: prepare its files, or queue it at once if it has none."""
        entry.task.createddate = now.time
        self._state.changes.task(entry)
        if entry.has_files:
            entry.busy = self._state.generation()
            self._state.effects.append(Prepare(entry.task.taskid, entry.busy, entry.job.submitter))
        else:
            self.enqueue(entry, now)

    def enqueue(self, entry: TaskEntry, now: Moment, note: str = "") -> None:
        """The task is ready to run: its unfinished ranks go into the queue. *note*: what is worth telling of that."""
        state = self._state
        task = entry.task
        if task.starteddate == NO_TIME:
            task.starteddate = now.time
        started = entry.done or any(record.attempt for record in entry.records.values())
        state.set_task(entry, TaskState.QUEUED)
        if started:
            state.set_task(entry, TaskState.IN_PROGRESS)
        state.counts.work[WorkState.QUEUED] += task.remainwork
        if entry.job.job.state is JobState.INIT:
            state.set_job(entry.job, JobState.QUEUED, now)
        state.event("TQ", now, note, taskid=task.taskid, jobid=task.jobid)
        if task.remainwork:
            state.queue_up(entry, now)
        else:
            self.check(entry, now)

    def check(self, entry: TaskEntry, now: Moment) -> None:
        """All ranks are done: complete the task, once its outputs are seen to be there."""
        if entry.task.outputs:
            entry.busy = self._state.generation()
            self._state.effects.append(Check(entry.task.taskid, entry.busy, entry.job.submitter))
        else:
            self.complete(entry, now)

    def complete(self, entry: TaskEntry, now: Moment) -> None:
        state = self._state
        job = entry.job
        entry.busy = 0
        entry.last_done = None
        entry.task.completeddate = now.time
        state.set_task(entry, TaskState.COMPLETED)
        state.event("TD", now, taskid=entry.task.taskid, jobid=job.job.id)
        job.job.remaintasks -= 1
        state.touch_job(job, now)
        for after in entry.dependents:
            after.blockers -= 1
            if not after.blockers and after.task.state is TaskState.PENDING:  # at INIT it is reset, and start() comes
                self.ready(after, now)
        if not job.job.remaintasks:
            self._finish(job, now)

    def _finish(self, job: JobEntry, now: Moment) -> None:
        state = self._state
        job.job.info.completedtime = now.time
        job.job.registered = False
        state.limit_lifetime(job, now)
        state.set_job(job, JobState.COMPLETED, now)
        state.drop(job)
        state.event("JD", now, jobid=job.job.id)
        made = (io for entry in job.tasks for io in entry.task.outputs if io.node in entry.made)
        inputs = (io for entry in job.tasks for io in entry.task.inputs)
        temporary = [io for io in made if io.delete or io.temporary]
        self.delete_nodes(job, temporary + [io for io in inputs if io.delete and not io.origin])

    def suspend(self, job: JobEntry, now: Moment, notes: str, error: JobError | None = None) -> None:
        """Take all work of the job out of the queue and back from clients, and say why."""
        state = self._state
        self._halt(job)
        job.job.notes = notes
        job.job.error = error
        job.job.lastfailed = error.workfailed if error else ""
        state.set_job(job, JobState.SUSPEND, now)
        state.event("JP", now, notes, jobid=job.job.id)

    def _halt(self, job: JobEntry) -> None:
        for entry in job.tasks:
            entry.busy = 0
            if entry.task.state in (TaskState.QUEUED, TaskState.IN_PROGRESS):
                self._suspend_task(entry)

    def _suspend_task(self, entry: TaskEntry) -> None:
        state = self._state
        state.withdraw(entry)
        out = 0
        for record in entry.records.values():
            out += record.state is WorkState.CHECKOUT
            state.release(record, discard=True)
            record.state = WorkState.SUSPEND
            state.changes.work(record)
        state.counts.work[WorkState.CHECKOUT] -= out
        state.counts.work[WorkState.QUEUED] -= entry.task.remainwork - out
        state.counts.work[WorkState.SUSPEND] += entry.task.remainwork
        state.set_task(entry, TaskState.SUSPEND)

    def resume(self, job: JobEntry, now: Moment) -> None:
        """Let a suspended job go on where it was; earlier failures are forgiven."""
        state = self._state
        job.job.resumed += 1
        job.job.notes = job.job.lastfailed = ""
        job.job.error = None
        any_done = any(not entry.task.remainwork for entry in job.tasks)
        state.set_job(job, JobState.IN_PROGRESS if any_done else JobState.QUEUED, now)
        for entry in job.tasks:
            if entry.task.state is TaskState.SUSPEND:
                self._resume_task(entry, now)
        self.start(job, now)

    def _resume_task(self, entry: TaskEntry, now: Moment) -> None:
        state = self._state
        if entry.task.starteddate == NO_TIME:
            state.set_task(entry, TaskState.PENDING)
            return
        state.counts.work[WorkState.SUSPEND] -= entry.task.remainwork
        for record in entry.records.values():
            record.failed = 0
            record.failed_on = []
            record.state = WorkState.QUEUED
            state.changes.work(record)
        self.enqueue(entry, now)

    def withdraw(self, job: JobEntry) -> None:
        """Take all work of the job out of the queue and away from clients, for good."""
        self._halt(job)
        for entry in job.tasks:
            self._withdraw_task(entry)

    def _withdraw_task(self, entry: TaskEntry) -> None:
        if entry.task.state is TaskState.SUSPEND and entry.task.starteddate != NO_TIME:
            self._state.counts.work[WorkState.SUSPEND] -= entry.task.remainwork
        for record in entry.records.values():
            self._state.changes.work_gone(record.wuid)

    def redo(self, job: JobEntry, entries: list[TaskEntry], now: Moment) -> None:
        """Run these tasks of a suspended or completed job once more, from the beginning."""
        for entry in entries:
            self._withdraw_task(entry)
            self._reset(entry)
        job.job.remaintasks = sum(entry.task.state is not TaskState.COMPLETED for entry in job.tasks)
        job.count_blockers()
        job.job.registered = True
        job.job.info.completedtime = NO_TIME
        self._state.prolong_lifetime(job)
        self.resume(job, now)

    def _reset(self, entry: TaskEntry) -> None:
        """Back to the beginning: no run, no log and no output of the task is left."""
        task = entry.task
        made = [io for io in task.outputs if io.is_made]
        self.delete_nodes(entry.job, [io for io in made if io.node in entry.made])
        entry.made.clear()
        of_others = [io for io in task.inputs if io.origin]
        renewed = {io.node for io in of_others}
        updates = [io for io in task.outputs if not io.is_made and (io.origin or io.node in renewed)]
        for io in (*made, *updates, *of_others):
            _forget_node(io)
        if task.state is not TaskState.INIT:
            self._state.set_task(entry, TaskState.INIT)
        entry.reset()
        task.createddate = task.starteddate = task.completeddate = NO_TIME
        task.computetime = 0
        self._state.changes.task(entry)
        self._state.changes.reports_gone(task.taskid)

    def delete_nodes(self, job: JobEntry, files: list[IO]) -> None:
        nodes = tuple(structs.replace(io) for io in files if io.node != NO_NODE)
        if nodes:
            self._state.effects.append(DeleteNodes(job.job.id, job.submitter, nodes))


def _forget_node(io: IO) -> None:
    io.node = NO_NODE
    io.url = ""
    io.size = 0
