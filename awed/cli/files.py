"""Commands that transfer files: inputs to the daemon's node store, outputs from any host."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from awed.cli.errors import Mistake
from awed.cli.lookup import find_job
from awed.cli.options import NOT_DONE, complain, job_argument, pass_server
from awed.cli.show import outputs_table
from awed.cli.table import screen
from awed.cli.words import clean, counted, short, title
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.client.outputs import fetch, is_elsewhere, kept_outputs, output_urls, path_below
from awed.model.errors import AwedError
from awed.model.ids import task_name
from awed.model.job import Job

_AT_ONCE = 4
"""How many outputs are fetched at once."""


@click.command()
@click.argument("file", type=click.File("rb"))
@pass_server
def put(server: Server, file: BinaryIO) -> None:
    """Upload FILE (- for standard input), and print its URL, for documents."""
    node = server.ask(calls.upload(Path(file.name).name, file))
    click.echo(f"{server.url}/node/{node.id}?download")


@click.command()
@job_argument
@click.argument("output", metavar="[[TASK/]OUTPUT]", required=False)
@click.option("--all", "every", is_flag=True, help="Fetch all outputs, as TASK/OUTPUT in the directory of --out.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write to this file; with --all, this directory.")
@pass_server
def get(server: Server, job_id: str, output: str | None, every: bool, out: Path | None) -> int:
    """Fetch an output of a job, to standard output or a file; without OUTPUT, list them.

    With --all, files that are there already are not fetched again, and what broke off goes on where it did.
    """
    if every and output is not None:
        raise click.UsageError("give either an OUTPUT or --all")
    job = server.ask(calls.job(find_job(server, job_id)))
    if every:
        return _fetch_all(server, job, out or Path())
    if output is None:
        screen().print(outputs_table(job, output_urls(job)))
        return 0
    url = output_url(job, output)
    if out is None:
        server.download(url, sys.stdout.buffer)
    else:
        fetch(server, url, out)
    return 0


def output_url(job: Job, wanted: str) -> str:
    """The URL of the output *wanted* (``file`` or ``task/file``).

    Raises :class:`~awed.cli.errors.Mistake` if there is none, if there are several, or if it is not made yet.
    """
    outputs = output_urls(job)
    fitting = [name for name in outputs if wanted in {name, name.partition("/")[2]}]
    if not fitting:
        raise Mistake(f"the job has no output {wanted}; it has {', '.join(outputs) or 'none'}")
    if len(fitting) > 1:
        raise Mistake(f"which {wanted}? {', '.join(fitting)}")
    (name,) = fitting
    if is_elsewhere(outputs[name]):
        raise Mistake(f"{name} is at {outputs[name]}: its worker has brought it there")
    if not outputs[name]:
        raise Mistake(f"{name} is not there yet; awe job {short(job.id)} shows how far its task is")
    return outputs[name]


def _fetch_all(server: Server, job: Job, folder: Path) -> int:
    """Fetch the outputs that exist. Returns the exit status: NOT_DONE if any is missing."""
    done = {task_name(task.taskid) for task in job.tasks if not task.remainwork}
    urls = {name: url for name, url in kept_outputs(job).items() if name.partition("/")[0] in done}
    console = screen(stderr=True)
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    with bar, ThreadPoolExecutor(_AT_ONCE) as threads:
        fetches = [threads.submit(_fetch_one, server, name, url, folder, bar) for name, url in urls.items()]
        found = [one.result() for one in fetches]
    for path in found:
        if isinstance(path, Path):
            click.echo(path)
    faults = [fault for fault in found if isinstance(fault, str)]
    complain(*faults)
    all_urls = output_urls(job)
    late = [clean(name) for name in all_urls if name.partition("/")[0] not in done]
    complain(*(f"{clean(name)} is at {clean(url)}" for name, url in all_urls.items() if is_elsewhere(url)))
    if late:
        complain(f"not there yet: {', '.join(late)}")
    click.echo(f"{counted(len(urls) - len(faults), 'output')} in {folder}", err=True)
    return NOT_DONE if faults or late else 0


def _fetch_one(server: Server, name: str, url: str, folder: Path, bar: Progress) -> Path | str:
    """Fetch an output. Returns its path, or the error as a text."""
    row = bar.add_task(title(name), total=None)
    try:
        path = path_below(folder, name)
        fetch(server, url, path, lambda there: bar.update(row, completed=there))
    except (AwedError, OSError, ValueError) as error:
        return f"{clean(name)}: {error}"
    finally:
        bar.update(row, visible=False)
    return path
