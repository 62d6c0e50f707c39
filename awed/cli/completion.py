"""What shells complete: commands and options, and ids and names that the server knows."""

import re
from collections.abc import Callable

import click
from click.shell_completion import CompletionItem, get_completion_class

from awed.cli.connection import connect
from awed.cli.lookup import LAST, find_job, lines
from awed.cli.words import short
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.errors import AwedError
from awed.model.ids import task_name

_MOST = 50
"""Jobs that are offered."""

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completing(offer: Callable[[Server, click.Context, str], list[CompletionItem]]) -> Complete:
    """The completion that asks the server; nothing is offered if it does not answer, or refuses."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            found = offer(connect(context.find_root()), context, begun)
        except (AwedError, click.ClickException):
            return []
        return [item for item in found if item.value.startswith(begun)]

    return complete


def _jobs(server: Server, context: click.Context, begun: str) -> list[CompletionItem]:
    newest, _ = lines(server, f"top&order=info.submittime&limit={_MOST}")
    if re.fullmatch("[0-9a-f-]+", begun) and not any(job.id.startswith(begun) for job in newest):
        newest += lines(server, f"id_prefix={begun}&limit={_MOST}")[0]
    names = dict.fromkeys(job.name for job in newest if job.name and job.name.isprintable() and " " not in job.name)
    ids = [CompletionItem(short(job.id), help=job.name) for job in newest]
    return [CompletionItem(LAST, help="the one that you submitted last"), *ids, *map(CompletionItem, names)]


def _tasks(server: Server, context: click.Context, begun: str) -> list[CompletionItem]:
    job = server.ask(calls.job(find_job(server, context.params["job_id"])))
    return [CompletionItem(task_name(task.taskid), help=task.state) for task in job.tasks]


def _workers(server: Server, context: click.Context, begun: str) -> list[CompletionItem]:
    return [CompletionItem(client.name or client.id) for client in server.ask(calls.registered())]


complete_jobs, complete_tasks, complete_workers = map(completing, (_jobs, _tasks, _workers))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete commands, options, ids and names.

    For bash: eval "$(awe completion bash)" in ~/.bashrc.
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(context.find_root().command, {}, "awe", "_AWE_COMPLETE").source())
