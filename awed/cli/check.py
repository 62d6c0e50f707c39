"""``awe check``: has the server check a document without making a job of it."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import click

from awed.cli.options import pass_server
from awed.cli.words import clean, counted
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.errors import Invalid
from awed.model.remarks import Remark


@click.command()
@click.argument("document", type=click.File("rb"), metavar="FILE")
@pass_server
def check(server: Server, document: BinaryIO) -> int:
    """Say what is wrong with the workflow in FILE (- for standard input), and what it would wait for.

    Nothing is submitted. Exit status: 0 it would be taken, 1 it would be refused.
    """
    return checked(server, Path(document.name).name, document.read())


def checked(server: Server, name: str, text: bytes) -> int:
    """Print what the server finds in the document *text*, called *name*. Returns the exit status of ``awe check``."""
    try:
        found = server.ask(calls.check(name, BytesIO(text)))
    except Invalid as error:
        raise Invalid(*error.texts, *hint_of_cwl(text)) from None
    for kind, remarks in (("error", found.errors), ("warning", found.warnings), ("unmet", found.unmet)):
        for remark in remarks:
            click.echo(told(kind, remark))
    size = f"{counted(found.tasks, 'task')}, {counted(found.workunits, 'workunit')}"
    click.echo(f"{size}: it would be taken" if found.ok else f"{size}: it would be refused")
    return 0 if found.ok else 1


def hint_of_cwl(text: bytes) -> list[str]:
    """A hint for a document that was refused, if it is one of CWL."""
    return ["documents of CWL are run by awe cwl"] if b"cwlVersion" in text else []


def told(kind: str, remark: Remark) -> str:
    """A remark as a line."""
    return clean(f"{kind}: {remark.place}: {remark.text}")
