"""``awe-worker``: the options of the command line, as the settings of a worker."""

import gc
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import click
from twisted.internet.ssl import trustRootFromCertificates
from twisted.internet.task import react
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.iweb import IPolicyForHTTPS

from awed import __version__
from awed.model.addresses import address, without_password
from awed.model.resources import CORES, DISK, GPUS, MEMORY, amount_of, check_name
from awed.tx.loglines import FORMATS
from awed.tx.pem import certificates
from awed.wire.headers import authorization
from awed.worker.account import read_account
from awed.worker.assembly import Settings
from awed.worker.containers.choice import NONE, WAYS, Isolation
from awed.worker.containers.interface import ASKED, NETWORKS
from awed.worker.errors import NoContainers, NotSetUp
from awed.worker.lifetime import MARGIN, parse_time
from awed.worker.machine import MOST_SLOTS, Told
from awed.worker.prctl import keep_to_itself
from awed.worker.program import log_to, run
from awed.worker.worker import HEARTBEAT


def _address(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        server = address(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}, found {without_password(value)[0]!r}") from None
    if server.login:
        raise click.BadParameter("the server takes no user and password in its URL: use --token-file")
    return value


def _names(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if not names:
        raise click.BadParameter("expected names of commands with commas between them, or *")
    return names


def _trust(context: click.Context, parameter: click.Parameter, value: Path | None) -> IPolicyForHTTPS:
    if value is None:
        return BrowserLikePolicyForHTTPS()
    try:
        return BrowserLikePolicyForHTTPS(trustRootFromCertificates(certificates(value.read_bytes())))
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"expected a file with certificates: {error}") from None


def _amount(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """The amount that an option gives: cores and GPUs as a number, memory and disk in bytes or as a size like 16G."""
    if value is None:
        return None
    try:
        return amount_of(str(parameter.name), float(value) if parameter.name in (CORES, GPUS) else value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}") from None


def _size(context: click.Context, parameter: click.Parameter, value: str) -> int:
    try:
        return int(amount_of(MEMORY, value))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}") from None


def _others(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, float]:
    try:
        return dict(map(_other, value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _other(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    if name in (CORES, MEMORY, DISK, GPUS) or not number.isdecimal():
        raise ValueError(f"expected NAME=N, of a name without an option of its own, found {text!r}")
    check_name(name)
    return name, amount_of(name, int(number))


def _absolute(context: click.Context, parameter: click.Parameter, value: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(path.absolute() for path in value)


def _walltime(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        seconds = parse_time(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if seconds <= MARGIN:
        raise click.BadParameter(
            f"expected more than the {MARGIN:g} seconds in which a worker leaves, found {value!r}"
        )
    return seconds


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--server",
    envvar="AWE_SERVER",
    required=True,
    metavar="URL",
    callback=_address,
    help="The address of the daemon.",
)
@click.option(
    "--workdir",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A directory for this worker alone. It is made if it does not exist.",
)
@click.option("--name", default=socket.gethostname, show_default="the host's", help="How the worker is shown.")
@click.option("--group", default="default", show_default=True, help="The client group that it belongs to.")
@click.option(
    "--apps",
    default="*",
    show_default=True,
    metavar="A,B|*",
    callback=_names,
    help="Names of the commands that it may run; * means any.",
)
@click.option("--cores", metavar="N", callback=_amount, help="Cores for commands. By default those of the machine.")
@click.option(
    "--memory",
    metavar="SIZE",
    callback=_amount,
    help="Memory for commands: bytes, or a size such as 16G. By default all of the machine.",
)
@click.option(
    "--disk", metavar="SIZE", callback=_amount, help="Disk for commands. By default what is free in --workdir now."
)
@click.option("--gpus", metavar="N", callback=_amount, help="GPUs for commands. By default those that are found.")
@click.option(
    "--resource",
    "others",
    metavar="NAME=N",
    multiple=True,
    callback=_others,
    help="N units of a resource NAME of the site's own, which tasks may need. Repeatable.",
)
@click.option(
    "--slots",
    type=click.IntRange(1, MOST_SLOTS),
    help="How many workunits to run at once; without --cores, offers at least one core for each. By default as many "
    "as fit.",
)
@click.option(
    "--prefetch",
    type=click.IntRange(0, 1000),
    help="How many workunits to keep in hand for each core. By default as many as can begin soon.",
)
@click.option("--token-file", type=click.File(), help="A file with the token of the client group, - for stdin.")
@click.option(
    "--ca",
    envvar="AWE_CA",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_trust,
    help="Certificates (PEM) of the authorities to trust for servers, instead of the system's.",
)
@click.option(
    "--containers",
    "images",
    default=NONE,
    show_default=True,
    type=click.Choice(WAYS),
    help="What to do with work that names a container image, as all tasks of TES do. none: do not take it. podman, "
    "docker, apptainer: run it in a container. auto: by the first of these that works here. bwrap: over an image "
    "that lies unpacked in --image-dir, by bubblewrap. ignore: without the image, in a sandbox of bubblewrap with a "
    "/tmp of its own, the paths of the task, and the network.",
)
@click.option(
    "--image-dir",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    callback=lambda context, parameter, value: value and value.absolute(),
    help="Where images lie unpacked, each as a directory of its name, for --containers bwrap and auto.",
)
@click.option(
    "--image-space",
    metavar="SIZE",
    default="50G",
    show_default=True,
    callback=_size,
    help="What the images take that were fetched for this worker. If they are larger, those are removed that it has "
    "not used for longest, but none that it used in the last hour.",
)
@click.option(
    "--sandbox",
    is_flag=True,
    help="Run commands in a sandbox: they see the system's folders and their own directory, and have no network "
    "unless their task asks for it. Needs bubblewrap (bwrap).",
)
@click.option(
    "--network",
    default=ASKED,
    show_default=True,
    type=click.Choice(NETWORKS),
    help="Who has the network in containers and sandboxes. asked: tasks that ask for it. all: all but those that say "
    "they need none. no: nobody.",
)
@click.option(
    "--data-host",
    "data_hosts",
    metavar="URL",
    multiple=True,
    callback=lambda context, parameter, value: tuple(_address(context, parameter, url) for url in value),
    help="A host without a public address, as http://shock:7445, from and to which files are brought for tasks "
    "without the network too. Repeatable.",
)
@click.option(
    "--file-root",
    "roots",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    callback=_absolute,
    help="A directory that tasks may read and write by file URLs, and in a container or sandbox at its own path. "
    "Repeatable.",
)
@click.option(
    "--s3-config",
    "s3_config",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file as AWS's programs have it, with keys below [default], by which tasks may read and write s3 URLs. "
    "Needs the extra s3.",
)
@click.option(
    "--keep-failed",
    default=24.0,
    show_default=True,
    metavar="HOURS",
    type=click.FloatRange(min=0),
    help="How long the directories of failed workunits are kept.",
)
@click.option(
    "--walltime",
    metavar="TIME",
    callback=_walltime,
    help="The time after which the worker must be gone: seconds, or [[DAYS-]HOURS:]MINUTES:SECONDS.",
)
@click.option(
    "--idle-timeout", metavar="SECONDS", type=click.FloatRange(min=1), help="Leave after so long without work."
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(list(FORMATS)),
    help="The format of the log lines on stderr: text for people, or JSON for programs.",
)
@click.option("--heartbeat", default=HEARTBEAT, hidden=True, type=click.FloatRange(min=0.01))
@click.version_option(__version__, prog_name="awe-worker")
def main(token_file: TextIO | None, s3_config: Path | None, log_format: str, **options: Any) -> None:
    """Run the workunits of an AWE server on this machine.

    SIGTERM (or ^C): take no more work, finish what runs, report and leave. The second one: kill what runs, hand it
    back and leave. The third one: leave, even if something hangs.
    """
    keep_to_itself()
    token = token_file.read() if token_file else ""
    try:
        told = Told(**{name: options.pop(name) for name in Told._fields})
        hidden = (*_file(token_file), *([s3_config.absolute()] if s3_config else ()))
        account = read_account(s3_config) if s3_config else None
        asked = Isolation(hidden=hidden, **{name: options.pop(name) for name in _ISOLATION})
        isolation = asked.found(options["workdir"])
        settings = Settings(
            isolation=isolation,
            account=account,
            authorization=authorization(token, "CG_TOKEN"),
            told=told,
            **options,
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--token-file") from None
    except NotSetUp as error:
        raise click.BadParameter(str(error), param_hint="--s3-config") from None
    except NoContainers as error:
        raise click.BadParameter(str(error), param_hint="--containers or --sandbox") from None
    log_to(sys.stderr, log_format)
    gc.freeze()  # modules and classes stay: that the collector visits them costs 7 % of a short command
    react(partial(run, settings=settings))


_ISOLATION = ("images", "sandbox", "network", "roots", "image_dir", "image_space")


def _file(file: TextIO | None) -> tuple[Path, ...]:
    """The path of an open *file*, unless it is stdin."""
    return () if file is None or file is sys.stdin else (Path(file.name).absolute(),)
