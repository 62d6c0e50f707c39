"""The scheduler: plain synchronous Python that holds the unfinished jobs, the queue and the clients.

Time is an argument of every verb. What a verb changed, with what happened, and what the world must do about it is
collected until the service takes it: :meth:`Scheduler.take_changes`, ``take_effects``.
"""

from collections.abc import Collection, Iterable

from awed.model.records import Batch, TaskRecord, Unfinished
from awed.model.states import ClientState
from awed.model.times import Moment
from awed.model.work import WorkRecord
from awed.scheduler.blame import Blame
from awed.scheduler.changes import Changes, Effect
from awed.scheduler.clients import Clients
from awed.scheduler.counts import QueueCounts, Tally
from awed.scheduler.entries import ClientEntry, Place
from awed.scheduler.flow import Flow
from awed.scheduler.jobs import Jobs
from awed.scheduler.queue import Queued
from awed.scheduler.reasons import Reasons
from awed.scheduler.retries import Retries
from awed.scheduler.state import Limits, State
from awed.scheduler.tasks import Tasks
from awed.scheduler.work import Work

TICK = 1.0
"""Seconds between two ticks."""

QUEUE_SUSPENDED = "queue_suspended"
"""The key under which the store remembers that the queue is suspended: "1" or ""."""


class Scheduler:
    """The verbs by subject: ``jobs``, ``tasks``, ``work``, ``clients``; and the queue as a whole."""

    def __init__(self, limits: Limits) -> None:
        self._state = State(limits)
        self._flow = Flow(self._state)
        self._blame = Blame(self._state)
        self.clients = Clients(self._state)
        self._retries = Retries(self._state, self.clients)
        self.jobs = Jobs(self._state, self._flow)
        self.work = Work(self._state, self._flow, self.clients, self._blame)
        self.tasks = Tasks(self._state, self._flow, self.work)
        self.reasons = Reasons(self._state)

    @property
    def changes(self) -> Changes:
        """For records that the scheduler does not hold and that are to be stored with the next batch."""
        return self._state.changes

    @property
    def queue_suspended(self) -> bool:
        return self._state.queue_suspended

    @property
    def has_clients(self) -> bool:
        """Whether a client is registered."""
        return bool(self._state.clients)

    @property
    def job_ids(self) -> Iterable[str]:
        """The ids of the jobs that are held."""
        return self._state.jobs.keys()

    def restore(self, stored: Unfinished, now: Moment) -> None:
        """Take in what the store remembers, into an empty scheduler.

        Clients get the full heartbeat limit to come back, and keep their work if they do.
        """
        self._state.queue_suspended = stored.meta.get(QUEUE_SUSPENDED) == "1"
        for client in stored.clients:
            if client.status is not ClientState.SUSPEND:
                client.status = ClientState.IDLE
            entry = ClientEntry(client, self._state.besides(client.group), now.seconds, confirmed=False)
            self._blame.remember(entry, now)
            self.clients.hold(entry)
        tasks: dict[str, list[TaskRecord]] = {}
        for task in stored.tasks:
            tasks.setdefault(task.task.jobid, []).append(task)
        work: dict[str, list[WorkRecord]] = {}
        for record in stored.work:
            work.setdefault(record.jobid, []).append(record)
        for job in stored.jobs:
            self.jobs.adopt(job, tasks.get(job.job.id, []), work.get(job.job.id, []), now)
        for deletion in stored.deletions:
            self._state.restore_deletion(deletion)
        for entry in self._state.clients.values():
            if entry.held and entry.client.status is ClientState.IDLE:
                self._state.set_client(entry, ClientState.BUSY)

    def tick(self, now: Moment) -> list[str]:
        """What is due by now: jobs start whose time has come, work that failed is tried again, clients that were put
        aside come back, silent ones are lost. The ids of those. To be called every :data:`TICK` seconds.
        """
        self._flow.start_due(now)
        self._blame.let_back(now)
        self._retries.open_due(now)
        return self.clients.remove_lost(now)

    @property
    def is_sweeping(self) -> bool:
        """Whether a large job waits for :meth:`go_on`."""
        return bool(self._flow.sweeps)

    def sweeps(self, job_id: str) -> bool:
        """Whether that is this job."""
        return self._flow.sweeps.concern(job_id)

    def go_on(self, now: Moment) -> None:
        """Start some more tasks of a large job, of which only the first were started with it."""
        self._flow.sweeps.go_on(now)

    def suspend_queue(self, now: Moment) -> None:
        """Hand out no work until :meth:`resume_queue`; a restart does not change that."""
        self._set_queue_suspended(True)
        self._state.event("QS", now)

    def resume_queue(self, now: Moment) -> None:
        self._set_queue_suspended(False)
        self._state.event("QR", now)
        self._state.queue.touch_all()

    def _set_queue_suspended(self, suspended: bool) -> None:
        self._state.queue_suspended = suspended
        self._state.changes.meta(QUEUE_SUSPENDED, "1" if suspended else "")

    def counts(self) -> QueueCounts:
        return self._state.counts.view()

    def states(self) -> dict[str, dict[str, int]]:
        """The same by the names of the states."""
        return self._state.counts.states()

    @property
    def tally(self) -> Tally:
        """What happened since the start."""
        return self._state.tally

    def queued(self) -> Iterable[Queued]:
        """The queued work by what it asks of a client."""
        return self._state.queue.queued()

    def take_changes(self) -> Batch:
        """What became dirty or gone since the last call, as records for the store."""
        return self._state.changes.take()

    def take_effects(self) -> list[Effect]:
        effects, self._state.effects = self._state.effects, []
        return effects

    def take_freed_clients(self) -> Collection[str]:
        """The clients that may have work since the last call which they could not have before."""
        freed, self._state.queue.freed = self._state.queue.freed, {}
        return freed

    def take_fresh_work(self) -> Collection[Place]:
        """The queued work that came since the last call, in the order of its coming."""
        fresh, self._state.queue.fresh = self._state.queue.fresh, {}
        return fresh
