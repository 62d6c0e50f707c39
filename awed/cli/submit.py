"""``awe submit``, ``awe wait`` and ``awe import``."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import click
import msgspec

from awed.cli.check import checked, hint_of_cwl, told
from awed.cli.errors import Mistake
from awed.cli.follow import Hearing, follow
from awed.cli.lookup import find_job
from awed.cli.options import job_argument, pass_server
from awed.cli.table import screen
from awed.cli.why import print_why
from awed.cli.words import between, clean, short
from awed.client import jobs as calls
from awed.client import submission
from awed.client.blocking import Server
from awed.client.submission import fill_in, uploaded
from awed.model.errors import Invalid, Unavailable
from awed.model.job import Job
from awed.model.states import JobState
from awed.model.times import now
from awed.wire.inputs import open_inputs


def _input_file(text: str) -> tuple[str, Path]:
    """Parse ``NAME=FILE``, or FILE alone for an input with the name of the file."""
    pieces = text.split("=")
    splits = [("=".join(pieces[:number]), Path("=".join(pieces[number:]))) for number in range(len(pieces))]
    for name, file in splits:
        if file.is_file():
            return name or file.name, file
    raise click.BadParameter(f"there is no file {splits[-1][1]}")


@click.command()
@click.argument("document", type=click.File("rb"), metavar="FILE")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    type=_input_file,
    metavar="[NAME=]FILE",
    help="Upload FILE as the document's input NAME (if not given: of the file's own name). May be repeated.",
)
@click.option("--wait", is_flag=True, help="Follow the job to its end.")
@click.option("--dry-run", is_flag=True, help="Upload and submit nothing: check the document, as `awe check` does.")
@pass_server
def submit(
    server: Server, document: BinaryIO, inputs: tuple[tuple[str, Path], ...], wait: bool, dry_run: bool
) -> int:
    """Submit the workflow in FILE (- for standard input), and print the job's id.

    With --wait the exit status tells how the job ended: 0 completed, 1 suspended or deleted, 130 for ^C, which
    leaves the job running.
    """
    name, text = Path(document.name).name, document.read()
    if inputs:
        text = _with_inputs(text, dict(inputs), partial(_promised if dry_run else _uploaded, server))
    if dry_run:
        return checked(server, name, text)
    try:
        job, warnings = submission.submit(server, name, text, _away)
    except Invalid as error:
        raise Invalid(*error.texts, *_hint(text)) from None
    for warning in warnings:
        click.echo(f"awe: {told('warning', warning)}", err=True)
    click.echo(job.id)
    return _wait(server, job) if wait else 0


@click.command()
@job_argument
@pass_server
def wait(server: Server, job_id: str) -> int:
    """Follow a job to its end, as `awe submit --wait` does."""
    return _wait(server, server.ask(calls.job(find_job(server, job_id))))


@click.command("import")
@click.argument("document", type=click.File("rb"), metavar="FILE")
@pass_server
def import_job(server: Server, document: BinaryIO) -> None:
    """Store the completed job in FILE, as `awe job --json` printed it elsewhere."""
    click.echo(server.ask(calls.import_job(Path(document.name).name, document)).id)


def _wait(server: Server, job: Job) -> int:
    console = screen(stderr=True)
    try:
        job = follow(server, job, console, Hearing(server, job.id))
    except KeyboardInterrupt:
        console.print(f"The job goes on; `awe wait {short(job.id)}` follows it again.")
        return 130
    if job.state is JobState.COMPLETED:
        console.print(f"completed in {between(job.info.submittime, job.info.completedtime, now())}")
        return 0
    print_why(server, job, console)
    return 1


def _away(error: Unavailable, pause: float) -> None:
    click.echo(f"awe: {error}; next try in {pause:g} s", err=True)


def _uploaded(server: Server, name: str, path: Path) -> dict[str, str]:
    return uploaded(server, name, str(path))


def _promised(server: Server, name: str, path: Path) -> dict[str, str]:
    """The fields of a document for a file that would be uploaded: a URL that a check accepts without looking."""
    return {"url": f"{server.url}/{quote(os.fsencode(path.name))}"}


def _hint(text: bytes) -> Iterator[str]:
    """A hint for a document that was refused, if it is of CWL or its inputs lack a source."""
    yield from hint_of_cwl(text)
    try:
        names = dict.fromkeys(name for name, _ in open_inputs(msgspec.json.decode(text)))
    except msgspec.DecodeError:
        return
    if names:
        yield f"files on this machine are uploaded by {' '.join(f'--input {clean(name)}=FILE' for name in names)}"


def _with_inputs(text: bytes, files: dict[str, Path], place: Callable[[str, Path], dict[str, str]]) -> bytes:
    """The document *text* with a location, which *place* makes, for each of *files* in the inputs that have its name.

    Raises :class:`~awed.cli.errors.Mistake` for names without an input that lacks a location.
    """
    try:
        document = msgspec.json.decode(text)
        fill_in(document, files, place)
    except msgspec.DecodeError as error:
        raise Mistake(f"the document is not JSON: {error}") from error
    except ValueError as error:
        raise Mistake(str(error)) from None
    return msgspec.json.encode(document)
