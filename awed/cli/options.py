"""Options, arguments and ways of printing that several commands share."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from awed.cli.completion import complete_jobs
from awed.cli.errors import Mistake
from awed.cli.table import Rows, screen
from awed.client.blocking import Server
from awed.client.calls import Answer

NOT_DONE = 3
"""Exit status if the server refused or did not answer, or a file could not be read or written."""

_Command = TypeVar("_Command", bound=Callable[..., Any])

pass_server = click.make_pass_decorator(Server)
"""Decorator: passes the command the :class:`~awed.client.blocking.Server` that the options of ``awe`` name."""

job_argument = click.argument("job_id", metavar="ID", shell_complete=complete_jobs)
"""Decorator: a job's id, perhaps abbreviated, for :func:`~awed.cli.lookup.find_job`."""

yes_option = click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
"""Decorator: for commands that delete something, the argument *yes* of :func:`confirm`."""


def json_option(command: _Command) -> _Command:
    """Decorator: the option ``--json``, as *as_json*."""
    return click.option("--json", "as_json", is_flag=True, help="Print the server's data, for programs.")(command)


def print_json(answer: Answer) -> None:
    """Print the data of *answer* as the server sent it, indented."""
    click.echo(msgspec.json.format(answer.data, indent=2))


def print_answer(answer: Answer, as_json: bool, table: Callable[[], Rows]) -> None:
    """Print the data of *answer* as JSON, or as a *table*."""
    if as_json:
        print_json(answer)
    else:
        screen().print(table())


def confirm(question: str, yes: bool) -> None:
    """Ask *question* on stderr, unless *yes*.

    Raises :class:`click.ClickException` if the answer is not yes, and :class:`Mistake` if nobody is there.
    """
    if yes:
        return
    try:
        meant = click.confirm(question, err=True)
    except click.Abort:  # the end of stdin, or ^C
        if not sys.stdin.isatty():
            click.echo(err=True)
            raise Mistake("nothing was done: nobody answers the question here, --yes does") from None
        meant = False
    if not meant:
        raise click.ClickException("nothing was done")


def complain(*texts: str) -> None:
    """Print each of *texts* as a line on stderr."""
    for text in texts:
        click.echo(f"awe: {text}", err=True)
