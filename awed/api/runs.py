"""Makes the jobs of runs: their files become nodes of the submitter."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from awed.api.context import Context
from awed.api.submission import once, only_steps, stored
from awed.model.access import User
from awed.model.errors import AwedError, Invalid
from awed.model.ids import new_id
from awed.model.job import Job
from awed.model.records import SubmissionKey
from awed.nodes.change import Change, FromUrl, Whole
from awed.tx.locks import unbroken
from awed.web.calls import Call
from awed.web.form import Part
from awed.workflow.cwl import LARGEST, Outline, check_order, outline, short
from awed.workflow.reader import read_submission
from awed.workflow.run import ORDER, OUTPUT, Options, Run, run_document
from awed.workflow.submission import Submission

Files = Mapping[str, Part | str]
"""Files by their paths in the directory of a command: parts of a form, or a URL."""


class Asked(Struct, frozen=True):
    """A run that was asked for. *workflow*: which of the *files* has it, in errors called *what*. *order*: the inputs
    of the workflow, if any. *info*: more of the info of its job. *options*: of its runner.
    """

    workflow: str
    what: str
    entrypoint: str
    files: Files
    order: Part | None
    info: Mapping[str, Any]
    options: Options


async def make_run(context: Context, call: Call[None], asked: Asked, token: str = "") -> Job:
    """The job of a run. *token*: its data token. Raises :class:`~awed.model.errors.Invalid`."""
    if call.user.run:
        raise only_steps()
    if OUTPUT in asked.files:
        raise Invalid(f"{OUTPUT} is the name of the file with the outputs, no attachment can have it")
    found = await _outline(context, call.user, asked)
    if asked.order is not None:
        body = await asked.order.read(LARGEST)
        await context.reading(call.user, check_order, body, asked.order.name, context.document_limits)
        if ORDER in asked.files:
            raise Invalid(f"{ORDER} is the name of the file with the inputs, no attachment can have it")
    files = {**asked.files, **({ORDER: asked.order} if asked.order else {})}
    told = msgspec.json.encode([asked.workflow, found.entrypoint, asked.info, asked.options])

    def document(job_id: str, nodes: Mapping[str, str]) -> bytes:
        info = {"name": found.name or asked.workflow, **asked.info}
        run = Run(asked.workflow, found.entrypoint, nodes, info, asked.options)
        return msgspec.json.encode(run_document(run, job_id, context.run_token(job_id, call.user.name)))

    return await make_with_files(context, call, files, told, document, token=token)


async def make_with_files(
    context: Context,
    call: Call[None],
    files: Files,
    told: bytes,
    document: Callable[[str, Mapping[str, str]], bytes],
    *,
    job_id: str = "",
    token: str = "",
) -> Job:
    """A job for which *files* become nodes. *document*: makes its document of its id and the ids of these nodes.

    *told*: by which, with the files, a repeated request is recognised. *job_id*: its id, if it is to have a certain
    one. *token*: its data token. If it is refused, or the daemon is killed before it is there, the nodes are deleted.
    """
    job_id = job_id or new_id()
    contents = [(path, one if isinstance(one, str) else one.md5) for path, one in files.items()]

    jobs = context.engine.jobs

    async def prepared(nodes: Mapping[str, str]) -> Submission:
        for path, file in files.items():
            await unbroken(_make_node(context, call.user, path, file, nodes[path]))  # before it is deleted
        return await context.reading(
            call.user,
            read_submission,
            document(job_id, nodes),
            now=context.now(),
            new_id=new_id,
            own_hosts=context.hosts.known(call.request),
            limits=context.document_limits,
        )

    async def make(key: SubmissionKey | None) -> Job:
        nodes = {path: new_id() for path in files}
        expected = await jobs.expect(job_id, call.user, nodes.values())
        try:
            submission = await prepared(nodes)
        except BaseException:  # also if the client left
            jobs.give_up(expected)
            raise
        try:
            return await stored(context, call, submission, token, key, expected=expected)
        except AwedError:  # no other: the job is made also if the client leaves
            jobs.give_up(expected)
            raise

    return await once(context, call, msgspec.json.encode(contents) + told, job_id, make)


async def _outline(context: Context, user: User, asked: Asked) -> Outline:
    """What the workflow has to run. One that is fetched from a URL is left to the runner."""
    workflow = asked.files[asked.workflow]
    if isinstance(workflow, str):
        return Outline(short(asked.entrypoint), "")
    body = await workflow.read(LARGEST)
    return await context.reading(user, outline, body, asked.what, asked.entrypoint, context.document_limits)


async def _make_node(context: Context, user: User, path: str, file: Part | str, node_id: str) -> None:
    """Make a node with *file*."""
    change = Change(fill=FromUrl(file) if isinstance(file, str) else Whole(file), file_name=path.rpartition("/")[2])
    try:
        await context.nodes.create(user, change, node_id)
    except Invalid as error:
        raise Invalid(*(f"{file if isinstance(file, str) else path}: {text}" for text in error.texts)) from None
