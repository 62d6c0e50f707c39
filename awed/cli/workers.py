"""Commands for workers, the queue and the event log."""

import click

from awed.cli.completion import complete_workers
from awed.cli.lookup import find_worker
from awed.cli.options import json_option, pass_server, print_answer, print_json
from awed.cli.show import events_table, queue_table, workers_table
from awed.cli.table import screen
from awed.cli.words import clean, counted
from awed.client.blocking import Server
from awed.client.jobs import about
from awed.model.times import now
from awed.wire.clients import ShownClient, plain


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def workers(context: click.Context, as_json: bool) -> None:
    """List the registered workers; `awe workers -h` shows how to stop one."""
    if context.invoked_subcommand is not None:
        return
    answer = context.obj.get("/client")
    if as_json:
        print_json(answer)
        return
    shown = plain(answer.read(list[ShownClient]))
    if shown:
        screen().print(workers_table(shown, now()))
    others = context.obj.get("/queue?json").read(dict[str, dict[str, int]]).get("clients", {}).get("total", 0) - len(
        shown
    )
    if others > 0:
        click.echo(f"{counted(others, 'worker')} of groups that you have no right to see", err=True)
    elif not shown:
        click.echo("no worker is registered", err=True)


@workers.command("suspend")
@click.argument("worker", shell_complete=complete_workers)
@pass_server
def suspend_worker(server: Server, worker: str) -> None:
    """Give WORKER (its name, or how its id begins) no work; what it has goes back."""
    server.put(f"/client/{find_worker(server, worker)}?suspend")
    click.echo(f"worker {clean(worker)}: suspended")


@workers.command("resume")
@click.argument("worker", shell_complete=complete_workers)
@pass_server
def resume_worker(server: Server, worker: str) -> None:
    """Give a suspended WORKER (its name, or how its id begins) work again."""
    server.put(f"/client/{find_worker(server, worker)}?resume")
    click.echo(f"worker {clean(worker)}: resumed")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def queue(context: click.Context, as_json: bool) -> None:
    """Count jobs, tasks, workunits and workers by state; `awe queue -h` shows how to stop it."""
    if context.invoked_subcommand is not None:
        return
    answer = context.obj.get("/queue?json")
    print_answer(answer, as_json, lambda: queue_table(answer.read(dict[str, dict[str, int]])))
    if not as_json and context.obj.ask(about()).queue_status == "suspended":
        click.echo("The queue is suspended: nothing is handed out.")


@queue.command("suspend")
@pass_server
def suspend_queue(server: Server) -> None:
    """Hand out nothing to anybody until the queue is resumed."""
    server.put("/queue?suspend")
    click.echo("The queue is suspended: nothing is handed out.")


@queue.command("resume")
@pass_server
def resume_queue(server: Server) -> None:
    """Hand out work again."""
    server.put("/queue?resume")
    click.echo("The queue is running.")


@click.command()
@json_option
@pass_server
def events(server: Server, as_json: bool) -> None:
    """Say what the codes in the server's event log mean."""
    answer = server.get("/logger?event")
    print_answer(answer, as_json, lambda: events_table(answer.read(dict[str, dict[str, str]])))
