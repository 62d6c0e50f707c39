"""``awe why``: explains why a job is not done, from what the server shows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import click
from msgspec import Struct
from rich.console import Console

from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, pass_server, print_json
from awed.cli.steps import failed, named, waiting
from awed.cli.table import screen
from awed.cli.words import STATES, between, clean, done, parts, short, title, worker_name
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.ids import parse_work_id, task_name
from awed.model.job import Job, JobError, Task
from awed.model.reasons import Waits, Why
from awed.model.states import ACTIVE, JobState
from awed.model.times import NO_TIME, now

_TAIL = 10
"""How many lines at the end of stderr are shown."""


class Facts(Struct):
    """What an explanation is made from. *waits*: the server's reasons why tasks wait; *clients*: all workers."""

    job: Job
    waits: Sequence[Waits]
    clients: Sequence[Client]
    now: datetime


@click.command()
@job_argument
@json_option
@pass_server
def why(server: Server, job_id: str, as_json: bool) -> None:
    """Say why a job is not done: what failed, or what it waits for."""
    job_id = find_job(server, job_id)
    if as_json:
        print_json(server.get(f"/job/{job_id}?explain"))
    else:
        print_why(server, server.ask(calls.job(job_id)), screen())


def print_why(server: Server, job: Job, console: Console) -> None:
    """Print why *job* is not done. Asks the server for the reasons, and for the workers."""
    waits = server.ask(calls.explained(job.id)).tasks if job.state in ACTIVE else []
    clients = server.ask(calls.registered())
    said, *more = explain(Facts(job, waits, clients, now()))
    console.print(said)
    for step in failed(server, job):
        console.print(f"Step {named(step.id, step.info.name)} failed:")
        for line in _failure(step, step.error, clients) if step.error else ():
            console.print(f"    {line}")
    for line in more:
        console.print(line)
    if job.is_run and job.state in ACTIVE:
        for line in waiting(server, job.id):
            console.print(line)


def explain(facts: Facts) -> Iterator[str]:
    """The lines of the explanation."""
    job = facts.job
    name = f" ({title(job.info.name)})" if job.info.name else ""
    yield f"Job {short(job.id)}{name} is {STATES[job.state]}, {done(job)} tasks done."
    if job.state is JobState.SUSPEND:
        yield from _failure(job, job.error, facts.clients) if job.error else [f"Nothing failed: {clean(job.notes)}."]
        yield f"Once the cause is gone: awe resume {short(job.id)}"
    elif job.state in ACTIVE:
        yield from _some_lines(_running(facts))
        waiting = [waits for waits in facts.waits if not waits.after]
        yield from _some_lines(f"Task {clean(waits.taskid)} {clean(waits.why)}" for waits in waiting)
        if any(waits.state is Why.PAUSE for waits in waiting):
            yield f"What it wrote when it failed: awe logs {short(job.id)}"
        if blocked := [waits.taskid for waits in facts.waits if waits.after]:
            yield f"Waiting for tasks before them: {_some(blocked)}."


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
    if task.cmd.cmd_script:
        return f"a script that begins: {clean(task.cmd.cmd_script[0])}"
    return clean(" ".join(task.called))


def _worker(client_id: str, clients: Sequence[Client]) -> str:
    known = (worker_name(client) for client in clients if client.id == client_id)
    return next(known, f"{short(client_id)} (gone since)")


def _stderr(text: str) -> Iterator[str]:
    lines = text.splitlines()
    yield "The end of its stderr:" if lines else "It wrote nothing to stderr."
    for line in lines[-_TAIL:]:
        yield f"    {clean(line)}"


_MOST = 10
"""How many tasks, workers or names are listed one by one."""


def _some_lines(lines: Iterable[str]) -> Iterator[str]:
    """The first _MOST of *lines*, and one with the number of the others."""
    told = list(lines)
    yield from told[:_MOST]
    if len(told) > _MOST:
        yield f"{len(told) - _MOST} more tasks likewise."


def _running(facts: Facts) -> Iterator[str]:
    """A line for each task that runs."""
    for task in facts.job.tasks:
        holders = [client for client in facts.clients if _concerns(task, client.current_work)]
        if holders:
            done = f",{parts(task)} parts done" if task.totalwork > 1 else ""
            since = between(task.starteddate, NO_TIME, facts.now)
            yield f"Task {task_name(task.taskid)} runs on {_names(holders)}{done}; it was queued {since} ago."


def _concerns(task: Task, work_ids: Iterable[str]) -> bool:
    return any(work_id.rpartition("_")[0] == task.taskid for work_id in work_ids)


def _names(clients: Iterable[Client]) -> str:
    return _some(map(worker_name, clients))


def _some(names: Iterable[str]) -> str:
    """The first _MOST distinct *names*, and the number of the others."""
    distinct = list(dict.fromkeys(map(clean, names)))
    more = f" and {len(distinct) - _MOST} more" if len(distinct) > _MOST else ""
    return ", ".join(distinct[:_MOST]) + more
