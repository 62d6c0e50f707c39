"""The numbers of ``GET /queue``, kept as things change."""

from collections import Counter

from msgspec import Struct, field

from awed.model.states import UNFINISHED, ClientState, JobState, TaskState, WorkState
from awed.model.work import ReportStatus


class JobCounts(Struct):
    total: int
    active: int
    suspended: int


class TaskCounts(Struct):
    total: int
    queuing: int
    in_progress: int = field(name="in-progress")
    pending: int
    completed: int
    suspended: int
    failed: int


class WorkCounts(Struct):
    total: int
    queuing: int
    checkout: int
    suspended: int


class ClientCounts(Struct):
    total: int
    busy: int
    idle: int
    suspended: int


class QueueCounts(Struct):
    """How many jobs, tasks and workunits the scheduler holds, and clients it knows, by state."""

    jobs: JobCounts
    tasks: TaskCounts
    workunits: WorkCounts
    clients: ClientCounts


class Tally:
    """What happened since the start of the program."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        """By the original's codes."""
        self.reports: Counter[ReportStatus] = Counter()
        """Those that were taken, work that could not be delivered and was given back among the discarded."""
        self.reports_refused = 0
        """Reports of work that the client does not hold."""
        self.clients_lost = 0
        """Those that were silent for too long."""


class Counts:
    """One counter for each state. A task that waits for its turn or its files counts as pending."""

    def __init__(self) -> None:
        self.jobs: Counter[JobState] = Counter()
        self.tasks: Counter[TaskState] = Counter()
        self.work: Counter[WorkState] = Counter()
        self.clients: Counter[ClientState] = Counter()

    def view(self) -> QueueCounts:
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
        """The numbers of the last development version: by the names of the states, those of clients being its own."""
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
