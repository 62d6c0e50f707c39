"""Counts of jobs, tasks, workunits and clients by state, and of what happened, kept up as things change."""

from collections import Counter

from msgspec import Struct, field

from awed.model.states import UNFINISHED, ClientState, JobState, TaskState, WorkState
from awed.model.work import ReportStatus


class JobCounts(Struct):
    """Unfinished jobs."""

    total: int
    active: int
    suspended: int


class TaskCounts(Struct):
    """Tasks of unfinished jobs."""

    total: int
    queuing: int
    in_progress: int = field(name="in-progress")
    pending: int
    completed: int
    suspended: int
    failed: int


class WorkCounts(Struct):
    """Workunits that are queued, checked out or suspended."""

    total: int
    queuing: int
    checkout: int
    suspended: int


class ClientCounts(Struct):
    """Registered clients."""

    total: int
    busy: int
    idle: int
    suspended: int


class QueueCounts(Struct):
    """The counts, grouped and named as in the original's ``GET /queue``."""

    jobs: JobCounts
    tasks: TaskCounts
    workunits: WorkCounts
    clients: ClientCounts


class Tally:
    """Counts of what happened since the start of the process."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        """Events by code."""
        self.reports: Counter[ReportStatus] = Counter()
        """Reports that were taken. Work that could not be sent to its client counts as discarded."""
        self.reports_refused = 0
        """Reports of workunits that the client does not have."""
        self.clients_lost = 0
        """Clients that were silent for too long."""


class Counts:
    """The numbers of jobs, tasks, workunits and clients in each state."""

    def __init__(self) -> None:
        self.jobs: Counter[JobState] = Counter()
        self.tasks: Counter[TaskState] = Counter()
        self.work: Counter[WorkState] = Counter()
        self.clients: Counter[ClientState] = Counter()

    def view(self) -> QueueCounts:
        """The counts as the original shows them. Tasks at ``init`` are counted as pending."""
        jobs, tasks, work, clients = self.jobs, self.tasks, self.work, self.clients
        return QueueCounts(
            jobs=JobCounts(
                total=jobs.total(),
                active=jobs.total() - jobs[JobState.SUSPEND],
                suspended=jobs[JobState.SUSPEND],
            ),
            tasks=TaskCounts(
                total=tasks.total(),
                queuing=tasks[TaskState.QUEUED],
                in_progress=tasks[TaskState.IN_PROGRESS],
                pending=tasks[TaskState.PENDING] + tasks[TaskState.INIT],
                completed=tasks[TaskState.COMPLETED],
                suspended=tasks[TaskState.SUSPEND],
                failed=0,
            ),
            workunits=WorkCounts(
                total=work.total(),
                queuing=work[WorkState.QUEUED],
                checkout=work[WorkState.CHECKOUT],
                suspended=work[WorkState.SUSPEND],
            ),
            clients=ClientCounts(
                total=clients.total(),
                busy=clients[ClientState.BUSY],
                idle=clients[ClientState.IDLE],
                suspended=clients[ClientState.SUSPEND],
            ),
        )

    def states(self) -> dict[str, dict[str, int]]:
        """The numbers by state, as the original's last development version shows them."""
        tasks = {state: self.tasks[state] for state in TaskState} | {TaskState.PENDING: self.view().tasks.pending}
        del tasks[TaskState.INIT]
        clients = self.clients
        return {
            "jobs": {str(state): self.jobs[state] for state in JobState if state in UNFINISHED},
            "tasks": {str(state): number for state, number in tasks.items()},
            "workunits": {str(state): self.work[state] for state in WorkState},
            "clients": {
                "online": clients[ClientState.IDLE],
                "busy": clients[ClientState.BUSY],
                "suspended": clients[ClientState.SUSPEND],
            },
        }
