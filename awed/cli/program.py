"""``awe``: its options and commands, and its exit status."""

import os
import ssl
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn, TextIO

import click

from awed import __version__
from awed.cli import changes
from awed.cli.check import check
from awed.cli.files import get, put
from awed.cli.groups import groups
from awed.cli.jobs import job, jobs
from awed.cli.logs import logs
from awed.cli.options import NOT_DONE, complain
from awed.cli.submit import import_job, submit, wait
from awed.cli.why import why
from awed.cli.workers import events, queue, workers
from awed.client.blocking import Server
from awed.model.addresses import address, without_password
from awed.model.errors import AwedError, Invalid
from awed.wire.headers import authorization

DEFAULT_SERVER = "http://127.0.0.1:8001"

INTERRUPTED = 130
"""Exit status after ^C, as of shells."""

_LATE = {"user": "awed.admin.users", "backup": "awed.admin.backup", "import-mongo": "awed.admin.import_mongo"}


class _Commands(click.Group):
    """Lists the commands in the order in which they were added.

    Commands that need a reactor and a store are imported only when they are called, as that takes long.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *_LATE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(_LATE[cmd_name]), cmd_name.replace("-", "_"))
        return command


def _trust(context: click.Context, parameter: click.Parameter, value: str | None) -> ssl.SSLContext | None:
    try:
        return ssl.create_default_context(cafile=value) if value else None
    except ssl.SSLError:
        raise click.BadParameter(f"expected a file with certificates (PEM), found {value}") from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--server",
    envvar="AWE_SERVER",
    default=DEFAULT_SERVER,
    metavar="URL",
    show_default=True,
    show_envvar=True,
    help="The daemon's address.",
)
@click.option("--token-file", type=click.File(), help="A file with your token. Without it AWE_TOKEN holds the token.")
@click.option(
    "--ca",
    envvar="AWE_CA",
    type=click.Path(exists=True, dir_okay=False),
    callback=_trust,
    show_envvar=True,
    help="Certificates (PEM) of the authorities to trust for the server, instead of the system's.",
)
@click.version_option(__version__, prog_name="awe")
@click.pass_context
def awe(context: click.Context, server: str, token_file: TextIO | None, ca: ssl.SSLContext | None) -> None:
    """Submit workflows to an AWE server, and see what becomes of them.

    A job's ID may be cut short as long as it fits one job alone.

    Exit status: 0 done; 1 the job that was waited for did not complete, a document would be refused, or you said no;
    2 a mistake in the command line; 3 it could not be done: the server refused or did not answer, or a file cannot
    be written.
    """
    _check_server(server)
    token = token_file.read() if token_file else os.environ.get("AWE_TOKEN", "")
    try:
        context.obj = Server(server, authorization(token, "Bearer"), ca)
    except ValueError as error:
        raise Invalid(f"{token_file.name if token_file else 'AWE_TOKEN'}: {error}") from None


for command in (
    *(submit, check, wait, jobs, job, logs, why, put, get, workers, queue),
    *(changes.suspend, changes.resume, changes.rerun, changes.recompute, changes.resubmit, changes.delete),
    *(changes.priority, changes.group, changes.expire, import_job, groups, events),
):
    awe.add_command(command)
awe.add_command(why, "explain")


def _check_server(url: str) -> None:
    try:
        login = address(url).login
    except ValueError as error:
        raise click.BadParameter(f"{error}, found {without_password(url)[0]}", param_hint="--server") from None
    if login:
        text = "a server takes no user and password in its URL, see --token-file"
        raise click.BadParameter(text, param_hint="--server")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (None: that of the process). Prints errors on stderr and returns the exit status."""
    try:
        status = awe.main(arguments, prog_name="awe", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # who read it has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except AwedError as error:
        hint = " (see --ca)" if isinstance(error.__cause__, ssl.SSLCertVerificationError) else ""
        complain(*(f"{text}{hint}" for text in error.texts))
        return NOT_DONE
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return NOT_DONE
    return status or 0


def main() -> NoReturn:
    """The program ``awe``."""
    sys.exit(run())
