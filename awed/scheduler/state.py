"""The state of the scheduler, and the small steps that change it together with counts and noted changes."""

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import Enum, auto
from itertools import islice
from typing import NamedTuple

from msgspec import Struct

from awed.model import ids
from awed.model.attempts import CAUSES, Cause, Policy, policy_of
from awed.model.events import Event
from awed.model.feed import WorkEvent
from awed.model.job import IO, NO_NODE
from awed.model.records import Batch, DeleteNodes
from awed.model.states import JOB_STEPS, TASK_STEPS, ClientState, JobState, TaskState, WorkState, step
from awed.model.times import NO_TIME, Moment
from awed.model.work import WorkRecord
from awed.scheduler.changes import Changes, Effect
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.counts import Counts, Tally
from awed.scheduler.entries import NO_PLACES, JobEntry, Place, TaskEntry
from awed.scheduler.pauses import Pauses
from awed.scheduler.queue import WorkQueue
from awed.scheduler.quotas import Quota, Usages
from awed.scheduler.requirements import ANYBODYS, NOBODY
from awed.scheduler.shares import Most, Shares
from awed.scheduler.tellings import client_change, job_change, task_change, work_change

DELETED_TOGETHER = 1000
"""Nodes in one record of nodes to be deleted."""


class Limits(Struct, frozen=True):
    """Configured limits.

    *max_work_failure*: failures of one cause after which a workunit and its job are suspended; but *retry_lost* and
    *retry_memory*: how often one is tried again that was lost, or lacked memory. *max_client_failure*: jobs that
    failed at a client and were then done elsewhere after which the client is put aside. *heartbeat*: seconds of
    silence after which a client is removed. *keep_jobs*: seconds for which a finished job is kept, None for ever;
    *keep_pipelines*: in place of that, by pipeline. *tasks_at_once*: tasks of a job that take a step at once.
    *quota*: what a user who is no administrator may have unfinished. *anybodys*: whether clients of unknown groups
    get work that names no group. *user_out*, *group_out*: how much of each user, and at the clients of each group,
    may be out at once. *fair_share*: whether of users with work of equal priority that one's is next who has least
    out.
    """

    max_work_failure: int = 3
    retry_lost: int = 10
    retry_memory: int = 2
    max_client_failure: int = 5
    heartbeat: float = 30.0
    keep_jobs: float | None = None
    keep_pipelines: Mapping[str, float] = {}
    tasks_at_once: int = 200
    quota: Quota = Quota()
    anybodys: bool = True
    user_out: Most = Most()
    group_out: Most = Most()
    fair_share: bool = False

    @property
    def policy(self) -> Policy:
        """How work is tried again of which its document says nothing."""
        tries: dict[Cause, int] = dict.fromkeys(CAUSES, self.max_work_failure - 1)
        return Policy(tries | {Cause.LOST: self.retry_lost, Cause.MEMORY: self.retry_memory})


class Follow(Enum):
    """What the steps of a run do as it did. To remove a job is to delete it with all that is stored of it."""

    SUSPEND = auto()
    RESUME = auto()
    DELETE = auto()
    REMOVE = auto()


class Following(NamedTuple):
    """The *steps* of a run, by their ids, that have still to follow it."""

    run: str
    follow: Follow
    steps: list[str]


class State:
    """The unfinished jobs, the clients and the queue; noted changes, effects and counts."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.jobs: dict[str, JobEntry] = {}
        self.steps: dict[str, dict[str, JobEntry]] = {}
        """The unfinished steps, by id, of each run that has some."""
        self.following: deque[Following] = deque()
        self.clients: OrderedDict[str, ClientEntry] = OrderedDict()
        """In the order of their last sign of life, the longest silent first."""
        self.groups: dict[str, frozenset[str]] = {}
        """By known group, what its clients run besides work that names it."""
        self.aside: dict[str, ClientEntry] = {}
        """The clients that are put aside, by id."""
        self.shares = Shares(limits.user_out, limits.group_out, limits.fair_share)
        self.queue = WorkQueue()
        self.pauses = Pauses()
        self.queue_suspended = False
        self.counts = Counts()
        self.usages = Usages(limits.quota)
        self.tally = Tally()
        self.changes = Changes()
        self.effects: list[Effect] = []
        self._generations = 0
        self._deletions = 0
        """The number of the last deletion; those that are not done have different numbers."""

    def besides(self, group: str) -> frozenset[str]:
        """What clients of *group* run besides work that names it."""
        return self.groups.get(group, ANYBODYS if self.limits.anybodys else NOBODY)

    def task(self, task_id: str) -> TaskEntry | None:
        """The entry of a task by its full id, None if the scheduler does not have it."""
        job_id, _, name = task_id.rpartition("_")
        return self.task_of(job_id, name)

    def task_of(self, job_id: str, name: str) -> TaskEntry | None:
        """The same by the id of its job and the name that its document gives it."""
        job = self.jobs.get(job_id)
        return job.by_name.get(name) if job else None

    def generation(self) -> int:
        """A new number for an effect."""
        self._generations += 1
        return self._generations

    def delete_nodes(self, job_id: str, owner: str, files: Iterable[IO]) -> None:
        """Have the nodes of *files* deleted, with the rights of *owner*."""
        nodes = iter([(io.host, io.node) for io in files if io.node != NO_NODE])
        while some := list(islice(nodes, DELETED_TOGETHER)):
            self.effects.append(self.foresee_deletion(job_id, owner, some))

    def foresee_deletion(self, job_id: str, owner: str, nodes: list[tuple[str, str]]) -> DeleteNodes:
        """Store that *nodes* are to be deleted, as is done after a restart if it has not been by then."""
        self._deletions += 1
        deletion = DeleteNodes(str(self._deletions), job_id, owner, nodes)
        self.changes.add(Batch(deletions=[deletion]))
        return deletion

    def restore_deletion(self, deletion: DeleteNodes) -> None:
        """Go on with a deletion that was not done before a restart."""
        self._deletions = max(self._deletions, int(deletion.id))
        self.effects.append(deletion)

    def event(self, code: str, now: Moment, text: str = "", **about: str) -> None:
        """Note and count an event. *about*: the ids that it is about."""
        self.tally.events[code] += 1
        self.changes.event(Event(code, now.time, about, text))

    def set_job(self, entry: JobEntry, state: JobState, now: Moment) -> None:
        """Set the state of a job. Raises :class:`ValueError` if there is no such step."""
        job = entry.job
        self.counts.jobs[job.state] -= 1
        job.state = step(JOB_STEPS, job.state, state)
        self.counts.jobs[job.state] += 1
        self.touch_job(entry, now)
        self.changes.state(job_change(entry))

    def touch_job(self, entry: JobEntry, now: Moment) -> None:
        """Note that a job has changed, and when."""
        entry.job.updatetime = now.time
        self.changes.job(entry)

    def limit_lifetime(self, entry: JobEntry, now: Moment) -> None:
        """Set the configured expiration of a job that ends now, unless it has one of its own."""
        job = entry.job
        seconds = self.limits.keep_pipelines.get(job.info.pipeline, self.limits.keep_jobs)
        if job.expiration == NO_TIME and seconds is not None:
            job.expiration = now.time + timedelta(seconds=seconds)
            entry.limited = True

    def prolong_lifetime(self, entry: JobEntry) -> None:
        """Remove the configured expiration of a job that runs again."""
        if entry.limited:
            entry.job.expiration = NO_TIME
            entry.limited = False

    def set_task(self, entry: TaskEntry, state: TaskState) -> None:
        """Set the state of a task. Raises :class:`ValueError` if there is no such step."""
        task = entry.task
        is_first_step = task.state is TaskState.INIT
        self.counts.tasks[task.state] -= 1
        task.state = step(TASK_STEPS, task.state, state)
        self.counts.tasks[task.state] += 1
        self.changes.task(entry)
        if not is_first_step:  # that is not told, as all tasks of a new job take it at once
            self.changes.state(task_change(entry))

    def hold(self, entry: JobEntry) -> None:
        """Add a job, and count it and its tasks."""
        self.jobs[entry.job.id] = entry
        entry.share = self.shares.user(entry.submitter)
        self.counts.jobs[entry.job.state] += 1
        self.counts.tasks.update(entry.states)
        self.usages.add(entry)
        if run_id := entry.job.info.parent:
            self.steps.setdefault(run_id, {})[entry.job.id] = entry

    def drop(self, entry: JobEntry) -> None:
        """Remove a job, whose work must have left the queue. Its tasks are still counted, see :meth:`discount`."""
        del self.jobs[entry.job.id]
        self.counts.jobs[entry.job.state] -= 1
        self.usages.remove(entry)
        if run_id := entry.job.info.parent:
            del self.steps[run_id][entry.job.id]
            if not self.steps[run_id]:
                del self.steps[run_id]

    def lead(self, run_id: str, follow: Follow) -> None:
        """Have the unfinished steps of a run follow it."""
        if steps := self.steps.get(run_id):
            self.following.append(Following(run_id, follow, list(reversed(steps))))

    def discount(self, entry: TaskEntry) -> None:
        """Count a task no longer, whose job was removed."""
        task = entry.task
        self.counts.tasks[task.state] -= 1
        if entry.has_suspended_work:
            self.counts.work[WorkState.SUSPEND] -= task.remainwork

    def queue_up(self, entry: TaskEntry, now: Moment) -> None:
        """Queue all ranks of a task that are neither done nor checked out."""
        for place in entry.queue_up():
            self.queue.add(place, now)
        for record in entry.records.values():
            if record.state is WorkState.QUEUED:
                self._pause(entry, record, now, is_begun=record.paused)

    def withdraw(self, entry: TaskEntry) -> None:
        """Take all ranks of a task out of the queue."""
        for place in entry.places.values():
            self.queue.remove(place)
        entry.places = NO_PLACES

    def requeue(
        self,
        entry: TaskEntry,
        record: WorkRecord,
        now: Moment,
        forget: bool = False,
        cause: Cause | None = None,
    ) -> None:
        """Queue a workunit again that is checked out. *cause*: why it is taken from its client.

        If the client still has it and says so before another client gets it, it is given back to the client; but not
        with *forget*, which is for runs that have ended.
        """
        self.changes.state(work_change(entry, record, WorkEvent.QUEUED, cause))
        self.counts.work[WorkState.CHECKOUT] -= 1
        self.counts.work[WorkState.QUEUED] += 1
        self.release(record, discard=False)
        record.state = WorkState.QUEUED
        if forget:
            record.client = ""
        self.changes.work(record)
        self.queue.add(entry.put(record), now)
        self._pause(entry, record, now)

    def policy(self, entry: TaskEntry) -> Policy:
        """How work of this task is tried again."""
        return policy_of(self.limits.policy, *entry.retry)

    def _pause(self, entry: TaskEntry, record: WorkRecord, now: Moment, is_begun: bool = False) -> None:
        if record.paused or record.failed_on:
            self.pauses.add(entry, record, self.policy(entry), now, is_begun)

    def begin_job(self, entry: JobEntry, now: Moment) -> None:
        """Set a queued job in progress, as the first of its work was checked out or needs not run."""
        if entry.job.state is JobState.QUEUED:
            if entry.job.info.startedtime == NO_TIME:
                entry.job.info.startedtime = now.time
            self.set_job(entry, JobState.IN_PROGRESS, now)

    def went_out(self, entry: TaskEntry, place: Place, record: WorkRecord, now: Moment) -> None:
        """Check out the queued rank of *record* to the client that *record* names."""
        needs = place.wanted.needs if place.wanted else place.needs
        entry.take(place, record.rank)
        self.queue.recount(place)
        record.state = WorkState.CHECKOUT
        record.paused = False
        self.counts.work[WorkState.QUEUED] -= 1
        self.counts.work[WorkState.CHECKOUT] += 1
        self.changes.work(record)
        self.changes.state(work_change(entry, record, WorkEvent.CHECKOUT))
        if entry.task.state is TaskState.QUEUED:
            self.set_task(entry, TaskState.IN_PROGRESS)
        self.begin_job(entry.job, now)
        if record.failures.get(Cause.LOST) and entry.forget(record.wuid, record.attempt):  # it was not lost after all
            record.failures = {**record.failures, Cause.LOST: record.failures[Cause.LOST] - 1}
            self.changes.task(entry)
        client = self.clients.get(record.client)
        if client is not None:
            client.hold(record, now.seconds, needs, entry.job.share)
            client.obeyed(record.wuid)
            if client.client.status is ClientState.IDLE:
                self.set_client(client, ClientState.BUSY)

    def suspend_task(self, entry: TaskEntry) -> None:
        """Suspend a task that is at work: take its ranks out of the queue and back from clients."""
        self.withdraw(entry)
        out = 0
        for record in entry.records.values():
            if record.state is WorkState.CHECKOUT:
                out += 1
                self.changes.state(work_change(entry, record, WorkEvent.SUSPEND))
            self.release(record, discard=True)
            record.state = WorkState.SUSPEND
            self.changes.work(record)
        self.counts.work[WorkState.CHECKOUT] -= out
        self.counts.work[WorkState.QUEUED] -= entry.task.remainwork - out
        self.counts.work[WorkState.SUSPEND] += entry.task.remainwork
        self.set_task(entry, TaskState.SUSPEND)

    def release(self, record: WorkRecord, discard: bool) -> None:
        """Take a workunit from its client, if it has it. *discard*: tell the client to end it."""
        client = self.clients.get(record.client)
        if client is None or not client.let_go(record.wuid):
            return
        if client.counts_resources:
            self.queue.freed[client.client.id] = None
        if discard:
            client.discards |= {record.wuid}
        if not client.held and client.client.status is ClientState.BUSY:
            self.set_client(client, ClientState.IDLE)

    def suspend_client(self, entry: ClientEntry, reason: str, until: Moment | None = None) -> None:
        """Suspend a client *until* a moment, or until it is resumed. *reason*: is shown."""
        self.set_client(entry, ClientState.SUSPEND)
        entry.client.suspend_reason = reason
        entry.client.suspended_until = until.time if until else NO_TIME
        entry.back_at = until.seconds if until else math.inf
        if entry.is_aside:
            self.aside[entry.client.id] = entry
        else:
            self.aside.pop(entry.client.id, None)
        self.changes.client(entry.client)
        self.changes.state(client_change(entry.client, entry.client.status))

    def resume_client(self, entry: ClientEntry) -> None:
        """Let a suspended client have work again."""
        self.aside.pop(entry.client.id, None)
        self.set_client(entry, ClientState.BUSY if entry.held else ClientState.IDLE)
        entry.client.suspend_reason = ""
        entry.client.suspended_until = NO_TIME
        self.changes.client(entry.client)
        self.changes.state(client_change(entry.client, entry.client.status))

    def set_client(self, entry: ClientEntry, state: ClientState) -> None:
        """Set the state of a client."""
        self.counts.clients[entry.client.status] -= 1
        entry.client.status = state
        self.counts.clients[state] += 1

    def find_work(self, work_id: ids.WorkId) -> tuple[TaskEntry, WorkRecord | None] | None:
        """The task of an unfinished workunit, and its record or None; None if there is no such workunit."""
        entry = self.task_of(work_id.job_id, work_id.task_name)
        if entry is None or not entry.has_unfinished(work_id.rank):
            return None
        if entry.is_at_work and not entry.job.is_active:  # the sweep that suspends the job has not come to this task
            self.suspend_task(entry)
        return entry, entry.records.get(work_id.rank)
