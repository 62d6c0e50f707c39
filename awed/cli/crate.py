"""``awe crate``: the provenance of a job, for others."""

from pathlib import Path

import click

from awed.cli.lookup import find_job
from awed.cli.options import NOT_DONE, complain, job_argument, pass_server
from awed.cli.words import clean
from awed.client.blocking import Server
from awed.client.crates import fetch_crate


@click.command()
@job_argument
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write to this file, not to ID.crate.zip.")
@click.option("--files", is_flag=True, help="Put the files that the crate names into it: inputs and outputs.")
@pass_server
def crate(server: Server, job_id: str, out: Path | None, files: bool) -> int:
    """Write what a job ran as a Workflow Run RO-Crate, and print the name of the file.

    It says who ran what when, with commands, files and their checksums, and how it ended. Files are named by their
    addresses, unless --files puts them in.
    """
    found = find_job(server, job_id)
    path = out or Path(f"{found}.crate.zip")
    faults = fetch_crate(server, found, path, files=files)
    complain(*map(clean, faults))
    click.echo(path)
    return NOT_DONE if faults else 0
