"""What a verb of the scheduler changed, what the world must do about it, and what happened."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from awed.model.client import Client
from awed.model.events import Event
from awed.model.feed import StateChange
from awed.model.job import IO, OWN_HOST
from awed.model.records import Batch, DeleteNodes, JobRecord, Secret, SubmissionKey, TaskRecord, merge
from awed.model.work import PerfRecord, WorkRecord, WorkReport
from awed.scheduler.entries import JobEntry, TaskEntry


class Prepare(Struct, frozen=True):
    """Find the task's inputs, make its output nodes, say how it splits; then ``task_prepared`` or ``task_failed``."""

    taskid: str
    generation: int
    owner: str


class Check(Struct, frozen=True):
    """All ranks are done: look whether the outputs are there; then ``task_checked`` or ``outputs_missing``."""

    taskid: str
    generation: int
    owner: str


Effect = Prepare | Check | DeleteNodes
"""Deletions are stored until they are done, since nothing else tells of them after a restart."""


def own_outputs(tasks: Iterable[TaskRecord]) -> list[IO]:
    """What goes together with a job: what the server made for its outputs in its own node store."""
    made = (io for task in tasks for io in task.task.outputs if io.node in task.made)
    return [io for io in made if io.host == OWN_HOST]


def about(effect: Effect) -> dict[str, Any]:
    """What an effect is about, as the log names it. Addresses of files stay out of it: they may hold secrets."""
    return {"job": effect.jobid} if isinstance(effect, DeleteNodes) else {"task": effect.taskid}


_NOTHING = Batch()


MANY = 1000
"""Records that are encoded in some milliseconds."""


class Changes:
    """Collects what is dirty or gone until somebody takes it. The last word on an id counts."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._jobs: dict[str, JobEntry | JobRecord] = {}
        self._tasks: dict[str, TaskEntry] = {}
        self._work: dict[str, WorkRecord] = {}
        self._clients: dict[str, Client] = {}
        self._batch = Batch()

    def job(self, entry: JobEntry) -> None:
        self._jobs[entry.job.id] = entry

    def job_record(self, record: JobRecord) -> None:
        """A job that the scheduler does not hold: finished ones can still be edited."""
        self._jobs[record.job.id] = record

    def task(self, entry: TaskEntry) -> None:
        self._tasks[entry.task.taskid] = entry

    def work(self, record: WorkRecord) -> None:
        self._work[record.wuid] = record

    def work_gone(self, wuid: str) -> None:
        self._work.pop(wuid, None)
        self._batch.gone_work.append(wuid)

    def report(self, report: WorkReport) -> None:
        self._batch.reports.append(report)

    def perf(self, perf: PerfRecord) -> None:
        self._batch.perfs.append(perf)

    def reports_gone(self, task_id: str) -> None:
        """Drops the task's reports and performance records, those of this very batch as well."""
        merge(self._batch, Batch(gone_reports=[task_id]))

    def client(self, client: Client) -> None:
        self._clients[client.id] = client

    def client_gone(self, client_id: str) -> None:
        self._clients.pop(client_id, None)
        self._batch.gone_clients.append(client_id)

    def deletion(self, deletion: DeleteNodes) -> None:
        self._batch.deletions.append(deletion)

    def deletion_gone(self, deletion_id: str) -> None:
        """Drops it, that of this very batch as well."""
        merge(self._batch, Batch(gone_deletions=[deletion_id]))

    def submission_key(self, key: SubmissionKey) -> None:
        self._batch.submission_keys.append(key)

    def submission_key_gone(self, key_id: str) -> None:
        """Delete the key, that of this very batch as well."""
        merge(self._batch, Batch(gone_submission_keys=[key_id]))

    def secret(self, secret: Secret) -> None:
        self._batch.secrets.append(secret)

    def meta(self, key: str, value: str) -> None:
        self._batch.meta[key] = value

    def event(self, event: Event) -> None:
        self._batch.events.append(event)

    def state(self, change: StateChange) -> None:
        """Something has a new state, and listeners are to be told."""
        self._batch.changes.append(change)

    def job_gone(self, entry: JobEntry | None, job_id: str) -> None:
        """The job goes, with all that goes with it, be it of this very batch; *entry* if the scheduler held it."""
        self._jobs.pop(job_id, None)
        for task in entry.tasks if entry else ():
            self._tasks.pop(task.task.taskid, None)
            for record in task.records.values():
                self._work.pop(record.wuid, None)
        merge(self._batch, Batch(gone_jobs=[job_id]))

    def __bool__(self) -> bool:
        return bool(self._jobs or self._tasks or self._work or self._clients) or self._batch != _NOTHING

    @property
    def are_many(self) -> bool:
        """Whether so much has changed that to write it takes a while."""
        return len(self._jobs) + len(self._tasks) + len(self._work) >= MANY

    def take(self) -> Batch:
        """Everything so far as records for the store; afterwards nothing is changed."""
        batch = self._batch
        batch.jobs = [item if isinstance(item, JobRecord) else item.record() for item in self._jobs.values()]
        batch.tasks = [entry.record() for entry in self._tasks.values()]
        batch.work = list(self._work.values())
        batch.clients = list(self._clients.values())
        self._start()
        return batch
