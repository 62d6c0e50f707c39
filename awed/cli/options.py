"""What several commands have in common: their options, and printing for programs."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec
from rich.table import Table

from awed.cli.show import screen
from awed.client.blocking import Server
from awed.client.calls import Answer

_Command = TypeVar("_Command", bound=Callable[..., Any])

pass_server = click.make_pass_decorator(Server)
"""Hands the command the :class:`~awed.client.blocking.Server` that the options before its name chose."""


job_argument = click.argument("job_id", metavar="ID")
"""Which job; the command asks :func:`~awed.cli.lookup.find_job` for its whole id."""

yes_option = click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
"""For commands that lose something, which ask :func:`confirm`."""


def json_option(command: _Command) -> _Command:
    """``--json``, as *as_json*."""
    return click.option("--json", "as_json", is_flag=True, help="Print the server's data, for programs.")(command)


def print_json(answer: Answer) -> None:
    """The data of an answer just as the server sent it, one value a line."""
    click.echo(msgspec.json.format(answer.data, indent=2))


def print_answer(answer: Answer, as_json: bool, table: Callable[[], Table]) -> None:
    """The data of an answer, for programs or as a *table*."""
    if as_json:
        print_json(answer)
    else:
        screen().print(table())


def confirm(question: str, yes: bool) -> None:
    """Go on only if that was meant: *yes* says so beforehand. :class:`click.ClickException`: it was not."""
    try:
        meant = yes or click.confirm(question)
    except click.Abort:  # nobody is there to answer, or it was ^C
        meant = False
    if not meant:
        raise click.ClickException("nothing was done")
