"""``/job``: submit, import, list, look at, change, delete."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from awed.api.acl import ALL, acl_change
from awed.api.context import Context
from awed.api.hosts import uses_own_store
from awed.api.job_changes import JobChanges
from awed.api.job_query import distinct_path, job_query
from awed.api.job_views import minimal, whole, with_logs, with_perf
from awed.auth.rights import changed_by, reader, require, require_admin
from awed.model.access import PUBLIC, User, Verb
from awed.model.errors import Invalid
from awed.model.ids import new_id
from awed.model.job import Job
from awed.model.records import JobRecord
from awed.model.states import JobState
from awed.web.body import AwedRequest
from awed.web.envelope import answer
from awed.web.errors import new_app
from awed.web.params import Params, header, params_of
from awed.web.streaming import answer_long, answer_long_page, listed
from awed.workflow.locations import token_hosts
from awed.workflow.reader import read_import, read_submission


class JobResource:
    """The jobs that the caller may see or change."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine = context.engine
        self._turns = context.turns
        self._changes = JobChanges(context.engine, context.now)
        self._views: Mapping[str, Callable[[JobRecord], Awaitable[object]]] = {
            "report": self._report,
            "perf": self._perf,
            "position": self._position,
        }

    @app.route("/", methods=["POST"])
    async def submit(self, request: AwedRequest) -> bytes:
        """Submit a workflow, or import a finished job."""
        user = await self._context.user(request, "write")
        form = await request.form()
        upload, finished = form.get("upload"), form.get("import")
        token = header(request, b"datatoken") or ""
        if upload is not None:
            job = await self._submit(request, await upload.read(upload.size), user, token)
        elif finished is not None:
            job = await self._import(await finished.read(finished.size), user, token)
        else:
            raise Invalid("No job script or awf is submitted")
        return await self._whole(request, job)

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        """A page of jobs, or the distinct values of one of their fields."""
        user = await self._context.user(request, "read")
        params = params_of(request)
        if "distinct" in params:
            return answer(request, await self._engine.jobs.distinct(distinct_path(params), reader(user)))
        query = job_query(params, user)
        page = await self._engine.jobs.page(query)
        shown = self._listed(request, params, page.jobs)
        return await answer_long_page(
            request, shown, self._turns, limit=query.limit, offset=query.offset, total=page.total
        )

    @app.route("/<job_id>", methods=["GET"])
    async def show(self, request: AwedRequest, job_id: str) -> bytes:
        """A job; its logs, its times and sizes, or its place in the queue."""
        record = await self._allowed(request, job_id, "read")
        params = params_of(request)
        for name, view in self._views.items():
            if name in params:
                return await answer_long(request, await view(record), self._turns)
        return await self._whole(request, record.job)

    @app.route("/", methods=["PUT"])
    async def change_all(self, request: AwedRequest) -> bytes:
        """Resume all suspended jobs of the caller, or recover all that the scheduler does not have."""
        user = await self._context.user(request, "write")
        params = params_of(request)
        if "resumeall" in params:
            return answer(
                request, f"{await self._engine.sweeps.resume_suspended(_whose(user))} suspended jobs resumed"
            )
        if "recoverall" in params:
            require_admin(user)
            return answer(request, f"{await self._engine.sweeps.recover()} missing jobs recovered")
        raise Invalid("requested job operation not supported")

    @app.route("/<job_id>", methods=["PUT"])
    async def change(self, request: AwedRequest, job_id: str) -> bytes:
        """Change a job by one of the operations."""
        await self._allowed(request, job_id, "write")
        return answer(request, await self._changes.change(job_id, request))

    @app.route("/", methods=["DELETE"])
    async def delete_all(self, request: AwedRequest) -> bytes:
        """Delete the caller's suspended jobs, or those that the scheduler does not have."""
        user = await self._context.user(request, "delete")
        params = params_of(request)
        full = "full" in params
        if "suspend" in params:
            count = await self._engine.sweeps.delete_suspended(_whose(user), full)
            return answer(request, f"deleted {count} suspended jobs")
        if "zombie" in params:
            return answer(
                request, f"deleted {await self._engine.sweeps.delete_zombies(_whose(user), full)} zombie jobs"
            )
        raise Invalid("requested job operation not supported")

    @app.route("/<job_id>", methods=["DELETE"])
    async def delete(self, request: AwedRequest, job_id: str) -> bytes:
        """Delete a job; its work leaves the queue."""
        await self._allowed(request, job_id, "delete")
        await self._engine.jobs.delete(job_id, full="full" in params_of(request))
        return answer(request, f"job deleted: {job_id}")

    @app.route("/<job_id>/acl", methods=["GET"])
    @app.route("/<job_id>/acl/<kind>", methods=["GET"])
    async def show_acl(self, request: AwedRequest, job_id: str, kind: str = ALL) -> bytes:
        """Who may do what with a job."""
        return answer(request, (await self._allowed(request, job_id, "read")).acl)

    @app.route("/<job_id>/acl/<kind>", methods=["PUT", "POST", "DELETE"])
    async def change_acl(self, request: AwedRequest, job_id: str, kind: str) -> bytes:
        """Give or take rights to a job."""
        user = await self._context.user(request, "write")
        change = changed_by(user, await acl_change(request, kind))
        return answer(request, await self._engine.revisions.change_acl(job_id, change))

    async def _submit(self, request: AwedRequest, document: bytes, user: User, token: str) -> Job:
        submission = await self._context.in_thread(
            read_submission,
            document,
            now=self._context.now(),
            new_id=new_id,
            own_hosts=self._context.hosts.known(request),
            limits=self._context.document_limits,
        )
        hosts = token_hosts(submission.job) if token else []
        if not token and user.name != PUBLIC and uses_own_store(submission.job):
            token = self._context.job_token(submission.job.id)
        return await self._engine.jobs.submit(submission, user, token, hosts)

    async def _import(self, document: bytes, user: User, token: str) -> Job:
        job = await self._context.in_thread(
            read_import, document, now=self._context.now(), limits=self._context.document_limits
        )
        await self._engine.jobs.import_finished(job, user)
        if token:
            await self._engine.revisions.set_token(job.id, token)
        return (await self._engine.jobs.get(job.id)).job

    def _listed(self, request: AwedRequest, params: Params, jobs: Sequence[Job]) -> Sequence[object]:
        if params.choice("verbosity", ("full", "minimal"), "full") == "minimal":
            attributes = params.texts("userattr")
            return listed(minimal(job, attributes) for job in jobs)
        base = self._context.hosts.base(request)
        return listed(whole(job, base) for job in jobs)

    async def _whole(self, request: AwedRequest, job: Job) -> bytes:
        return await answer_long(request, whole(job, self._context.hosts.base(request)), self._turns)

    async def _allowed(self, request: AwedRequest, job_id: str, verb: Verb) -> JobRecord:
        """The job, if who makes *request* has this right to it."""
        user = await self._context.user(request, verb)
        record = await self._engine.jobs.get(job_id)
        require(user, verb, record.acl)
        return record

    async def _report(self, record: JobRecord) -> object:
        reports = self._turns(await self._engine.jobs.reports(record.job.id))
        return with_logs(record.job, {report.wuid: report async for report in reports})

    async def _perf(self, record: JobRecord) -> object:
        return with_perf(record.job, await self._engine.jobs.reports(record.job.id))

    async def _position(self, record: JobRecord) -> object:
        if record.job.state not in (JobState.QUEUED, JobState.IN_PROGRESS):
            raise Invalid(f"job is not queued or in-progress, job state:{record.job.state}")
        return {"position": self._engine.jobs.position(record.job.id)}


def _whose(user: User) -> str | None:
    """Whose jobs an operation on all jobs concerns: the caller's own, or everybody's for an admin."""
    return None if user.admin else user.name
