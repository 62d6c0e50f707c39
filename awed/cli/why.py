"""``awe why``: why a job is not done, in words made from what the server shows."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import click
from msgspec import Struct
from rich.console import Console

from awed.cli.client import Server
from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, now, pass_server, print_json
from awed.cli.show import clean, done, moment, screen, short, worker_name
from awed.cli.waiting import waits
from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.ids import parse_work_id, task_name
from awed.model.job import Job, JobError, Task
from awed.model.states import ACTIVE, JobState

_TAIL = 10
"""How many of the last lines of stderr are shown."""

_STATES = {
    JobState.INIT: "being prepared",
    JobState.QUEUED: "queued",
    JobState.IN_PROGRESS: "in progress",
    JobState.COMPLETED: "completed",
    JobState.SUSPEND: "suspended",
    JobState.DELETED: "deleted",
}


class Facts(Struct):
    """What an explanation is made from. *clients*: every registered worker; *queue_suspended*: the server hands out
    nothing to anybody."""

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
    """Explain *job*, asking the server for the other facts."""
    clients = server.get("/client").read(list[Client])
    for line in explain(Facts(job, clients, server.about().queue_status == "suspended", now())):
        console.print(line)


def explain(facts: Facts) -> Iterator[str]:
    """The explanation, line by line."""
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
    """Which part of a split task, in words."""
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
