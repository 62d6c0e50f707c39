"""``awe why``: explains why a job is not done, from what the server shows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import click
from msgspec import Struct
from rich.console import Console

from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, pass_server, print_json
from awed.cli.show import between, clean, done, moment, parts, screen, short, worker_name
from awed.client.blocking import Server
from awed.client.jobs import about, registered
from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.ids import parse_work_id, task_name
from awed.model.job import Job, JobError, Task
from awed.model.states import ACTIVE, ClientState, JobState, TaskState
from awed.model.times import NO_TIME, now

_TAIL = 10
"""How many lines at the end of stderr are shown."""

_STATES = {
    JobState.INIT: "being prepared",
    JobState.QUEUED: "queued",
    JobState.IN_PROGRESS: "in progress",
    JobState.COMPLETED: "completed",
    JobState.SUSPEND: "suspended",
    JobState.DELETED: "deleted",
}


class Facts(Struct):
    """What an explanation is made from. *clients*: all registered workers."""

    job: Job
    clients: Sequence[Client]
    queue_suspended: bool
    now: datetime


@click.command()
@job_argument
@json_option
@pass_server
def why(server: Server, job_id: str, as_json: bool) -> None:
    """Say why a job is not done: what failed, or what it waits for."""
    answer = server.get(f"/job/{find_job(server, job_id)}")
    if as_json:
        print_json(answer)
    else:
        print_why(server, answer.read(Job), screen())


def print_why(server: Server, job: Job, console: Console) -> None:
    """Print why *job* is not done. Asks the server for workers and queue."""
    clients = server.ask(registered())
    for line in explain(Facts(job, clients, server.ask(about()).queue_status == "suspended", now())):
        console.print(line)


def explain(facts: Facts) -> Iterator[str]:
    """The lines of the explanation."""
    job = facts.job
    name = f" ({clean(job.info.name)})" if job.info.name else ""
    yield f"Job {short(job.id)}{name} is {_STATES[job.state]}, {done(job)} tasks done."
    if job.state is JobState.SUSPEND:
        yield from _failure(job, job.error, facts.clients) if job.error else [f"Nothing failed: {clean(job.notes)}."]
        yield f"Once the cause is gone: awe resume {short(job.id)}"
    elif job.state in ACTIVE:
        if job.info.start_at > facts.now:
            yield f"It is to start at {moment(job.info.start_at)}."
        if facts.queue_suspended:
            yield "The server's queue is suspended: nothing is handed out until an administrator resumes it."
        if job.notes:
            yield f"The server says: {clean(job.notes)}."
        yield from waits(job, facts.clients, facts.now)


def _failure(job: Job, error: JobError, clients: Sequence[Client]) -> Iterator[str]:
    task = next((task for task in job.tasks if task.taskid == error.taskfailed), None)
    if task:
        yield f"Task {task_name(task.taskid)}{_part(task, error.workfailed)} failed: {clean(error.servernotes)}."
        yield f"It runs: {_command(task)}"
    else:
        yield f"The server says: {clean(error.servernotes or job.notes)}."
    if error.clientfailed:
        yield f"Its last run was on worker {_worker(error.clientfailed, clients)}: {clean(error.worknotes)}."
        yield from _stderr(error.apperror)


def _part(task: Task, work_id: str) -> str:
    """Which part of a split task the workunit is, as words; "" if the task is not split."""
    try:
        return f", part {parse_work_id(work_id).rank} of {task.totalwork}," if task.totalwork > 1 else ""
    except Invalid:
        return ""


def _command(task: Task) -> str:
    cmd = task.cmd
    if cmd.cmd_script:
        return f"a script that begins: {clean(cmd.cmd_script[0])}"
    return clean(" ".join([cmd.name, *(cmd.args_array or [cmd.args])]))


def _worker(client_id: str, clients: Sequence[Client]) -> str:
    known = (worker_name(client) for client in clients if client.id == client_id)
    return next(known, f"{short(client_id)} (gone since)")


def _stderr(text: str) -> Iterator[str]:
    lines = text.splitlines()
    yield "The end of its stderr:" if lines else "It wrote nothing to stderr."
    for line in lines[-_TAIL:]:
        yield f"    {clean(line)}"


_MOST = 10
"""How many tasks, workers or names are listed."""


def waits(job: Job, clients: Sequence[Client], now: datetime) -> Iterator[str]:
    """A line for each task that waits for no other task, and one for all that do."""
    done = {task.taskid for task in job.tasks if task.state is TaskState.COMPLETED}
    moving = [task for task in job.tasks if task.taskid not in done and done.issuperset(task.depends_on)]
    blocked = [task for task in job.tasks if not done.issuperset(task.depends_on)]
    for task in moving[:_MOST]:
        yield f"Task {task_name(task.taskid)} {_state(job, task, clients, now)}."
    if len(moving) > _MOST:
        yield f"{len(moving) - _MOST} more tasks likewise."
    if blocked:
        yield f"Waiting for tasks before them: {_some(task_name(task.taskid) for task in blocked)}."


def _state(job: Job, task: Task, clients: Sequence[Client], now: datetime) -> str:
    done = f",{parts(task)} parts done" if task.totalwork > 1 else ""
    holders = [client for client in clients if _concerns(task, client.current_work)]
    if holders:
        return f"runs on {_names(holders)}{done}; it was queued {between(task.starteddate, NO_TIME, now)} ago"
    if task.state in {TaskState.QUEUED, TaskState.IN_PROGRESS}:
        return f"is queued{done}: {_lacking(job, task, clients)}"
    return "is suspended" if task.state is TaskState.SUSPEND else "is ready, its files are being prepared"


def _lacking(job: Job, task: Task, clients: Sequence[Client]) -> str:
    """Why no worker has a queued task: the first condition that no worker meets."""
    if not clients:
        return "no worker is registered"
    wanted = task.clientgroups or job.info.clientgroups
    groups = [name for part in wanted.split(",") if (name := part.strip())]
    grouped = [client for client in clients if not groups or client.group in groups]
    if not grouped:
        return f"no worker is of group {' or '.join(groups)}; there are workers of {_some(c.group for c in clients)}"
    able = [client for client in grouped if task.cmd.name in client.apps or "*" in client.apps]
    if not able:
        apps = _some(app for client in grouped for app in client.apps)
        return f"no worker has the app {clean(task.cmd.name)}; there are {apps}"
    suited = [client for client in able if client.images or not task.cmd.has_image]
    if not suited:
        return "no worker that could take it runs commands in container images"
    return _engaged(task, suited)


def _engaged(task: Task, able: Sequence[Client]) -> str:
    """Why none of the workers *able*, which could run a task, has it."""
    awake = [client for client in able if client.status is not ClientState.SUSPEND]
    if not awake:
        suspended = _some(f"{worker_name(client)}{_why_suspended(client)}" for client in able)
        return f"every worker that could take it is suspended: {suspended}; awe workers resume lets one go on"
    untried = [client for client in awake if not _concerns(task, client.skip_work)]
    if not untried:
        shown = f"awe logs {short(task.jobid)} {task_name(task.taskid)}"
        return f"it failed on every worker that could take it: {_names(awake)}; it is tried again, see {shown}"
    free = [client for client in untried if _has_room(client)]
    if not free:
        return f"every worker that could take it is busy: {_names(untried)}"
    stays = f" and they stay for its walltime of {task.walltime} s" if task.walltime else ""
    return f"{_names(free)} could take it, if their free disk holds its inputs{stays}"


def _has_room(client: Client) -> bool:
    """Whether it could hold more, as far as one is shown what it holds: not of jobs that one may not read."""
    holds_others = client.status is ClientState.BUSY and not client.current_work
    return len(client.current_work) < client.slots and not holds_others


def _why_suspended(client: Client) -> str:
    if not client.suspend_reason:
        return ""
    until = f", until {moment(client.suspended_until)}" if client.suspended_until != NO_TIME else ""
    return f" ({client.suspend_reason}{until})"


def _concerns(task: Task, work_ids: Iterable[str]) -> bool:
    return any(work_id.rpartition("_")[0] == task.taskid for work_id in work_ids)


def _names(clients: Iterable[Client]) -> str:
    return _some(map(worker_name, clients))


def _some(names: Iterable[str]) -> str:
    """The distinct names, joined by commas, at most _MOST of them."""
    distinct = list(dict.fromkeys(map(clean, names)))
    more = f" and {len(distinct) - _MOST} more" if len(distinct) > _MOST else ""
    return ", ".join(distinct[:_MOST]) + more
