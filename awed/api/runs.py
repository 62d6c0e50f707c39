"""Makes the jobs of runs: their files become nodes of the submitter."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct

from awed.api.context import Context
from awed.api.submission import once, only_steps, stored
from awed.model.access import User
from awed.model.errors import AwedError, Invalid, NotFound
from awed.model.ids import new_id
from awed.model.job import Job
from awed.model.records import SubmissionKey
from awed.nodes.change import Change, FromUrl, Whole
from awed.web.calls import Call
from awed.web.form import Part
from awed.workflow.cwl import LARGEST, Outline, check_order, outline, short
from awed.workflow.reader import read_submission
from awed.workflow.run import ORDER, Run, run_document


class Asked(Struct, frozen=True):
    """A run that was asked for. *workflow*: the file that has it, in errors called *what*. *files*: by path in the
    directory of the run, parts of the form, or the URL of the workflow. *order*: the inputs of the workflow, if any.
    *info*: more of the info of its job.
    """

    workflow: str
    what: str
    entrypoint: str
    files: Mapping[str, Part | str]
    order: Part | None
    info: Mapping[str, Any]


async def make_run(context: Context, call: Call[None], asked: Asked, token: str = "") -> Job:
    """The job of a run. *token*: its data token. Raises :class:`~awed.model.errors.Invalid`."""
    if call.user.run:
        raise only_steps()
    found = await _outline(context, call.user, asked)
    if asked.order is not None:
        body = await asked.order.read(LARGEST)
        await context.reading(call.user, check_order, body, asked.order.name, context.document_limits)
        if ORDER in asked.files:
            raise Invalid(f"{ORDER} is the name of the file with the inputs, no attachment can have it")
    files = {**asked.files, **({ORDER: asked.order} if asked.order else {})}
    told = [(path, one if isinstance(one, str) else one.md5) for path, one in files.items()]
    digest = msgspec.json.encode([told, asked.workflow, found.entrypoint, asked.info])
    job_id = new_id()

    async def make(key: SubmissionKey | None) -> Job:
        nodes: dict[str, str] = {}
        try:
            for path, file in files.items():
                nodes[path] = await _node(context, call.user, path, file)
            info = {"name": found.name or asked.workflow, **asked.info}
            run = Run(asked.workflow, found.entrypoint, nodes, info)
            document = msgspec.json.encode(run_document(run, job_id, context.run_token(job_id)))
            submission = read_submission(
                document,
                now=context.now(),
                new_id=new_id,
                own_hosts=context.hosts.known(call.request),
                limits=context.document_limits,
            )
            return await stored(context, call, submission, token, key)
        except AwedError:
            await _forget(context, call.user, nodes)
            raise

    return await once(context, call, digest, job_id, make)


async def _outline(context: Context, user: User, asked: Asked) -> Outline:
    """What the workflow has to run. One that is fetched from a URL is left to the runner."""
    workflow = asked.files[asked.workflow]
    if isinstance(workflow, str):
        return Outline(short(asked.entrypoint), "")
    body = await workflow.read(LARGEST)
    return await context.reading(user, outline, body, asked.what, asked.entrypoint, context.document_limits)


async def _node(context: Context, user: User, path: str, file: Part | str) -> str:
    """The id of a new node with *file*."""
    change = Change(fill=FromUrl(file) if isinstance(file, str) else Whole(file), file_name=path.rpartition("/")[2])
    return (await context.nodes.create(user, change)).id


async def _forget(context: Context, user: User, nodes: Mapping[str, str]) -> None:
    for node_id in nodes.values():
        with suppress(NotFound):
            await context.nodes.delete(node_id, user)
