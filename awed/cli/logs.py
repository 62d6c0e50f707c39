"""``awe logs``: the output of a job's commands, and the notes of the workers."""

import sys
from collections.abc import Iterator
from itertools import chain

import click

from awed.cli.completion import complete_tasks
from awed.cli.errors import require
from awed.cli.lookup import find_job
from awed.cli.options import complain, job_argument, json_option, pass_server, print_json
from awed.cli.tail import Tail
from awed.cli.words import clean, short
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.client.jobs import JobLogs, TaskLogs
from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.reasons import Why
from awed.model.states import ACTIVE, JobState


@click.command()
@job_argument
@click.argument("task", required=False, shell_complete=complete_tasks)
@click.option("-f", "--follow", is_flag=True, help="Print it as it is written, until the job ends.")
@click.option("--raw", is_flag=True, help="On a terminal, obey its escape sequences as well.")
@json_option
@pass_server
def logs(server: Server, job_id: str, task: str | None, *, follow: bool, raw: bool, as_json: bool) -> None:
    """Print what the commands of a job, or of one TASK, wrote.

    With -f each line is `TASK | text`, unless the job is one command alone. That follows the steps of a run as well,
    each by the name of its job.
    """
    ident = find_job(server, job_id)
    raw = raw or not sys.stdout.isatty()
    if follow:
        document = server.ask(calls.job(ident))
        known = [task_name(one.taskid) for one in document.tasks]
        if task is not None:
            require(task, known, "task")
        if document.state in _WAITING:
            _tell_if_stuck(server, ident)
        Tail(server, document, task, raw).run()
        return
    answer = server.get(f"/job/{ident}?report")
    if as_json:
        print_json(answer)
        return
    texts = log_lines(_chosen(answer.read(JobLogs).tasks, task))
    if (first := next(texts, None)) is None:
        complain(_silence(server.ask(calls.job(ident)), task))
        return
    for text in chain([first], texts):
        click.echo(text if raw else "\n".join(clean(line, strip=False) for line in text.split("\n")))


_WAITING = frozenset({JobState.INIT, JobState.QUEUED})


def _tell_if_stuck(server: Server, job_id: str) -> None:
    """Say why nothing will be written soon, if no worker can run what waits."""
    found = server.ask(calls.explained(job_id))
    if any(waits.state is Why.NOBODY for waits in found.tasks):
        complain(f"job {short(job_id)}: {clean(found.why)}")


def _silence(job: Job, task: str | None) -> str:
    """Why there are no logs of *job*, or of its *task*."""
    whose = f"task {clean(task_name(task))} of job {short(job.id)}" if task else f"job {short(job.id)}"
    if job.state not in ACTIVE:
        return f"{whose} has written nothing"
    return f"nothing of {whose} has ended yet: awe logs -f prints what runs as it is written, awe why says what waits"


def log_lines(tasks: list[TaskLogs]) -> Iterator[str]:
    """The logs that are not empty, each after a heading with its task, rank and name."""
    for task in tasks:
        for work in task.workunits:
            part = f", part {work.rank} of {task.totalwork}" if task.totalwork > 1 else ""
            for name, text in work.logs.items():
                if text:
                    yield f"==> {task_name(task.taskid)}{part}: {name} <=="
                    yield text.removesuffix("\n")


def _chosen(tasks: list[TaskLogs], name: str | None) -> list[TaskLogs]:
    if name is None:
        return tasks
    chosen = [task for task in tasks if name in {task_name(task.taskid), task.taskid}]
    if not chosen:
        require(name, [task_name(task.taskid) for task in tasks], "task")
    return chosen
