"""Tables and texts that show documents to users. All functions are pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from awed.cli.table import Rows, Told, at, lasting
from awed.cli.words import clean, done, elapsed, sentence, short, span, work_name
from awed.client.outputs import is_elsewhere
from awed.model.access import Account, ShownGroup
from awed.model.attempts import Attempt
from awed.model.client import Client
from awed.model.ids import job_of, task_name
from awed.model.job import Job, Task
from awed.model.quantities import rough_size
from awed.model.resources import DISK, MEMORY, SIZES, amounts_of
from awed.model.states import ACTIVE
from awed.model.times import NO_TIME
from awed.wire.jobs import JobLine

_STYLES = {
    "completed": "green",
    "in-progress": "cyan",
    "active-busy": "cyan",
    "suspend": "red",
    "deleted": "dim",
}


def jobs_table(jobs: Sequence[JobLine], now: datetime) -> Rows:
    """A table of jobs, in the order given."""
    table = Rows("id", "name", "state", "tasks", "age", "ran", "notes", cut=("name", "notes"), spare=("ran",))
    for job in jobs:
        table.add(
            short(job.id),
            job.name,
            state_text(job.state),
            f"{job.donetasks}/{job.tasks}",
            lasting(elapsed(job.submittime, NO_TIME, now)),
            ran(job),
            sentence(job.notes),
        )
    return table


class Effort(Struct):
    """What workers did for a task: their names, the seconds of commands (*ran*) and those of transfers (*files*).

    None if no run has ended.
    """

    workers: list[str] = []
    ran: float | None = None
    files: float | None = None

    def add(self, worker: str) -> None:
        """Name a worker, once."""
        if worker and worker not in self.workers:
            self.workers.append(worker)


def job_facts(job: Job, efforts: Mapping[str, Effort], now: datetime) -> Table:
    """A table of a job's properties that are set. *efforts*: by task id."""
    info = job.info
    ended = [effort.ran for effort in efforts.values() if effort.ran is not None]
    facts: dict[str, str | Told] = {
        "job": job.id,
        "name": info.name,
        "state": f"{job.state}, tasks done: {done(job)}",
        "notes": job.notes,
        "cause": job.error.cause if job.error else "",
        "pipeline": info.pipeline,
        "project": info.project,
        "user": info.user,
        "priority": str(info.priority),
        "groups": info.clientgroups,
        "submitted": at(info.submittime),
        "started": at(info.startedtime),
        "completed": at(info.completedtime),
        "expires": at(job.expiration),
        "took": lasting(elapsed(info.startedtime, info.completedtime, _clock(job, now))),
        "ran": lasting(sum(ended) if ended else None),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value:
            table.add_row(name, clean(value) if isinstance(value, str) else value)
    return table


def tasks_table(job: Job, efforts: Mapping[str, Effort], now: datetime) -> Rows:
    """A table of the tasks of a job, with what they took. *efforts*: by task id.

    The column *took* is the time from when a task was ready to its end; what is neither in *ran* nor in *files* was
    waiting.
    """
    table = Rows(
        "task",
        "state",
        "work",
        "took",
        "ran",
        "files",
        "worker",
        "output",
        folded=("task", "worker", "output"),
        spare=("files", "output", "ran"),
    )
    for task in job.tasks:
        effort = efforts.get(task.taskid, Effort())
        table.add(
            task_name(task.taskid),
            state_text(task.state),
            f"{task.totalwork - task.remainwork}/{task.totalwork}",
            took(job, task, now),
            lasting(effort.ran),
            lasting(effort.files),
            ", ".join(effort.workers),
            ", ".join(output.filename for output in task.outputs),
        )
    return table


def needs_table(job: Job) -> Rows:
    """A table of what tasks need, of what their last runs used, and of how these ended, for those that tell of it."""
    table = Rows("task", "needs", "used at most", "runs", folded=("task", "needs", "used at most", "runs"))
    for task in job.tasks:
        needs = amounts_of(job.info.resources, task.resources)
        if needs or task.attempts or task.reused:
            table.add(task_name(task.taskid), amounts(needs), _used(task.attempts), _ends(task))
    return table


def amounts(of: Mapping[str, float]) -> str:
    """Amounts of resources: ``2 cores, 8 GB memory``."""
    return ", ".join(f"{amount(name, number)} {name}" for name, number in of.items())


def amount(name: str, number: float) -> str:
    """An amount of a resource, without its name: ``2``, ``8 GB``."""
    return rough_size(number) if name in SIZES else f"{number:g}"


def _used(attempts: Sequence[Attempt]) -> str:
    used = [each.used for each in attempts if each.used]
    if not used:
        return ""
    most = {name: max(getattr(each, name) for each in used) for name in (MEMORY, DISK)}
    sizes = [amounts({name: size}) for name, size in most.items() if size]
    return ", ".join([*sizes, f"{span(max(each.cpu for each in used))} CPU"])


def _ends(task: Task) -> str:
    """How often each came: ``2 memory, 1 done``, or whose results it has in place of a run."""
    ends = [f"{number} {cause}" for cause, number in Counter(each.cause for each in task.attempts).items()]
    reused = [f"result of job {short(job_of(task.reused[0]))}"] if task.reused else []
    return ", ".join([*ends, *reused])


def took(job: Job, task: Task, now: datetime) -> Told:
    """The time from when a task was ready to its end, or so far."""
    return lasting(elapsed(task.createddate, task.completeddate, _clock(job, now)))


def ran(job: JobLine) -> Told:
    """How long its commands ran, as far as they have ended, in whole seconds."""
    seconds = job.computetime
    return Told(span(seconds) if seconds >= 10 else f"{seconds} s", f"{seconds}s")


def _clock(job: Job, now: datetime) -> datetime:
    """The time up to which unfinished tasks of a job are counted: now, or if the job rests, its last change."""
    return now if job.state in ACTIVE else job.updatetime


def workers_table(clients: Sequence[Client], now: datetime) -> Rows:
    """A table of workers."""
    table = Rows(
        "id",
        "name",
        "group",
        "state",
        "apps",
        "free",
        "working on",
        "done",
        "failed",
        "age",
        "host",
        folded=("apps", "free", "host"),
        cut=("name", "working on"),
        spare=("host", "age", "apps", "failed", "done"),
    )
    for client in clients:
        table.add(
            short(client.id),
            client.name,
            client.group,
            state_text(client.status),
            ", ".join(client.apps),
            free(client),
            ", ".join(map(work_name, client.current_work)),
            str(client.total_completed),
            str(client.total_failed),
            lasting(elapsed(client.regtime, NO_TIME, now)),
            client.hostname or client.host,
        )
    return table


def free(client: Client) -> str:
    """What is free of what a worker offers: ``1.5/4 cores, 2 GB/8 GB memory``; of slots, if it does not say."""
    if not client.offers:
        return f"{max(0, client.slots - len(client.current_work))}/{client.slots} slots"
    left = client.free or {}
    return ", ".join(
        f"{amount(name, left.get(name, 0))}/{amount(name, most)} {name}" for name, most in client.offers.items()
    )


def load(client: Client) -> tuple[float, float, str]:
    """How much of a worker is in use, of how much, and of what: cores, or slots if it did not tell of its cores."""
    if client.offers and client.free and client.offers.get("cores"):
        cores = client.offers["cores"]
        return cores - client.free.get("cores", cores), cores, "cores"
    return len(client.current_work), client.slots, "slots"


_TWICE = {
    "jobs": ("init", "queued", "in-progress", "suspend"),
    "tasks": ("queued", "suspend"),
    "workunits": ("queued", "suspend"),
    "clients": ("online",),
}
"""Numbers that are in other ones too, or the same by another name."""


def queue_table(counts: Mapping[str, Mapping[str, int]]) -> Rows:
    """A table of the numbers of jobs, tasks, workunits and clients by state."""
    table = Rows("", "total", "by state", folded=("by state",))
    for kind, states in counts.items():
        known = {"total", *_TWICE.get(kind, ())}
        by_state = (f"{number} {state}" for state, number in states.items() if number and state not in known)
        table.add(kind, str(states.get("total", 0)), ", ".join(by_state))
    return table


def outputs_table(job: Job, urls: Mapping[str, str]) -> Rows:
    """A table of the outputs of a job. *urls*: those that there are, by ``TASK/FILE``; "" for what is not there."""
    table = Rows("output", "size", "", folded=("output",))
    for task in job.tasks:
        for output in task.outputs:
            name = f"{task_name(task.taskid)}/{output.filename}"
            url = "" if task.remainwork else urls.get(name, "")
            size = rough_size(output.size) if url and not is_elsewhere(url) else ""
            table.add(name, size, url if is_elsewhere(url) else "" if url else "not there")
    return table


def groups_table(groups: Sequence[ShownGroup]) -> Rows:
    """A table of client groups, without their tokens."""
    table = Rows("name", "open", "made", "expires", "addresses", folded=("addresses",))
    for group in groups:
        opened = "yes" if group.open else "no"
        table.add(group.name, opened, at(group.created_on), at(group.expiration), group.ip_cidr)
    return table


def users_table(accounts: Sequence[Account]) -> Rows:
    """A table of local users."""
    table = Rows("name", "may do", "password", "added", folded=("name",))
    for account in accounts:
        rights, password = "everything" if account.admin else "", "set" if account.password_hash else ""
        table.add(account.name, rights, password, at(account.created))
    return table


def events_table(codes: Mapping[str, Mapping[str, str]]) -> Rows:
    """A table of the codes in the event log and their meaning."""
    table = Rows("by", "code", "event", folded=("event",))
    for source, texts in codes.items():
        for code, text in texts.items():
            table.add(source, code, text)
    return table


def state_text(state: str) -> Text:
    """A state in its colour."""
    return Text(state, style=_STYLES.get(state, ""))
