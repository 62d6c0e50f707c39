"""The calls of those who submit jobs, and look after them."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, NamedTuple

from msgspec import Struct

from awed.client.calls import Call, Request, Response, answer, bare, data
from awed.model.client import Client
from awed.model.job import Job
from awed.model.node import Node
from awed.model.remarks import Checked, Remark
from awed.wire.clients import ShownClient, plain
from awed.wire.multipart import Field, form

_BLOCK = 1 << 16


class About(Struct):
    """What matters here of ``GET /``. *queue_status*: ``running`` or ``suspended``."""

    queue_status: str = ""


def about() -> Call[About]:
    """What the server says of itself."""
    return Call(Request("GET", "/"), bare(About))


def registered() -> Call[list[Client]]:
    """The registered workers."""
    shown = data(list[ShownClient])
    return Call(Request("GET", "/client"), lambda response: plain(shown(response)))


def job(job_id: str) -> Call[Job]:
    """A job's document."""
    return Call(Request("GET", f"/job/{job_id}"), data(Job))


class Submitted(NamedTuple):
    """A job, and what of its document was probably not meant."""

    job: Job
    warnings: list[Remark]


def submit(name: str, document: BinaryIO) -> Call[Submitted]:
    """Submit the workflow in *document*."""
    return Call(_form("/job", "upload", name, document), _submitted)


def check(name: str, document: BinaryIO) -> Call[Checked]:
    """Have the workflow in *document* checked, which makes no job."""
    return Call(_form("/job?check", "upload", name, document), data(Checked))


def import_job(name: str, document: BinaryIO) -> Call[Job]:
    """Store a completed job, as *document* shows it elsewhere."""
    return Call(_form("/job", "import", name, document), data(Job))


def upload(name: str, file: BinaryIO) -> Call[Node]:
    """Make a node of *file* in the daemon's node store."""
    return Call(_form("/node", "upload", name, file), data(Node))


def _submitted(response: Response) -> Submitted:
    read = answer(response)
    return Submitted(read.read(Job), read.warnings)


def _form(path: str, field: str, name: str, file: BinaryIO) -> Request:
    content_type, pieces = form([Field(field, file, name)])
    return Request("POST", path, _blocks(pieces), {"Content-Type": content_type})


def _blocks(pieces: Iterable[bytes | BinaryIO]) -> Iterator[bytes]:
    """The bytes of a form, its file block by block."""
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from iter(partial(piece.read, _BLOCK), b"")
