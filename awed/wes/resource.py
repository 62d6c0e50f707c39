"""``/ga4gh/wes/v1``: the Workflow Execution Service of GA4GH, version 1.1."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Struct, structs
from twisted.web.iweb import IRequest

from awed.api.context import Context, Resource
from awed.api.rights import a_job, may, to
from awed.api.runs import Asked, Files, make_run, make_with_files
from awed.auth.rights import reader
from awed.model.access import User
from awed.model.errors import Invalid, JobNotFound, NotFound, TooLarge, Unauthorized
from awed.model.job import Job
from awed.model.node import NODE_ID
from awed.model.records import JobRecord
from awed.model.states import UNFINISHED, JobState
from awed.store.interface import JobQuery
from awed.tes.paging import next_token, placed, read_token
from awed.tes.resource import MOST, USUAL, Problem, TesResource, V1Resource, told
from awed.tx.files import Pieces
from awed.web.calls import Call, Calls
from awed.web.envelope import send_json
from awed.web.form import Form
from awed.web.kinds import count
from awed.web.streaming import listed
from awed.web.traits import Traits, bare
from awed.wes.info import WesServiceInfo, service_info
from awed.wes.request import (
    ATTACHMENT,
    CWL,
    FETCHED,
    SERVICE,
    Read,
    RunRequest,
    awe_document,
    inputs_in,
    read_request,
)
from awed.wes.views import (
    STATES,
    RunSummary,
    WesRunLog,
    WesTaskLog,
    is_cwl,
    is_run,
    output_node,
    outputs_of,
    request_of,
    run_log,
    state_of,
    step_log,
    summary,
    task_log,
)
from awed.workflow.cwl import LARGEST
from awed.workflow.reader import DocumentLimits
from awed.workflow.run import Options

BASE = "/wes/v1"
"""The prefix of the service's paths, below ``/ga4gh``."""

LARGEST_REQUEST = 256 << 20
"""The most bytes of a request with its attachments."""

_NODE = re.compile(rf'("location"\s*:\s*"https?://[^"?#]+/node/{NODE_ID.pattern})"'.encode())
"""Matches the location of a file, as the runner says it: the address of a node, not that of its content."""

PAGE = Annotated[int, count(), "How many at most, 2048 at most."]
TOKEN = Annotated[str, "The next_page_token of the page before."]


class RunId(Struct):
    """The answer to a request for a run."""

    run_id: str


class RunStatus(Struct):
    """The state of a run."""

    run_id: str
    state: str


class RunList(Struct):
    """A page of runs. *total_runs*: how many there are in all."""

    runs: list[RunSummary]
    next_page_token: str
    total_runs: int


class WesTaskList(Struct):
    """A page of the tasks of a run."""

    task_logs: list[WesTaskLog]
    next_page_token: str


class ErrorResponse(Struct):
    """The answer to a request that was refused or failed."""

    msg: str
    status_code: int


class WesResource(Resource):
    """The runs that the caller may read."""

    calls = Calls[Context]()
    is_listed = False

    @calls(f"GET {BASE}/service-info", told(may("read")))
    async def wes_info(self, call: Call[None]) -> WesServiceInfo:
        """The description of the service."""
        about, url = self.context.about, self.context.hosts.base(call.request)
        counts = await self._counts(call.user)
        return service_info(self.engine.server_uuid, about.title, url, about.contact, counts)

    @calls(f"GET {BASE}/runs", told(may("read")))
    async def runs(self, call: Call[None], *, page_size: PAGE = USUAL, page_token: TOKEN = "") -> RunList:
        """A page of the runs that this service made, the newest first."""
        query = _runs(call.user, limit=min(page_size or USUAL, MOST))
        query = await placed(self.engine, query, page_token)
        page = await self.engine.jobs.heads(query)
        shown = [summary(record.job) for record in page.records]
        return RunList(shown, next_token(query, page.total), page.total)

    @calls(f"POST {BASE}/runs", told(may("write")))
    async def run(
        self,
        call: Call[None],
        *,
        form: Annotated[Form, (*RunRequest.__struct_fields__, ATTACHMENT)],
    ) -> RunId:
        """Run a workflow. Requests with the same ``Idempotency-Key`` make one run."""
        context = self.context

        async def inputs(body: bytes) -> dict[str, Any]:
            return await context.reading(call.user, inputs_in, body, context.document_limits)

        read = await read_request(form, inputs)
        make = self._cwl if read.request.workflow_type == CWL else self._awe
        return RunId((await make(call, read)).id)

    @calls(f"GET {BASE}/runs/<job_id>", told(to("read", a_job)))
    async def run_log(self, call: Call[JobRecord]) -> WesRunLog:
        """A run, with its outputs."""
        job, base = _required(call.thing.job), self.context.hosts.base(call.request)
        if is_cwl(job):
            outputs = await self._outputs(job, call.user)
        else:
            outputs = await self.context.in_thread(outputs_of, job, base)
        return WesRunLog(
            job.id,
            request_of(job),
            state_of(job),
            run_log(job, base),
            f"{base}/ga4gh{BASE}/runs/{job.id}/tasks",
            outputs,
        )

    @calls(f"GET {BASE}/runs/<job_id>/status", told(to("read", a_job)))
    async def run_status(self, call: Call[JobRecord]) -> RunStatus:
        """The state of a run."""
        job = _required(call.thing.job)
        return RunStatus(job.id, state_of(job))

    @calls(f"POST {BASE}/runs/<job_id>/cancel", told(to("delete", a_job)))
    async def cancel_run(self, call: Call[JobRecord]) -> RunId:
        """Cancel a run, with its steps. One that has ended stays as it is."""
        job = _required(call.thing.job)
        if job.state in UNFINISHED and job.error is None:
            await self.engine.jobs.delete(job.id, full=False)
        return RunId(job.id)

    @calls(f"GET {BASE}/runs/<job_id>/tasks", told(to("read", a_job)))
    async def tasks(self, call: Call[JobRecord], *, page_size: PAGE = USUAL, page_token: TOKEN = "") -> WesTaskList:
        """A page of the tasks of a run, the newest first: of CWL the steps, else the tasks of the job."""
        job, base = _required(call.thing.job), self.context.hosts.base(call.request)
        size = min(page_size or USUAL, MOST)
        if not is_cwl(job):
            first = read_token(page_token)
            some = [task_log(job, task, base) for task in job.tasks[first : first + size]]
            return WesTaskList(some, str(first + size) if first + size < len(job.tasks) else "")
        query = await placed(self.engine, structs.replace(_steps(job.id, call.user), limit=size), page_token)
        jobs, total = await self.engine.jobs.page(query)
        return WesTaskList(listed(_step_logs(jobs, base)), next_token(query, total))

    @calls(f"GET {BASE}/runs/<job_id>/tasks/<task_id>", told(to("read", a_job)))
    async def task(self, call: Call[JobRecord], task_id: str) -> WesTaskLog:
        """A task of a run."""
        job, base = _required(call.thing.job), self.context.hosts.base(call.request)
        absent = NotFound(f"run {job.id} has no task {task_id}")
        if not is_cwl(job):
            log = next((log for task in job.tasks if (log := task_log(job, task, base)).id == task_id), None)
            if log is None:
                raise absent
            return log
        jobs, _ = await self.engine.jobs.page(structs.replace(_steps(job.id, call.user), ids=(task_id,)))
        async for step in _step_logs(jobs, base):
            return step
        raise absent

    async def _cwl(self, call: Call[None], read: Read) -> Job:
        path, entrypoint = read.workflow
        is_attached = path in read.attachments
        if not is_attached and FETCHED in read.attachments:
            raise Invalid(f"{FETCHED} is the name of the file with the workflow of a URL, no attachment can have it")
        files: Files = {**read.attachments, **({} if is_attached else {FETCHED: path})}
        workflow = path if is_attached else FETCHED
        asked = Asked(
            workflow, f"workflow_url: {path}", entrypoint, files, read.order, read.info, read.parameters.options
        )
        return await make_run(self.context, call, asked)

    async def _awe(self, call: Call[None], read: Read) -> Job:
        path, entrypoint = read.workflow
        if path not in read.attachments or entrypoint:
            raise Invalid(f"workflow_url: a job document must be an attachment, found: {read.request.workflow_url}")
        if read.order is not None:
            raise Invalid("workflow_params: job documents have no parameters")
        if read.parameters.options != Options():
            raise Invalid(f"workflow_engine_parameters: {', '.join(Options.__struct_fields__)} are of CWL alone")
        body = await read.attachments[path].read(LARGEST_REQUEST)
        document = await self.context.reading(call.user, awe_document, body, read, self.context.document_limits)
        files = {name: part for name, part in read.attachments.items() if name != path}
        told = body + msgspec.json.encode(read.info)
        return await make_with_files(self.context, call, files, told, document)

    async def _counts(self, user: User) -> dict[str, int]:
        """How many runs are in each state. Those that are suspended are counted as paused."""
        found = {}
        for state, states in {**STATES, "PAUSED": (JobState.SUSPEND,)}.items():
            page = await self.engine.jobs.heads(structs.replace(_runs(user, limit=1), states=states))
            found[state] = page.total
        return found

    async def _outputs(self, job: Job, user: User) -> dict[str, Any]:
        """The output object of a CWL run; empty if there is none, or *user* may not read it."""
        node = output_node(job)
        try:
            _, slices = await self.context.nodes.content(node, user) if node else (None, [])
        except (NotFound, Unauthorized):
            return {}
        body = await self.context.in_thread(Pieces(slices).read, LARGEST)
        return await self.context.reading(user, _outputs_in, body, self.context.document_limits)


def _outputs_in(body: bytes, limits: DocumentLimits) -> Any:
    """The output object in *body*, as JSON, which a worker may have made; an empty one if there is none."""
    try:
        limits.admit(body)
        msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TooLarge):
        return {}
    return msgspec.Raw(_NODE.sub(rb'\1?download"', body))


def _runs(user: User, limit: int) -> JobQuery:
    return JobQuery(fields={"info.service": [SERVICE]}, reader=reader(user), order="info.submittime", limit=limit)


def _steps(run_id: str, user: User) -> JobQuery:
    return JobQuery(fields={"info.parent": [run_id]}, reader=reader(user), order="info.submittime")


async def _step_logs(jobs: AsyncIterator[Job], base: str) -> AsyncIterator[WesTaskLog]:
    async for job in jobs:
        yield step_log(job, base)


def _required(job: Job) -> Job:
    """*job*, which must be a run. Raises :class:`~awed.model.errors.JobNotFound`."""
    if not is_run(job):
        raise JobNotFound(job.id)
    return job


def _failed(request: IRequest, status: int, texts: Sequence[str]) -> bytes:
    """The error in the form of the service that was asked."""
    text = "; ".join(texts)
    is_wes = request.path.startswith(f"/ga4gh{BASE}".encode())
    return send_json(request, ErrorResponse(text, status) if is_wes else Problem(status, text), status)


class Ga4ghResource(TesResource, WesResource):
    """The services of GA4GH, which have one collection as the first part of their paths is the same."""

    calls = Calls[Context]((*TesResource.calls, *WesResource.calls))
    traits = Traits(
        body_limit=LARGEST_REQUEST,
        wrap=bare,
        answer_error=_failed,
        error_types={f"/ga4gh{BASE}": ErrorResponse, "": Problem},
    )


GA4GH: Mapping[str, type[Resource]] = {"ga4gh": Ga4ghResource, "v1": V1Resource}
"""The collections, by name."""
