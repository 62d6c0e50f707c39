"""``awe logs``: the output of a job's commands, and the notes of the workers."""

from collections.abc import Iterator

import click

from awed.cli.completion import complete_tasks
from awed.cli.lookup import find_job
from awed.cli.options import job_argument, json_option, pass_server, print_json
from awed.client.blocking import Server
from awed.client.jobs import JobLogs, TaskLogs
from awed.model.ids import task_name


@click.command()
@job_argument
@click.argument("task", required=False, shell_complete=complete_tasks)
@json_option
@pass_server
def logs(server: Server, job_id: str, task: str | None, as_json: bool) -> None:
    """Print what the commands of a job, or of one TASK, wrote."""
    answer = server.get(f"/job/{find_job(server, job_id)}?report")
    if as_json:
        print_json(answer)
        return
    for line in log_lines(_chosen(answer.read(JobLogs).tasks, task)):
        click.echo(line)


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
        raise click.UsageError(f"there is no task {name}; there are {', '.join(task_name(t.taskid) for t in tasks)}")
    return chosen
