"""``awe logs``: the output of a job's commands, and the notes of the workers."""

import sys
from collections.abc import Iterator

import click

from awed.cli.completion import complete_tasks
from awed.cli.errors import Mistake
from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, pass_server, print_json
from awed.cli.tail import Tail
from awed.cli.words import clean
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.client.jobs import JobLogs, TaskLogs
from awed.model.ids import task_name


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
        if task is not None and task not in known:
            raise Mistake(f"there is no task {task}; there are {', '.join(known)}")
        Tail(server, document, task, raw).run()
        return
    answer = server.get(f"/job/{ident}?report")
    if as_json:
        print_json(answer)
        return
    for text in log_lines(_chosen(answer.read(JobLogs).tasks, task)):
        click.echo(text if raw else "\n".join(clean(line, strip=False) for line in text.split("\n")))


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
        raise Mistake(f"there is no task {name}; there are {', '.join(task_name(t.taskid) for t in tasks)}")
    return chosen
