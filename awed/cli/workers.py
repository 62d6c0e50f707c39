"""Commands about what serves all jobs: the workers, the queue, the event log."""

import click

from awed.cli.client import Server
from awed.cli.options import json_option, now, pass_server, print_json
from awed.cli.show import events_table, queue_table, screen, workers_table
from awed.model.client import Client


@click.command()
@json_option
@pass_server
def workers(server: Server, as_json: bool) -> None:
    """List the registered workers."""
    answer = server.get("/client")
    if as_json:
        print_json(answer)
    else:
        screen().print(workers_table(answer.read(list[Client]), now()))


@click.command()
@json_option
@pass_server
def queue(server: Server, as_json: bool) -> None:
    """Count jobs, tasks, workunits and workers by state."""
    answer = server.get("/queue?json")
    if as_json:
        print_json(answer)
        return
    screen().print(queue_table(answer.read(dict[str, dict[str, int]])))
    if server.about().queue_status == "suspended":
        click.echo("The queue is suspended: nothing is handed out.")


@click.command()
@json_option
@pass_server
def events(server: Server, as_json: bool) -> None:
    """Say what the codes in the server's event log mean."""
    answer = server.get("/logger?event")
    if as_json:
        print_json(answer)
    else:
        screen().print(events_table(answer.read(dict[str, dict[str, str]])))
