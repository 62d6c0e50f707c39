"""Tables and texts that show documents to users. All functions are pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from awed.cli.table import Rows, Told, at, lasting
from awed.cli.words import clean, done, elapsed, sentence, short, span, work_name
from awed.model.access import Account, ShownGroup
from awed.model.client import Client
from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.quantities import rough_size
from awed.model.states import ACTIVE
from awed.model.times import NO_TIME

_STYLES = {
    "completed": "green",
    "in-progress": "cyan",
    "active-busy": "cyan",
    "suspend": "red",
    "deleted": "dim",
}


def jobs_table(jobs: Sequence[Job], now: datetime) -> Rows:
    """A table of jobs, in the order given."""
    table = Rows("id", "name", "state", "tasks", "age", "ran", "notes", cut=("name", "notes"))
    for job in jobs:
        table.add(
            short(job.id),
            job.info.name,
            state_text(job.state),
            done(job),
            lasting(elapsed(job.info.submittime, NO_TIME, now)),
            ran(job),
            sentence(job.notes),
        )
    return table


class Effort(Struct):
    """What workers did for a task: their names, the seconds of commands (*ran*) and those of transfers (*files*)."""

    workers: list[str] = []
    ran: float = 0
    files: float = 0


def job_facts(job: Job, efforts: Mapping[str, Effort], now: datetime) -> Table:
    """A table of a job's properties that are set. *efforts*: by task id."""
    info = job.info
    facts: dict[str, str | Told] = {
        "job": job.id,
        "name": info.name,
        "state": f"{job.state}, tasks done: {done(job)}",
        "notes": job.notes,
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
        "ran": lasting(sum(effort.ran for effort in efforts.values()) if efforts else None),
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
        spare=("files",),
    )
    for task in job.tasks:
        effort = efforts.get(task.taskid, Effort())
        table.add(
            task_name(task.taskid),
            state_text(task.state),
            f"{task.totalwork - task.remainwork}/{task.totalwork}",
            took(job, task, now),
            lasting(effort.ran if effort.workers else None),
            lasting(effort.files if effort.workers else None),
            ", ".join(effort.workers),
            ", ".join(output.filename for output in task.outputs),
        )
    return table


def took(job: Job, task: Task, now: datetime) -> Told:
    """The time from when a task was ready to its end, or so far."""
    return lasting(elapsed(task.createddate, task.completeddate, _clock(job, now)))


def ran(job: Job) -> Told:
    """How long its commands ran, as far as they have ended, in whole seconds."""
    seconds = sum(task.computetime for task in job.tasks)
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
        "working on",
        "done",
        "failed",
        "age",
        "host",
        folded=("apps", "working on", "host"),
        spare=("host", "age", "apps"),
    )
    for client in clients:
        table.add(
            short(client.id),
            client.name,
            client.group,
            state_text(client.status),
            ", ".join(client.apps),
            ", ".join(map(work_name, client.current_work)),
            str(client.total_completed),
            str(client.total_failed),
            lasting(elapsed(client.regtime, NO_TIME, now)),
            client.hostname or client.host,
        )
    return table


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
            is_there = urls.get(name) and not task.remainwork
            table.add(name, *((rough_size(output.size), "") if is_there else ("", "not there")))
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
