"""Tables and texts that show documents to users. All functions are pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from awed.cli.words import between, clean, done, moment, short, span, work_name
from awed.model.access import Account, ShownGroup
from awed.model.client import Client
from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.quantities import rough_size
from awed.model.states import ACTIVE
from awed.model.times import NO_TIME

_WIDE = 400
"""Columns of a table that goes to a file or a pipe: enough to fold nothing."""

_STYLES = {
    "completed": "green",
    "in-progress": "cyan",
    "active-busy": "cyan",
    "suspend": "red",
    "deleted": "dim",
}


def screen(*, stderr: bool = False) -> Console:
    """The console to print on. Texts are printed as they are, not as markup."""
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def jobs_table(jobs: Sequence[Job], now: datetime) -> Table:
    """A table of jobs, in the order given."""
    table = _table("id", "name", "state", "tasks", "age", "ran", "notes", folded=("name", "notes"))
    for job in jobs:
        _add_row(
            table,
            short(job.id),
            job.info.name,
            _state(job.state),
            done(job),
            between(job.info.submittime, NO_TIME, now),
            between(job.info.startedtime, job.info.completedtime, _clock(job, now)),
            job.notes,
        )
    return table


def job_facts(job: Job, now: datetime) -> Table:
    """A table of a job's properties that are set."""
    info = job.info
    facts = {
        "job": job.id,
        "name": info.name,
        "state": f"{job.state}, tasks done: {done(job)}",
        "notes": job.notes,
        "pipeline": info.pipeline,
        "project": info.project,
        "user": info.user,
        "priority": str(info.priority),
        "groups": info.clientgroups,
        "submitted": moment(info.submittime),
        "started": moment(info.startedtime),
        "completed": moment(info.completedtime),
        "expires": moment(job.expiration),
        "ran": between(info.startedtime, info.completedtime, _clock(job, now)),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value:
            _add_row(table, name, value)
    return table


class Effort(Struct):
    """What workers did for a task: their names, the seconds of commands (*ran*) and those of transfers (*files*)."""

    workers: list[str] = []
    ran: float = 0
    files: float = 0


def tasks_table(job: Job, efforts: Mapping[str, Effort], now: datetime) -> Table:
    """A table of the tasks of a job, with what they took. *efforts*: by task id.

    The column *took* is the time from when a task was ready to its end; what is neither in *ran* nor in *files* was
    waiting.
    """
    table = _table("task", "state", "work", "took", "ran", "files", "worker", "output", folded=("worker", "output"))
    for task in job.tasks:
        effort = efforts.get(task.taskid, Effort())
        _add_row(
            table,
            task_name(task.taskid),
            _state(task.state),
            f"{task.totalwork - task.remainwork}/{task.totalwork}",
            between(task.createddate, task.completeddate, _clock(job, now)),
            span(effort.ran) if effort.workers else "",
            span(effort.files) if effort.workers else "",
            ", ".join(effort.workers),
            ", ".join(output.filename for output in task.outputs),
        )
    return table


def _clock(job: Job, now: datetime) -> datetime:
    """The time up to which unfinished tasks of a job are counted: now, or if the job rests, its last change."""
    return now if job.state in ACTIVE else job.updatetime


def workers_table(clients: Sequence[Client], now: datetime) -> Table:
    """A table of workers."""
    table = _table(
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
    )
    for client in clients:
        _add_row(
            table,
            short(client.id),
            client.name,
            client.group,
            _state(client.status),
            ", ".join(client.apps),
            ", ".join(map(work_name, client.current_work)),
            str(client.total_completed),
            str(client.total_failed),
            between(client.regtime, NO_TIME, now),
            client.hostname or client.host,
        )
    return table


_TWICE = {
    "jobs": ("init", "queued", "in-progress", "suspend"),
    "tasks": ("queued", "suspend"),
    "workunits": ("queued", "suspend"),
    "clients": ("online",),
}
"""Numbers that are in other ones too, or the same by another name."""


def queue_table(counts: Mapping[str, Mapping[str, int]]) -> Table:
    """A table of the numbers of jobs, tasks, workunits and clients by state."""
    table = _table("", "total", "by state", folded=("by state",))
    for kind, states in counts.items():
        known = {"total", *_TWICE.get(kind, ())}
        by_state = (f"{number} {state}" for state, number in states.items() if number and state not in known)
        _add_row(table, kind, str(states.get("total", 0)), ", ".join(by_state))
    return table


def outputs_table(job: Job, urls: Mapping[str, str]) -> Table:
    """A table of the outputs of a job. *urls*: those that there are, by ``TASK/FILE``; "" for what is not there."""
    table = _table("output", "size", "", folded=("output",))
    for task in job.tasks:
        for output in task.outputs:
            name = f"{task_name(task.taskid)}/{output.filename}"
            is_there = urls.get(name) and not task.remainwork
            _add_row(table, name, *((rough_size(output.size), "") if is_there else ("", "not there")))
    return table


def groups_table(groups: Sequence[ShownGroup]) -> Table:
    """A table of client groups, without their tokens."""
    table = _table("name", "open", "made", "expires", "addresses", folded=("addresses",))
    for group in groups:
        opened = "yes" if group.open else "no"
        _add_row(table, group.name, opened, moment(group.created_on), moment(group.expiration), group.ip_cidr)
    return table


def users_table(accounts: Sequence[Account]) -> Table:
    """A table of local users."""
    table = _table("name", "may do", "password", "added", folded=("name",))
    for account in accounts:
        rights, password = "everything" if account.admin else "", "set" if account.password_hash else ""
        _add_row(table, account.name, rights, password, moment(account.created))
    return table


def events_table(codes: Mapping[str, Mapping[str, str]]) -> Table:
    """A table of the codes in the event log and their meaning."""
    table = _table("by", "code", "event", folded=("event",))
    for source, texts in codes.items():
        for code, text in texts.items():
            _add_row(table, source, code, text)
    return table


def _table(*columns: str, folded: Collection[str]) -> Table:
    """A table. The columns *folded* are wrapped on a narrow screen, the others never."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column not in folded, overflow="fold")
    return table


def _add_row(table: Table, *cells: str | Text) -> None:
    table.add_row(*(clean(cell) if isinstance(cell, str) else cell for cell in cells))


def _state(state: str) -> Text:
    return Text(state, style=_STYLES.get(state, ""))
