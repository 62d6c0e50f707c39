"""What the scheduler's verbs changed, and the effects that the service must perform."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from awed.model.client import Client
from awed.model.events import Event
from awed.model.feed import StateChange
from awed.model.job import IO, OWN_HOST
from awed.model.records import Batch, DeleteNodes, JobRecord, TaskRecord, merge
from awed.model.work import PerfRecord, WorkRecord, WorkReport
from awed.scheduler.entries import JobEntry, TaskEntry


class TaskEffect(Struct, frozen=True):
    """An effect whose answer a task waits for: one with its *generation*. *owner*: the user with whose rights that is
    done."""

    taskid: str
    generation: int
    owner: str


class Prepare(TaskEffect, frozen=True):
    """Find the task's inputs, split it, and make the nodes of its outputs.

    The answer is :meth:`Tasks.prepared` or :meth:`Tasks.failed`.
    """


class Check(TaskEffect, frozen=True):
    """Check whether the outputs of a task, all of whose ranks are done, are there.

    The answer is :meth:`Tasks.checked`, :meth:`Tasks.outputs_missing` or :meth:`Tasks.failed`.
    """


Effect = TaskEffect | DeleteNodes
"""Deletions are also stored until they are done, as after a restart they could not be found out otherwise."""


def own_outputs(tasks: Iterable[TaskRecord]) -> list[IO]:
    """The outputs that are deleted with their job: those whose nodes the server made in its own node store."""
    made = (io for task in tasks for io in task.task.outputs if io.node in task.made)
    return [io for io in made if io.host == OWN_HOST]


def about(effect: Effect) -> dict[str, Any]:
    """The ids that log messages about an effect have. Without addresses of files, which may have secrets."""
    return {"job": effect.jobid} if isinstance(effect, DeleteNodes) else {"task": effect.taskid}


_NOTHING = Batch()


MANY = 1000
"""Records that are encoded in some milliseconds."""


class Changes:
    """Collects what is changed or removed until :meth:`take`. Of several changes of one thing the last counts."""

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
        """Note a changed job that the scheduler does not have, such as a finished one."""
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
        """Note that a task's reports and performance records are deleted, also those noted before."""
        if self._batch.reports or self._batch.perfs:
            self.add(Batch(gone_reports=[task_id]))
        else:
            self._batch.gone_reports.append(task_id)  # which is all that merge would do

    def client(self, client: Client) -> None:
        self._clients[client.id] = client

    def client_gone(self, client_id: str) -> None:
        self._clients.pop(client_id, None)
        self._batch.gone_clients.append(client_id)

    def event(self, event: Event) -> None:
        self._batch.events.append(event)

    def state(self, change: StateChange) -> None:
        """Note a change of a state, for the feed."""
        self._batch.changes.append(change)

    def add(self, batch: Batch) -> None:
        """Note what *batch* has, of kinds that the scheduler does not hold, as if it was committed after all else."""
        merge(self._batch, batch)

    def job_gone(self, entry: JobEntry | None, job_id: str) -> None:
        """Note that a job is removed with all parts, also those noted before. *entry*: None for one only stored."""
        self._jobs.pop(job_id, None)
        if entry is not None:
            for task_id in [id for id, task in self._tasks.items() if task.job is entry]:
                del self._tasks[task_id]
            for wuid in [id for id, record in self._work.items() if record.jobid == job_id]:
                del self._work[wuid]
        self.add(Batch(gone_jobs=[job_id]))

    def __bool__(self) -> bool:
        return bool(self._jobs or self._tasks or self._work or self._clients) or self._batch != _NOTHING

    @property
    def are_many(self) -> bool:
        """Whether so much has changed that to write it takes a while."""
        return len(self._jobs) + len(self._tasks) + len(self._work) >= MANY

    def take(self) -> Batch:
        """All that was noted since the last call, as records for the store."""
        batch = self._batch
        batch.jobs = [item if isinstance(item, JobRecord) else item.record() for item in self._jobs.values()]
        batch.tasks = [entry.record() for entry in self._tasks.values()]
        batch.work = list(self._work.values())
        batch.clients = list(self._clients.values())
        self._start()
        return batch
