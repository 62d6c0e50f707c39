"""The calls for submitting jobs and for looking at jobs, workers and the server."""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import BinaryIO, NamedTuple
from urllib.parse import urlencode

from msgspec import Struct

from awed.client.calls import Call, Request, Response, answer, bare, data
from awed.model.client import Client
from awed.model.job import Job
from awed.model.node import Node
from awed.model.reasons import Explained
from awed.model.remarks import Checked, Remark
from awed.model.states import JobState
from awed.wire.clients import ShownClient, plain
from awed.wire.headers import IDEMPOTENCY_KEY
from awed.wire.multipart import Field, form

_BLOCK = 1 << 16


class _Id(Struct):
    id: str


def marked(name: str, value: str, most: int) -> Call[list[str]]:
    """Get the ids of the user's own completed jobs whose user attribute *name* is *value*: the *most* newest."""
    fields = {"mine": "true", "state": JobState.COMPLETED, f"info.userattr.{name}": value, "limit": most}
    asked = Request("GET", f"/job?query&{urlencode(fields)}")
    return Call(asked, lambda response: [job.id for job in data(list[_Id])(response)])


class _Attributes(Struct):
    userattr: dict[str, str] = {}


class Step(Struct):
    """What is read of a step of a run."""

    id: str
    info: _Attributes


def steps(run: str, offset: int, most: int) -> Call[list[Step]]:
    """Get steps of the run *run*, the oldest first: *most*, from the number *offset* on."""
    order = {"order": "info.submittime", "direction": "asc"}
    fields = {"info.parent": run, **order, "offset": offset, "limit": most}
    return Call(Request("GET", f"/job?query&{urlencode(fields)}"), data(list[Step]))


class About(Struct):
    """What is read of ``GET /``. *queue_status*: ``running`` or ``suspended``."""

    queue_status: str = ""


def about() -> Call[About]:
    """Get the state of the server."""
    return Call(Request("GET", "/"), bare(About))


def registered() -> Call[list[Client]]:
    """Get the registered workers."""
    shown = data(list[ShownClient])
    return Call(Request("GET", "/client"), lambda response: plain(shown(response)))


def job(job_id: str) -> Call[Job]:
    """Get a job."""
    return Call(Request("GET", f"/job/{job_id}"), data(Job))


def explained(job_id: str) -> Call[Explained]:
    """Ask why a job is not done."""
    return Call(Request("GET", f"/job/{job_id}?explain"), data(Explained))


class WorkLogs(Struct):
    """The logs of a workunit, by name: stdout, stderr, worknotes."""

    rank: int
    logs: dict[str, str] = {}


class TaskLogs(Struct):
    """The logs of the workunits of a task."""

    taskid: str
    totalwork: int = 1
    workunits: list[WorkLogs] = []


class JobLogs(Struct):
    """What is read of ``GET /job/<id>?report``."""

    tasks: list[TaskLogs] = []


def logs(job_id: str) -> Call[JobLogs]:
    """Get the logs of all workunits of a job."""
    return Call(Request("GET", f"/job/{job_id}?report"), data(JobLogs))


class Running(NamedTuple):
    """Ids of workunits that run, and how many there are in all."""

    works: list[str]
    total: int


class _Work(Struct):
    wuid: str


def running(job_id: str, most: int) -> Call[Running]:
    """Get the workunits of a job that run: those that were begun first, *most* of them."""
    query = f"query&jobid={job_id}&state=checkout&order=checkout_time&direction=asc&limit={most}"
    return Call(Request("GET", f"/work?{query}"), _running)


def _running(response: Response) -> Running:
    read = answer(response)
    return Running([work.wuid for work in read.read(list[_Work])], read.total_count)


def delete(job_id: str, *, full: bool = False) -> Call[str]:
    """Delete a job; *full*: with its document, logs and files."""
    return Call(Request("DELETE", f"/job/{job_id}{'?full' if full else ''}"), data(str))


def log(wuid: str, name: str) -> Call[str]:
    """Get the log *name* (``stdout``, ``stderr``, ``worknotes``) of a workunit that is done."""
    return Call(Request("GET", f"/work/{wuid}?report={name}"), data(str))


class Submitted(NamedTuple):
    """A job that was submitted, and warnings about its document."""

    job: Job
    warnings: list[Remark]


def submit(name: str, document: BinaryIO, key: str) -> Call[Submitted]:
    """Submit the job in *document*, a file called *name*. Several calls with the same *key* make one job."""
    request = _form("/job", "upload", name, document)
    return Call(request._replace(headers={**request.headers, IDEMPOTENCY_KEY: key}), _submitted)


def submit_run(workflow: bytes, order: bytes, options: Mapping[str, str], key: str) -> Call[Submitted]:
    """Submit a run of the CWL document *workflow*, with the input object *order*. Likewise. *options*: other parts of
    the form."""
    fields: list[Field[bytes]] = [Field("cwl", workflow, "workflow.cwl"), Field("job", order, "job.json")]
    content_type, pieces = form([*fields, *(Field(name, text.encode()) for name, text in options.items())])
    headers = {"Content-Type": content_type, IDEMPOTENCY_KEY: key}
    return Call(Request("POST", "/job", b"".join(pieces), headers), _submitted)


def check(name: str, document: BinaryIO) -> Call[Checked]:
    """Have the job in *document* checked, without submitting it."""
    return Call(_form("/job?check", "upload", name, document), data(Checked))


def import_job(name: str, document: BinaryIO) -> Call[Job]:
    """Import a completed job, as another server shows it."""
    return Call(_form("/job", "import", name, document), data(Job))


def upload(name: str, file: BinaryIO) -> Call[Node]:
    """Make a node with *file* in the daemon's node store."""
    return Call(_form("/node", "upload", name, file), data(Node))


def copy_node(node_id: str) -> Call[Node]:
    """Make a node with the file of another, which is not copied on disk."""
    content_type, pieces = form([Field("copy_data", node_id.encode())])
    return Call(Request("POST", "/node", b"".join(pieces), {"Content-Type": content_type}), data(Node))


def delete_node(node_id: str) -> Call[None]:
    """Delete a node of the daemon's node store, with its file."""
    return Call(Request("DELETE", f"/node/{node_id}"), data(type(None)))


def _submitted(response: Response) -> Submitted:
    read = answer(response)
    return Submitted(read.read(Job), read.warnings)


def _form(path: str, field: str, name: str, file: BinaryIO) -> Request:
    known = os.fsencode(name).decode(errors="replace")  # the name of a local file need not be UTF-8
    content_type, pieces = form([Field(field, file, known)])
    return Request("POST", path, _blocks(pieces), {"Content-Type": content_type})


def _blocks(pieces: Iterable[bytes | BinaryIO]) -> Iterator[bytes]:
    """The bytes of a form, with its files block by block."""
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from iter(partial(piece.read, _BLOCK), b"")
