"""``/job``: submit, look, suspend, resume, delete."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from awed.api.body import AwedRequest
from awed.api.context import Context
from awed.api.envelope import answer, answer_page
from awed.api.errors import new_app
from awed.api.hosts import shown_job
from awed.api.job_query import distinct_path, job_query, reader
from awed.api.job_views import minimal, with_logs, with_perf
from awed.api.params import Params, params_of
from awed.api.rights import Verb, require
from awed.model.errors import Invalid
from awed.model.ids import new_id
from awed.model.job import Job
from awed.model.records import JobRecord
from awed.workflow.reader import read_submission

DOCUMENT_LIMIT = 256 * 1024 * 1024
"""Bytes that a workflow document may have."""


class JobResource:
    """The jobs that the caller may see or change."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine = context.engine
        self._changes: Mapping[str, Callable[[str, Params], Awaitable[str]]] = {
            "suspend": self._suspend,
            "resume": self._resume,
        }
        self._views: Mapping[str, Callable[[JobRecord], Awaitable[object]]] = {
            "report": self._report,
            "perf": self._perf,
        }

    @app.route("/", methods=["POST"])
    async def submit(self, request: AwedRequest) -> bytes:
        user = await self._context.user(request, "write")
        part = (await request.form()).get("upload")
        if part is None:
            raise Invalid("No job script or awf is submitted")
        document = await part.read(DOCUMENT_LIMIT)
        submission = await self._context.in_thread(
            read_submission,
            document,
            now=self._context.now(),
            new_id=new_id,
            own_hosts=self._context.hosts.known(request),
        )
        job = await self._engine.submit(submission, user, request.getHeader("datatoken") or "")
        return answer(request, shown_job(job, self._context.hosts.base(request)))

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        user = await self._context.user(request, "read")
        params = params_of(request)
        if "distinct" in params:
            return answer(request, await self._engine.distinct(distinct_path(params), reader(user)))
        query = job_query(params, user)
        page = await self._engine.jobs(query)
        return answer_page(request, self._listed(request, params, page.jobs), query.limit, query.offset, page.total)

    @app.route("/<job_id>", methods=["GET"])
    async def show(self, request: AwedRequest, job_id: str) -> bytes:
        record = await self._allowed(request, job_id, "read")
        params = params_of(request)
        for name, view in self._views.items():
            if name in params:
                return answer(request, await view(record))
        return answer(request, shown_job(record.job, self._context.hosts.base(request)))

    @app.route("/<job_id>", methods=["PUT"])
    async def change(self, request: AwedRequest, job_id: str) -> bytes:
        await self._allowed(request, job_id, "write")
        params = params_of(request)
        for name, change in self._changes.items():
            if name in params:
                return answer(request, await change(job_id, params))
        raise Invalid("requested job operation not supported")

    @app.route("/<job_id>", methods=["DELETE"])
    async def delete(self, request: AwedRequest, job_id: str) -> bytes:
        await self._allowed(request, job_id, "delete")
        await self._engine.delete_job(job_id, full="full" in params_of(request))
        return answer(request, f"job deleted: {job_id}")

    def _listed(self, request: AwedRequest, params: Params, jobs: Sequence[Job]) -> Sequence[object]:
        if params.choice("verbosity", ("full", "minimal"), "full") == "minimal":
            return [minimal(job, params.texts("userattr")) for job in jobs]
        base = self._context.hosts.base(request)
        return [shown_job(job, base) for job in jobs]

    async def _allowed(self, request: AwedRequest, job_id: str, verb: Verb) -> JobRecord:
        """The job, if who makes *request* has this right to it."""
        user = await self._context.user(request, verb)
        record = await self._engine.job(job_id)
        require(user, verb, record.acl)
        return record

    async def _report(self, record: JobRecord) -> object:
        return with_logs(record.job, await self._engine.reports(record.job.id))

    async def _perf(self, record: JobRecord) -> object:
        return with_perf(record.job, await self._engine.reports(record.job.id))

    async def _suspend(self, job_id: str, params: Params) -> str:
        await self._engine.suspend_job(job_id)
        return f"job suspended: {job_id}"

    async def _resume(self, job_id: str, params: Params) -> str:
        await self._engine.resume_job(job_id)
        return f"job resumed: {job_id}"
