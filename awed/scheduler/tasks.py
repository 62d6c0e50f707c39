"""The verbs for tasks: the answers to the effects :class:`Prepare` and :class:`Check`."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET, Struct

from awed.model import ids
from awed.model.attempts import Cause
from awed.model.job import IO, OWN_HOST, JobError, Task
from awed.model.records import Batch, DeleteNodes
from awed.model.reuse import Reusing
from awed.model.states import JobState, TaskState, WorkState
from awed.model.times import Moment, rfc3339
from awed.model.work import Part, Report, ReportStatus, WorkRecord
from awed.scheduler.changes import Check, Prepare, TaskEffect
from awed.scheduler.entries import DataWait, TaskEntry
from awed.scheduler.failures import Failures
from awed.scheduler.flow import NO_MD5S, Flow
from awed.scheduler.ranks import RankSet
from awed.scheduler.reuse import Wish, wish_of
from awed.scheduler.state import State


class Prepared(Struct):
    """The answer to :class:`Prepare`: the files of a task, and how it is split.

    *note*: why it is not split as the document asks for, else "". *reusing*: how it is recognised, if it has
    ``reuse``. *origin*: the id of the task whose result it uses, "" if it is to run.
    """

    inputs: list[IO]
    outputs: list[IO]
    predata: list[IO]
    totalwork: int
    part: Part | None = None
    note: str = ""
    reusing: Reusing | None = None
    origin: str = ""


class Tasks:
    """The verbs for tasks. They return whether the answer was taken: not if the job was suspended or deleted."""

    def __init__(self, state: State, flow: Flow, failures: Failures) -> None:
        self._state = state
        self._flow = flow
        self._failures = failures

    def get(self, effect: TaskEffect) -> Task | None:
        """The task that an effect is about, None if the effect is void."""
        entry = self._awaited(effect)
        return entry.task if entry else None

    def wish(self, task_id: str) -> Wish | None:
        """How to recognise a task; None if its document has no ``reuse``."""
        entry = self._state.task(task_id)
        return wish_of(entry) if entry else None

    def origins(self, task_id: str) -> dict[str, Task]:
        """All tasks of the same job by their names in the document, for inputs that name their origin."""
        entry = self._state.task(task_id)
        return {name: other.task for name, other in entry.job.by_name.items()} if entry else {}

    def prepared(self, effect: Prepare, files: Prepared, now: Moment) -> bool:
        """The files of a task are prepared: queue it."""
        entry = self._awaited(effect)
        if entry is None:
            return False
        self._wait_over(entry)
        entry.busy = 0
        task = entry.task
        before = {io.node for io in task.outputs}
        entry.made |= frozenset(io.node for io in files.outputs if io.is_made and io.node not in before)
        task.inputs, task.outputs, task.predata = files.inputs, files.outputs, files.predata
        if task.totalwork != files.totalwork:
            entry.split(files.totalwork)
        entry.part = files.part
        entry.reusing = files.reusing
        if files.origin:
            entry.done = RankSet.of([range(entry.first_rank, entry.last_rank + 1)])
            task.remainwork = 0
            task.reused = [ids.work_id(files.origin, rank) for rank in task.ranks]
        entry.job.name_nodes(task)
        self._flow.enqueue(entry, now, files.note)
        return True

    def unneeded(self, job_id: str, owner: str, files: Sequence[IO]) -> None:
        """Delete nodes that were made for a task, as the answer that names them was not taken."""
        self._state.delete_nodes(job_id, owner, files)

    def expect(self, job_id: str, owner: str, nodes: Iterable[str]) -> DeleteNodes:
        """Nodes are about to be made for a job that is to follow. They are deleted after a restart, unless the job
        comes (:meth:`deleted`), or when it will not come (:meth:`given_up`)."""
        return self._state.foresee_deletion(job_id, owner, [(OWN_HOST, node) for node in nodes])

    def given_up(self, deletion: DeleteNodes) -> None:
        """The job does not follow for which nodes were made: delete them."""
        self._state.changes.add(Batch(deletions=[deletion]))
        self._state.effects.append(deletion)

    def deleted(self, deletion: DeleteNodes) -> None:
        """A deletion is done, given up, or not wanted any more: remove its record."""
        self._state.changes.add(Batch(gone_deletions=[deletion.id]))

    def waits(self, effect: TaskEffect, cause: str, pause: float, now: Moment) -> bool:
        """Set the job's notes to say that a data host is waited for because of *cause* and tried again in *pause*
        seconds.

        An event tells when that begins.
        """
        entry = self._awaited(effect)
        if entry is None:
            return False
        job = entry.job.job
        until = now.after(pause).time.replace(microsecond=0)
        note = f"{_waits(effect.taskid)}{cause}; next try at {rfc3339(until)}"
        if not job.notes.startswith(_waits(effect.taskid)):
            self._state.event("TW", now, note, taskid=effect.taskid, jobid=job.id)
        job.notes = note
        entry.data_wait = DataWait(effect.generation, cause, until)
        self._state.touch_job(entry.job, now)
        return True

    def failed(self, effect: TaskEffect, reason: str, now: Moment) -> bool:
        """A task cannot be prepared or checked: suspend it and its job."""
        entry = self._awaited(effect)
        if entry is None:
            return False
        entry.busy = 0
        if entry.task.state is TaskState.PENDING:
            self._state.set_task(entry, TaskState.SUSPEND)
        error = JobError(taskfailed=effect.taskid, servernotes=reason, status=JobState.SUSPEND)
        self._flow.suspend(entry.job, now, f"task {effect.taskid}: {reason}", error)
        return True

    def checked(self, effect: Check, outputs: list[IO], now: Moment, md5s: Mapping[str, str] = NO_MD5S) -> bool:
        """All outputs of a task are there: complete it."""
        entry = self._awaited(effect)
        if entry is None:
            return False
        self._wait_over(entry)
        entry.task.outputs = outputs
        self._flow.complete(entry, now, md5s)
        return True

    def outputs_missing(self, effect: TaskEffect, ranks: Sequence[int], reason: str, now: Moment) -> bool:
        """Outputs are missing although these ranks were reported done: treat these as failed."""
        entry = self._awaited(effect)
        if entry is None:
            return False
        self._wait_over(entry)
        entry.busy = 0
        entry.task.reused = UNSET
        for record in [self._undo(entry, rank) for rank in ranks]:
            if record.state is WorkState.CHECKOUT:
                logs = {"worknotes": reason}
                report = Report(record.wuid, record.client, ReportStatus.FAIL, cause=Cause.OUTPUT, logs=logs)
                self._failures.failed(entry, record, report, now)
        return True

    def _undo(self, entry: TaskEntry, rank: int) -> WorkRecord:
        """Turn a done rank back into one that is checked out, to the client that ran it if that is known."""
        last = entry.last_done
        if last is None or last.rank != rank:
            last = WorkRecord(ids.work_id(entry.task.taskid, rank), entry.task.jobid, entry.task.taskid, rank)
            last.attempt = entry.attempts
        last.state = WorkState.CHECKOUT
        entry.done.discard(rank)
        entry.records[rank] = last
        entry.task.remainwork += 1
        self._state.counts.work[WorkState.CHECKOUT] += 1
        self._state.changes.task(entry)
        return last

    def _wait_over(self, entry: TaskEntry) -> None:
        """The data host has answered: clear the job's notes about the wait."""
        if entry.job.job.notes.startswith(_waits(entry.task.taskid)):
            entry.job.job.notes = ""
            self._state.changes.job(entry.job)

    def _awaited(self, effect: TaskEffect) -> TaskEntry | None:
        entry = self._state.task(effect.taskid)
        if entry is None or entry.busy != effect.generation:
            return None
        if not entry.job.is_active:  # nor will it be answered again, should the job go on before it has come to rest
            entry.busy = 0
            return None
        return entry


def _waits(task_id: str) -> str:
    """The begin of a job's notes while this task waits for a data host."""
    return f"task {task_id} waits: "
