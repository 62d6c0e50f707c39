"""What the world answers to the effects *prepare this task* and *check its outputs*."""

from collections.abc import Sequence

from msgspec import Struct

from awed.model import ids
from awed.model.job import IO, JobError, Task
from awed.model.records import DeleteNodes
from awed.model.states import JobState, TaskState, WorkState
from awed.model.times import Moment, rfc3339
from awed.model.work import Part, Report, ReportStatus, WorkRecord
from awed.scheduler.entries import TaskEntry
from awed.scheduler.flow import Flow
from awed.scheduler.state import State
from awed.scheduler.work import Work


class Prepared(Struct):
    """The files of a task as found and made; into how many workunits it is split, by which part of an input.

    *note*: why it is not split although the document wants that.
    """

    inputs: list[IO]
    outputs: list[IO]
    predata: list[IO]
    totalwork: int
    part: Part | None = None
    note: str = ""


class Tasks:
    """The verbs for tasks. Each returns whether the answer still counts: the job may be gone or suspended by now."""

    def __init__(self, state: State, flow: Flow, work: Work) -> None:
        self._state = state
        self._flow = flow
        self._work = work

    def get(self, task_id: str, generation: int) -> Task | None:
        """The task that an effect is about, None if the effect is void by now."""
        entry = self._awaited(task_id, generation)
        return entry.task if entry else None

    def origins(self, task_id: str) -> dict[str, Task]:
        """The tasks of the same job by the ids that the document gave them, for inputs that name their origin."""
        entry = self._state.task(task_id)
        return {name: other.task for name, other in entry.job.by_name.items()} if entry else {}

    def prepared(self, task_id: str, generation: int, files: Prepared, now: Moment) -> bool:
        """The task's files are ready: queue it."""
        entry = self._awaited(task_id, generation)
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
        entry.job.name_nodes(task)
        self._flow.enqueue(entry, now, files.note)
        return True

    def unneeded(self, job_id: str, owner: str, files: Sequence[IO]) -> None:
        """Nodes that were made for a task are needed no more: the answer that tells of them does not count."""
        self._state.delete_nodes(job_id, owner, files)

    def deleted(self, deletion: DeleteNodes) -> None:
        """The nodes are removed, or never can be."""
        self._state.changes.deletion_gone(deletion.id)

    def waits(self, task_id: str, generation: int, cause: str, pause: float, now: Moment) -> bool:
        """A data host is waited for because of *cause*, and tried again in *pause* seconds: the job's notes say so,
        and an event when it begins."""
        entry = self._awaited(task_id, generation)
        if entry is None:
            return False
        job = entry.job.job
        until = now.after(pause).time.replace(microsecond=0)
        note = f"{_waits(task_id)}{cause}; next try at {rfc3339(until)}"
        if not job.notes.startswith(_waits(task_id)):
            self._state.event("TW", now, note, taskid=task_id, jobid=job.id)
        job.notes = note
        self._state.touch_job(entry.job, now)
        return True

    def failed(self, task_id: str, generation: int, reason: str, now: Moment) -> bool:
        """The task cannot be prepared, or its outputs never will be there: suspend it and its job."""
        entry = self._awaited(task_id, generation)
        if entry is None:
            return False
        if entry.task.state is TaskState.PENDING:
            self._state.set_task(entry, TaskState.SUSPEND)
        error = JobError(taskfailed=task_id, servernotes=reason, status=JobState.SUSPEND)
        self._flow.suspend(entry.job, now, f"task {task_id}: {reason}", error)
        return True

    def checked(self, task_id: str, generation: int, outputs: list[IO], now: Moment) -> bool:
        """All outputs are there: the task is completed."""
        entry = self._awaited(task_id, generation)
        if entry is None:
            return False
        self._wait_over(entry)
        entry.task.outputs = outputs
        self._flow.complete(entry, now)
        return True

    def outputs_missing(self, task_id: str, generation: int, ranks: Sequence[int], reason: str, now: Moment) -> bool:
        """Outputs are missing although these ranks were reported done: that counts as their failure."""
        entry = self._awaited(task_id, generation)
        if entry is None:
            return False
        self._wait_over(entry)
        entry.busy = 0
        for record in [self._undo(entry, rank) for rank in ranks]:
            if record.state is WorkState.CHECKOUT:
                report = Report(record.wuid, record.client, ReportStatus.FAIL, logs={"worknotes": reason})
                self._work.fail(entry, record, report, now)
        return True

    def _undo(self, entry: TaskEntry, rank: int) -> WorkRecord:
        """Make a done rank one that is out, at the client that ran it last where that is known."""
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
        """The data host has answered."""
        if entry.job.job.notes.startswith(_waits(entry.task.taskid)):
            entry.job.job.notes = ""
            self._state.changes.job(entry.job)

    def _awaited(self, task_id: str, generation: int) -> TaskEntry | None:
        entry = self._state.task(task_id)
        return entry if entry is not None and entry.busy == generation and entry.job.is_active else None


def _waits(task_id: str) -> str:
    """How the notes of a job begin while this task waits for a data host."""
    return f"task {task_id} waits: "
