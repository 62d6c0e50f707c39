"""The steps of tasks through a job: ready, queued, checked, completed, which starts the tasks after it."""

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from awed.model.job import IO, NO_NODE, JobError
from awed.model.records import Batch
from awed.model.reuse import Reusing
from awed.model.states import JobState, TaskState, WorkState
from awed.model.times import NO_TIME, Moment
from awed.scheduler.changes import Check, Prepare
from awed.scheduler.entries import JobEntry, TaskEntry
from awed.scheduler.ranks import RankSet
from awed.scheduler.reuse import moved, results_of
from awed.scheduler.state import Follow, State
from awed.scheduler.sweeps import Sweeps

NO_MD5S: Mapping[str, str] = MappingProxyType({})


class Flow:
    """Steps that several verbs share. Each leaves job, tasks, queue and counts consistent."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._later: list[tuple[datetime, str]] = []
        self.sweeps = Sweeps(state.limits.tasks_at_once)

    def start(self, job: JobEntry, now: Moment) -> None:
        """Start every task that waits for nothing; :meth:`start_due` does so if ``start_at`` is in the future."""
        start_at = job.job.info.start_at
        if start_at > now.time:
            heapq.heappush(self._later, (start_at, job.job.id))
        else:
            self.sweeps.begin(job, self._let_go, self._runs, now)

    def _let_go(self, entry: TaskEntry, now: Moment) -> None:
        """Let a task go on from its present state, after a reset if it is to run again."""
        if entry.index in entry.job.to_redo:
            entry.job.to_redo.discard(entry.index)
            self._state.changes.job(entry.job)
            if entry.has_suspended_work:
                self._state.counts.work[WorkState.SUSPEND] -= entry.task.remainwork
            self._withdraw_task(entry)
            self._reset(entry)
        if entry.task.state is TaskState.SUSPEND:
            self._resume_task(entry, now)
        if entry.task.state is TaskState.INIT:
            self._state.set_task(entry, TaskState.PENDING)
        if entry.busy:
            return
        if entry.task.state is TaskState.PENDING and not entry.blockers:
            self.ready(entry, now)
        elif entry.is_at_work:
            self._take_up(entry, now)

    def _take_up(self, entry: TaskEntry, now: Moment) -> None:
        """Let a task go on whose work was at work before it was loaded from the store."""
        if not entry.task.remainwork:
            self.check(entry, now)
        elif entry.lacks_places:
            self._state.withdraw(entry)
            self._state.queue_up(entry, now)

    def _runs(self, job: JobEntry) -> bool:
        return self._is_held(job) and job.is_active

    def _is_held(self, job: JobEntry) -> bool:
        return self._state.jobs.get(job.job.id) is job

    def start_due(self, now: Moment) -> None:
        """Start the jobs whose ``start_at`` has come."""
        while self._later and self._later[0][0] <= now.time:
            _, job_id = heapq.heappop(self._later)
            job = self._state.jobs.get(job_id)
            if job is not None and job.is_active:
                self.start(job, now)

    def ready(self, entry: TaskEntry, now: Moment) -> None:
        """Have the files of a task prepared whose dependencies are completed; queue it at once if it has none."""
        entry.task.createddate = now.time
        self._state.changes.task(entry)
        if entry.has_files or entry.reuse:
            entry.busy = self._state.generation()
            self._state.effects.append(Prepare(entry.task.taskid, entry.busy, entry.job.submitter))
        else:
            self.enqueue(entry, now)

    def enqueue(self, entry: TaskEntry, now: Moment, note: str = "") -> None:
        """Queue the unfinished ranks of a task that is ready to run. *note*: the text of the event."""
        state = self._state
        task = entry.task
        if task.starteddate == NO_TIME:
            task.starteddate = now.time
        state.set_task(entry, TaskState.QUEUED)
        state.counts.work[WorkState.QUEUED] += task.remainwork
        if entry.job.job.state is JobState.INIT:
            state.set_job(entry.job, JobState.QUEUED, now)
        state.event("TQ", now, note, taskid=task.taskid, jobid=task.jobid)
        if task.remainwork:
            state.queue_up(entry, now)
        else:
            self.check(entry, now)

    def check(self, entry: TaskEntry, now: Moment) -> None:
        """Have the outputs of a task checked whose ranks are all done; complete it at once if it has none."""
        if entry.task.state is TaskState.QUEUED:  # the last rank was done while it was queued again, or none ran
            self._state.set_task(entry, TaskState.IN_PROGRESS)
            self._state.begin_job(entry.job, now)
        if entry.task.outputs:
            entry.busy = self._state.generation()
            self._state.effects.append(Check(entry.task.taskid, entry.busy, entry.job.submitter))
        else:
            self.complete(entry, now)

    def complete(self, entry: TaskEntry, now: Moment, md5s: Mapping[str, str] = NO_MD5S) -> None:
        """Complete a task, start those that waited for it, and finish the job if it was the last.

        *md5s*: of its outputs, by file name.
        """
        state = self._state
        job = entry.job
        entry.busy = 0
        entry.last_done = None
        entry.task.completeddate = now.time
        state.set_task(entry, TaskState.COMPLETED)
        state.event("TD", now, taskid=entry.task.taskid, jobid=job.job.id)
        if results := list(results_of(entry, md5s)):
            state.changes.add(Batch(results=results))
        job.job.remaintasks -= 1
        state.touch_job(job, now)
        for after in entry.dependents:
            after.blockers -= 1
            if not after.blockers:
                self._let_go(after, now)
        if not job.job.remaintasks:
            self._finish(job, now)

    def _finish(self, job: JobEntry, now: Moment) -> None:
        state = self._state
        job.job.info.completedtime = now.time
        job.job.registered = False
        state.limit_lifetime(job, now)
        state.set_job(job, JobState.COMPLETED, now)
        state.event("JD", now, jobid=job.job.id)
        with_files = (entry for entry in job.tasks if entry.made or entry.task.inputs)
        state.delete_nodes(job.job.id, job.submitter, [io for entry in with_files for io in _unneeded(entry)])
        self.drop(job)

    def drop(self, job: JobEntry) -> None:
        """Remove a job, whose work must have left the queue."""
        self._state.drop(job)
        self.sweeps.leave(job, self._state.discount)

    def suspend(self, job: JobEntry, now: Moment, notes: str, error: JobError | None = None) -> None:
        """Suspend a job: take its work out of the queue and back from clients. *notes*, *error*: why."""
        state = self._state
        job.job.notes = notes
        job.job.error = error
        job.job.lastfailed = error.workfailed if error else ""
        state.set_job(job, JobState.SUSPEND, now)
        state.event("JP", now, notes, jobid=job.job.id)
        self.sweeps.begin(job, self._halt_task, self._rests, now)
        state.lead(job.job.id, Follow.SUSPEND)

    def _halt_task(self, entry: TaskEntry, now: Moment) -> None:
        entry.busy = 0
        if entry.is_at_work:
            self._state.suspend_task(entry)

    def rest(self, job: JobEntry, now: Moment) -> None:
        """Take all work of a job that has none queued, or is suspended, out of the queue at once."""
        for entry in job.tasks:
            if entry.busy or entry.is_at_work:
                self._halt_task(entry, now)

    def _rests(self, job: JobEntry) -> bool:
        return self._is_held(job) and job.job.state is JobState.SUSPEND

    def resume(self, job: JobEntry, now: Moment) -> None:
        """Let a suspended job go on where it was. Earlier failures are forgotten."""
        self._go_on(job, now, _has_begun(job))

    def _go_on(self, job: JobEntry, now: Moment, has_begun: bool) -> None:
        state = self._state
        job.job.resumed += 1
        job.job.notes = job.job.lastfailed = ""
        job.job.error = None
        state.set_job(job, JobState.IN_PROGRESS if has_begun else JobState.QUEUED, now)
        self.start(job, now)
        state.lead(job.job.id, Follow.RESUME)

    def _resume_task(self, entry: TaskEntry, now: Moment) -> None:
        state = self._state
        if entry.task.starteddate == NO_TIME:
            state.set_task(entry, TaskState.PENDING)
            return
        state.counts.work[WorkState.SUSPEND] -= entry.task.remainwork
        for record in entry.records.values():
            record.failed = 0
            record.failed_on = []
            record.failures = {}
            record.paused = False
            record.state = WorkState.QUEUED
            state.changes.work(record)
        self.enqueue(entry, now)

    def withdraw(self, job: JobEntry, now: Moment, full: bool) -> None:
        """Take all work of a job out of the queue and back from clients, and delete its records. *full*: all that is
        stored of the job is deleted, and these with it.

        A large job should have been suspended, and its tasks have come to rest, as they are halted at once.
        """
        if job.job.state is not JobState.SUSPEND or self.sweeps.concern(job.job.id):
            self.rest(job, now)
        for entry in () if full else job.tasks:
            if entry.records:
                self._withdraw_task(entry)

    def _withdraw_task(self, entry: TaskEntry) -> None:
        for record in entry.records.values():
            self._state.changes.work_gone(record.wuid)

    def redo(self, job: JobEntry, entries: list[TaskEntry], now: Moment) -> None:
        """Run these tasks of a suspended or completed job again, from the beginning."""
        if self.sweeps.concern(job.job.id):
            self.rest(job, now)
        if len(entries) == len(job.tasks):
            job.job.remaintasks = len(entries)
            job.to_redo = RankSet.of([range(len(entries))])
            for entry in entries:
                entry.blockers = len(entry.task.depends_on)
        else:
            for entry in [entry for entry in entries if entry.is_done]:
                job.job.remaintasks += 1
                for after in entry.dependents:
                    after.blockers += 1
            for entry in entries:
                job.to_redo.add(entry.index)
        job.job.registered = True
        job.job.info.completedtime = NO_TIME
        self._state.prolong_lifetime(job)
        self._go_on(job, now, has_begun=len(entries) < len(job.tasks) and _has_begun(job))

    def _reset(self, entry: TaskEntry) -> None:
        """Reset a task to ``init``, without runs, logs and outputs."""
        task = entry.task
        made = [io for io in task.outputs if io.is_made and not io.is_elsewhere]
        unneeded = [io for io in made if io.node in entry.made]
        self._state.delete_nodes(entry.job.job.id, entry.job.submitter, unneeded)
        entry.made = frozenset()
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
        task.attempts = ()
        self._state.changes.task(entry)
        self._state.changes.reports_gone(task.taskid)

    def move(self, job: JobEntry, now: Moment) -> None:
        """Move the queued work of a job whose priority or groups have changed to its new places."""
        self.sweeps.begin(job, self._move_task, self._is_held, now)

    def _move_task(self, entry: TaskEntry, now: Moment) -> None:
        if moved(entry):
            entry.reusing = Reusing(unlike="its groups were changed")
            self._state.changes.task(entry)
        for place in entry.places.values():
            self._state.queue.remove(place)
            self._state.queue.add(place, now)


def _has_begun(job: JobEntry) -> bool:
    """Whether some of its tasks need not run, as it goes on."""
    if job.job.remaintasks < len(job.tasks):
        return True
    return job.job.info.startedtime != NO_TIME and any(map(_is_run, job.tasks))


def _is_run(entry: TaskEntry) -> bool:
    """Whether all ranks of a task that is not completed are done."""
    return not entry.task.remainwork and entry.task.state is not TaskState.COMPLETED


def _unneeded(entry: TaskEntry) -> Iterator[IO]:
    """The files of a task whose nodes are not needed once its job is done."""
    yield from (io for io in entry.task.outputs if io.node in entry.made and (io.delete or io.temporary))
    yield from (io for io in entry.task.inputs if io.delete and not io.origin)


def _forget_node(io: IO) -> None:
    io.node = NO_NODE
    io.url = ""
    io.size = 0
