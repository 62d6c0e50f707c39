"""``awe``: its options and commands, and its exit status."""

import os
import ssl
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from awed import __version__
from awed.cli import changes
from awed.cli.check import check
from awed.cli.commands import Commands
from awed.cli.completion import completion
from awed.cli.connection import connect, login, use_profile
from awed.cli.crate import crate
from awed.cli.cwl import cwl
from awed.cli.files import get, put
from awed.cli.groups import groups
from awed.cli.jobs import job, jobs
from awed.cli.logs import logs
from awed.cli.options import NOT_DONE, complain
from awed.cli.submit import import_job, submit, wait
from awed.cli.top import top
from awed.cli.why import why
from awed.cli.workers import events, queue, workers
from awed.model.errors import AwedError, Unauthorized

DEFAULT_SERVER = "http://127.0.0.1:8001"

INTERRUPTED = 130
"""Exit status after ^C, as of shells."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--server",
    envvar="AWE_SERVER",
    default=DEFAULT_SERVER,
    metavar="URL",
    show_default=True,
    show_envvar=True,
    help="The daemon's address.",
)
@click.option(
    "--profile",
    envvar="AWE_PROFILE",
    is_eager=True,
    callback=use_profile,
    metavar="NAME",
    show_envvar=True,
    help="Take these from a profile of ~/.config/awe/config.toml; see awe login.",
)
@click.option("--token-file", type=click.File(), help="A file with your token. Without it AWE_TOKEN holds the token.")
@click.option(
    "--ca",
    envvar="AWE_CA",
    type=click.Path(exists=True, dir_okay=False),
    show_envvar=True,
    help="Certificates (PEM) of the authorities to trust for the server, instead of the system's.",
)
@click.version_option(__version__, prog_name="awe")
@click.pass_context
def awe(context: click.Context, /, **options: object) -> None:
    """Submit workflows to an AWE server, and see what becomes of them.

    A job's ID may be cut short as long as it fits one job alone. Its name does as well, and `last` is the one that
    you submitted last. The options of awe may stand behind the command, too.

    Exit status: 0 done; 1 the job that was waited for did not complete, a document would be refused, or you said no;
    2 a mistake in the command line; 3 it could not be done: the server refused or did not answer, or a file cannot
    be written.
    """
    if context.invoked_subcommand not in _ALONE:
        context.obj = connect(context)


_ALONE = {"login", "completion"}
"""Commands that do without the server, or ask for the token themselves."""

awe.section("Submit", (submit, check, wait, import_job, cwl))
awe.section("Watch", (jobs, job, logs, why, top))
awe.section("Files", (put, get, crate))
awe.section("Change jobs", (changes.suspend, changes.resume, changes.rerun, changes.recompute, changes.resubmit))
awe.section("Change jobs", (changes.delete, changes.priority, changes.group, changes.expire))
awe.section("Workers and the server", (workers, queue, groups, events))
awe.section("This command", (login, completion))
awe.section("The daemon's own data", ("user", "backup", "import-mongo"))
awe.add_command(why, "explain")


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
        complain(*(f"{text}{_hint(error)}" for text in error.texts))
        return NOT_DONE
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return NOT_DONE
    return status or 0


def _hint(error: AwedError) -> str:
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return " (see --ca)"
    return " (your token: see --token-file and awe login)" if isinstance(error, Unauthorized) else ""


def main() -> NoReturn:
    """The program ``awe``."""
    sys.exit(run())
