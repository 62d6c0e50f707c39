"""The scheduler: plain synchronous Python over the unfinished jobs, the queue and the clients.

Time is an argument of every verb. Changes, events and effects of the verbs are collected until the service takes
them: :meth:`Scheduler.take_changes`, :meth:`Scheduler.take_effects`.
"""

from collections.abc import Collection, Iterable

from awed.model.records import Batch, TaskRecord, Unfinished
from awed.model.states import ClientState
from awed.model.times import Moment
from awed.model.work import WorkRecord
from awed.scheduler.blame import Blame
from awed.scheduler.changes import Effect
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.clients import Clients
from awed.scheduler.entries import Place
from awed.scheduler.failures import Failures
from awed.scheduler.flow import Flow
from awed.scheduler.jobs import Jobs, stored_entry
from awed.scheduler.queue import Queued
from awed.scheduler.reasons import Reasons
from awed.scheduler.requirements import Kind
from awed.scheduler.reservations import Reservations
from awed.scheduler.retries import Retries
from awed.scheduler.shares import Share
from awed.scheduler.state import Limits, State
from awed.scheduler.steps import Steps
from awed.scheduler.tasks import Tasks
from awed.scheduler.work import Work

TICK = 1.0
"""Seconds between two ticks."""

QUEUE_SUSPENDED = "queue_suspended"
"""The setting in the store that says whether the queue is suspended: "1" or ""."""


class Scheduler:
    """The verbs by subject: ``jobs``, ``tasks``, ``work``, ``clients``; and the queue as a whole."""

    def __init__(self, limits: Limits) -> None:
        self._state = State(limits)
        self.changes = self._state.changes
        """Collects the changes. The service adds records that the scheduler does not have."""
        self.counts = self._state.counts
        self.tally = self._state.tally
        """The counts of what happened since the start."""
        self._flow = Flow(self._state)
        self._blame = Blame(self._state)
        failures = Failures(self._state, self._flow, self._blame)
        self.clients = Clients(self._state, failures)
        self._retries = Retries(self._state, self.clients)
        self.jobs = Jobs(self._state, self._flow)
        self.steps = Steps(self._state, self._flow, self.jobs)
        self.work = Work(self._state, self._flow, self.clients, self._blame, failures)
        self.tasks = Tasks(self._state, self._flow, failures)
        self.reasons = Reasons(self._state, Reservations(self._state))

    @property
    def queue_suspended(self) -> bool:
        """Whether no work is handed out."""
        return self._state.queue_suspended

    @property
    def has_clients(self) -> bool:
        """Whether a client is registered."""
        return bool(self._state.clients)

    def restore(self, stored: Unfinished, now: Moment) -> None:
        """Load what the store has. The scheduler must be empty.

        Clients keep their work if they come back within the heartbeat limit from now.
        """
        self._state.queue_suspended = stored.meta.get(QUEUE_SUSPENDED) == "1"
        for client in stored.clients:
            if client.status is not ClientState.SUSPEND:
                client.status = ClientState.IDLE
            besides, share = self._state.besides(client.group), self._state.shares.group(client.group)
            entry = ClientEntry(client, besides, share, now.seconds, confirmed=False)
            self._blame.remember(entry, now)
            self.clients.hold(entry)
        tasks: dict[str, list[TaskRecord]] = {}
        for task in stored.tasks:
            tasks.setdefault(task.task.jobid, []).append(task)
        work: dict[str, list[WorkRecord]] = {}
        for record in stored.work:
            work.setdefault(record.jobid, []).append(record)
        for job in stored.jobs:
            self.jobs.adopt(stored_entry(job, tasks.get(job.job.id, []), work.get(job.job.id, [])), now)
        for deletion in stored.deletions:
            self._state.restore_deletion(deletion)
        for entry in self._state.clients.values():
            if entry.held and entry.client.status is ClientState.IDLE:
                self._state.set_client(entry, ClientState.BUSY)

    def tick(self, now: Moment) -> list[str]:
        """Do what is due by now. To be called every TICK seconds.

        Jobs with a ``start_at`` are started, failed work is opened to all clients, clients that were put aside get
        work again, and silent clients are removed, whose ids are returned.
        """
        self._flow.start_due(now)
        self._blame.let_back(now)
        self._retries.open_due(now)
        return self.clients.remove_lost(now)

    @property
    def is_sweeping(self) -> bool:
        """Whether tasks of a large job, or steps of a run, wait for :meth:`go_on`."""
        return bool(self._flow.sweeps or self.steps)

    def sweeps(self, job_id: str) -> bool:
        """Whether tasks or steps of this job wait for :meth:`go_on`."""
        return self._flow.sweeps.concern(job_id) or self.steps.concern(job_id)

    def go_on(self, now: Moment) -> None:
        """Take what is under way in a large job (start, suspend, ...), or among the steps of a run, some way on."""
        if self._flow.sweeps:
            self._flow.sweeps.go_on(now)
        self.steps.go_on(now)

    def suspend_queue(self, now: Moment) -> None:
        """Hand out no work until :meth:`resume_queue`, also after a restart."""
        self._set_queue_suspended(True)
        self._state.event("QS", now)

    def resume_queue(self, now: Moment) -> None:
        """Hand out work again."""
        self._set_queue_suspended(False)
        self._state.event("QR", now)
        self._state.queue.touch_all()

    def _set_queue_suspended(self, suspended: bool) -> None:
        self._state.queue_suspended = suspended
        self._state.changes.add(Batch(meta={QUEUE_SUSPENDED: "1" if suspended else ""}))

    def queued(self) -> Iterable[Queued]:
        """The queued work, by what it asks of a client."""
        return self._state.queue.queued()

    def take_changes(self) -> Batch:
        """All that was changed or removed since the last call, as records for the store."""
        return self._state.changes.take()

    def take_effects(self) -> list[Effect]:
        """The effects to be performed that were not taken yet."""
        effects, self._state.effects = self._state.effects, []
        return effects

    def take_freed_clients(self) -> Collection[str]:
        """The ids of the clients that may have got fit for queued work since the last call."""
        freed, self._state.queue.freed = self._state.queue.freed, {}
        return freed

    def take_eased(self) -> Collection[Share]:
        """The shares of users and client groups of which more may be out than when this was called last."""
        return self._state.shares.take_eased()

    def has_work(self, share: Share, kind: Kind) -> bool:
        """Whether work of the user with this *share* is queued where clients of a kind look for it."""
        return self._state.queue.has(share, kind)

    def take_fresh_work(self) -> Collection[Place]:
        """The places that work was queued in since the last call, in that order."""
        fresh, self._state.queue.fresh = self._state.queue.fresh, {}
        return fresh
