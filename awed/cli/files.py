"""Commands that transfer files: inputs to the daemon's node store, outputs from any host."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from awed.cli.lookup import find_job
from awed.cli.options import job_argument, pass_server
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.client.outputs import fetch, output_urls
from awed.model.job import Job


@click.command()
@click.argument("file", type=click.File("rb"))
@pass_server
def put(server: Server, file: BinaryIO) -> None:
    """Upload FILE (- for standard input), and print its URL, for documents."""
    node = server.ask(calls.upload(Path(file.name).name, file))
    click.echo(f"{server.url}/node/{node.id}?download")


@click.command()
@job_argument
@click.argument("output", metavar="[TASK/]OUTPUT")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@pass_server
def get(server: Server, job_id: str, output: str, out: Path | None) -> None:
    """Fetch an output of a job, to standard output or a file."""
    url = output_url(server.ask(calls.job(find_job(server, job_id))), output)
    if out is None:
        server.download(url, sys.stdout.buffer)
        return
    fetch(server, url, out)


def output_url(job: Job, wanted: str) -> str:
    """The URL of the output *wanted* (``file`` or ``task/file``).

    Raises :class:`click.UsageError` if there is none, if there are several, or if it is not made yet.
    """
    outputs = output_urls(job)
    fitting = [name for name in outputs if wanted in {name, name.partition("/")[2]}]
    if not fitting:
        raise click.UsageError(f"the job has no output {wanted}; it has {', '.join(outputs)}")
    if len(fitting) > 1:
        raise click.UsageError(f"which {wanted}? {', '.join(fitting)}")
    (name,) = fitting
    if not outputs[name]:
        raise click.UsageError(f"{name} is not there yet; awe job {job.id} shows how far its task is")
    return outputs[name]
