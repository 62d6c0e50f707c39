"""Commands for client groups and the tokens of their workers."""

from urllib.parse import quote

import click

from awed.cli.errors import Mistake
from awed.cli.options import confirm, json_option, pass_server, print_answer, yes_option
from awed.cli.show import groups_table
from awed.client.blocking import Server
from awed.model.access import ClientGroup, ShownGroup


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def groups(context: click.Context, as_json: bool) -> None:
    """List the client groups; `awe groups -h` shows how to change them."""
    if context.invoked_subcommand is None:
        answer = context.obj.get("/cgroup?limit=0")
        print_answer(answer, as_json, lambda: groups_table(answer.read(list[ShownGroup])))


@groups.command()
@click.argument("name")
@pass_server
def add(server: Server, name: str) -> None:
    """Make the group NAME and print the token for its workers."""
    click.echo(server.post(f"/cgroup/{quote(name, safe='')}").read(ClientGroup).token)


@groups.command()
@click.argument("name")
@yes_option
@pass_server
def token(server: Server, name: str, yes: bool) -> None:
    """Give the group NAME a new token and print it; the old one is void."""
    ident = _find_group(server, name)
    confirm(f"Make the token that the workers of {name} have now void?", yes)
    click.echo(server.put(f"/cgroup/{ident}/token").read(ClientGroup).token)


@groups.command("open")
@click.argument("name")
@pass_server
def open_group(server: Server, name: str) -> None:
    """Let the workers of NAME have all jobs that name no group."""
    server.put(f"/cgroup/{_find_group(server, name)}?open")


@groups.command()
@click.argument("name")
@pass_server
def close(server: Server, name: str) -> None:
    """Of the jobs that name no group, let the workers of NAME have only those of the group's users."""
    server.put(f"/cgroup/{_find_group(server, name)}?close")


@groups.command()
@click.argument("name")
@yes_option
@pass_server
def remove(server: Server, name: str, yes: bool) -> None:
    """Remove the group NAME."""
    ident = _find_group(server, name)
    confirm(f"Remove the group {name} and its token?", yes)
    server.delete(f"/cgroup/{ident}")


def _find_group(server: Server, name: str) -> str:
    """The id of the group whose name or id is *name*. Raises :class:`~awed.cli.errors.Mistake` if there is none."""
    known = server.get("/cgroup?limit=0").read(list[ClientGroup])
    for group in known:
        if name in {group.name, group.id}:
            return group.id
    raise Mistake(f"there is no group {name}; there are {', '.join(group.name for group in known) or 'none'}")
