"""``/job``: submit, import, list, show and delete jobs. :mod:`awed.api.job_changes` has the changes of a job."""

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Struct

from awed.api.acl import ALL, AclUsers, acl_change
from awed.api.context import Context
from awed.api.crate import Zip, send_crate
from awed.api.job_changes import JobChanges
from awed.api.job_query import FIELD, JobList
from awed.api.job_views import JobLogs, JobPerf, MinimalJob, minimal, whole, with_logs, with_perf
from awed.api.rights import ADMIN, a_head, a_job, may, to, to_step
from awed.api.runs import Asked, make_run
from awed.api.submission import check, once, only_steps, submit
from awed.auth.rights import changed_by
from awed.model.access import Acl, User
from awed.model.errors import Invalid, JobNotFound
from awed.model.job import Job
from awed.model.reasons import Explained
from awed.model.records import JobRecord, SubmissionKey
from awed.model.remarks import Checked, Remark
from awed.model.states import JobState
from awed.web.arguments import Rest
from awed.web.calls import Call, Calls
from awed.web.form import Part
from awed.web.params import header
from awed.web.streaming import listed
from awed.wire.envelope import Page, Warned
from awed.wire.jobs import JobLine, line_of
from awed.workflow.reader import read_import
from awed.workflow.run import Options

NO_DOCUMENT = "No job script or awf is submitted"

WORKFLOW = "workflow.cwl"
"""The file of a run that has the part ``cwl``."""

Full = Annotated[bool, "Remove document, logs and files as well."]


class CwlParts(Struct, frozen=True):
    """The parts with which the submitter of the original sends CWL, and how its steps are run."""

    cwl: Annotated[Part | None, "A process in CWL 1.0 to 1.2, packed if it has several files: makes a run."] = None
    job: Annotated[Part | None, "Its inputs, in JSON or YAML."] = None
    entrypoint: Annotated[Part | None, "Which process of a packed document is run, if not main."] = None
    CLIENT_GROUP: Annotated[Part | None, "The client groups whose workers may run it."] = None
    no_container: Annotated[Part | None, "Whether its steps run without the images that their tools name."] = None
    default_container: Annotated[Part | None, "The image of steps whose tools name none."] = None
    reuse: Annotated[Part | None, "Whether results of equal steps of the caller's other runs will do."] = None
    expire: Annotated[Part | None, "After how long the nodes that its steps make are deleted: M, H, D."] = None

    def asked(self, cwl: Part) -> Asked:
        """What is asked for. Raises :class:`~awed.model.errors.Invalid` for texts that are none."""
        names = ("entrypoint", "CLIENT_GROUP", *Options.__struct_fields__)
        texts = {name: part.text() if (part := getattr(self, name)) else "" for name in names}
        entrypoint, info = texts.pop("entrypoint"), {"clientgroups": texts.pop("CLIENT_GROUP")}
        return Asked(WORKFLOW, "part cwl", entrypoint, {WORKFLOW: cwl}, self.job, info, Options.said(texts))


class JobResource(JobChanges):
    """The jobs that the caller may see or change."""

    calls = Calls[Context](JobChanges.calls)

    @calls("POST /", may("write", runners=True))
    async def submit(
        self,
        call: Call[None],
        *,
        upload: Annotated[Part | None, "A workflow."] = None,
        import_: Annotated[Part | None, "A finished job."] = None,
        cwl: CwlParts,
        awf: Annotated[Part | None, "Not taken here."] = None,
    ) -> Job | Warned[Job]:
        """Submit a workflow, or import a finished job. Requests with the same ``Idempotency-Key`` make one job."""
        token = header(call.request, b"datatoken") or ""
        warnings: list[Remark] = []
        if upload is not None:
            job, warnings = await submit(self.context, call, await upload.read(upload.size), token)
        elif import_ is not None:
            job = await self._import(call, await import_.read(import_.size), token)
        elif cwl.cwl is not None:
            job = await make_run(self.context, call, cwl.asked(cwl.cwl), token)
            warnings = self.engine.checks.waits(job.id)
        elif awf is not None:
            raise Invalid("part awf: AWF is not taken here; a job document is sent as part upload")
        else:
            raise Invalid(NO_DOCUMENT)
        spend = upload is None and not self.engine.jobs.has(job.id)
        shown = whole(job, self.context.hosts.base(call.request), spend=spend)
        return Warned(200, shown, None, warnings) if warnings else shown

    @calls("POST /?check", may("write"))
    async def check(self, call: Call[None], *, upload: Annotated[Part | None, "A workflow."] = None) -> Checked:
        """Check a workflow without making a job: what is wrong with it, and what it would wait for."""
        if upload is None:
            raise Invalid(NO_DOCUMENT)
        token = header(call.request, b"datatoken") or ""
        return (await check(self.context, call, await upload.read(upload.size), token)).checked

    @calls("GET /", may("read", runners=True))
    async def index(
        self, call: Call[None], *, asked: JobList, fields: Rest
    ) -> Page[list[Job]] | Page[list[MinimalJob]] | Page[list[JobLine]]:
        """A page of jobs."""
        query = asked.query_for(call.user, fields)
        if asked.verbosity == "line":
            lines, total = await self.engine.jobs.lines(query)
            return asked.page(listed(line_of(job, *tasks) async for job, tasks in lines), total)
        jobs, total = await self.engine.jobs.page(query)
        if asked.verbosity == "minimal":
            turns = self.context.turns
            return asked.page(listed(await minimal(job, asked.userattr, turns) async for job in jobs), total)
        base = self.context.hosts.base(call.request)
        return asked.page(listed(whole(job, base, spend=True) async for job in jobs), total)

    @calls("GET /?distinct", may("read"))
    async def distinct(
        self,
        call: Call[None],
        *,
        distinct: Annotated[str, FIELD],
        asked: JobList,
        fields: Rest,
    ) -> list[Any]:
        """The distinct values of this field of info in the jobs that the other parameters select."""
        return await self.engine.jobs.distinct(f"info.{distinct}", asked.query_for(call.user, fields))

    @calls("GET /?explain", may("read"))
    async def explain_all(self, call: Call[None], *, asked: JobList, fields: Rest) -> Page[list[Explained]]:
        """Why each job of a page is not done."""
        jobs, total = await self.engine.jobs.page(asked.query_for(call.user, fields))
        return asked.page(listed(self._explained(job) async for job in jobs), total)

    @calls("GET /<job_id>?explain", to_step("read", a_head))
    async def explain(self, call: Call[JobRecord]) -> Explained:
        """Why a job is not done, and why each of its waiting tasks waits."""
        return self._explained(call.thing.job)

    @calls("GET /<job_id>", to_step("read", a_job))
    async def show(self, call: Call[JobRecord]) -> Job:
        """A job."""
        job = call.thing.job
        return whole(job, self.context.hosts.base(call.request), spend=not self.engine.jobs.has(job.id))

    @calls("GET /<job_id>?report", to_step("read", a_job))
    async def report(self, call: Call[JobRecord]) -> JobLogs:
        """The state of a job, with the logs of its workunits."""
        return with_logs(call.thing.job, await self.engine.jobs.reports(call.thing.job))

    @calls("GET /<job_id>?perf", to_step("read", a_job))
    async def perf(self, call: Call[JobRecord]) -> JobPerf:
        """The times and sizes of a job, its tasks and its workunits."""
        return with_perf(call.thing.job, await self.engine.jobs.perfs(call.thing.job.id))

    @calls("GET /<job_id>?crate", to("read", a_job))
    async def crate(self, call: Call[JobRecord]) -> Zip:
        """What a job ran, as a Workflow Run RO-Crate: its metadata and the job's document, zipped."""
        return await send_crate(self.context, call)

    @calls("GET /<job_id>?position", to("read", a_head))
    async def position(self, call: Call[JobRecord]) -> dict[str, int]:
        """The place of a job in the queue, from 1."""
        state = call.thing.job.state
        if state not in (JobState.QUEUED, JobState.IN_PROGRESS):
            raise Invalid(f"job is not queued or in-progress, job state:{state}")
        return {"position": self.engine.jobs.position(call.thing.job.id)}

    @calls("PUT /?recoverall", ADMIN)
    async def recover_all(self, call: Call[None]) -> str:
        """Load all unfinished jobs that the scheduler does not have; for administrators."""
        return f"{await self.engine.sweeps.recover()} missing jobs recovered"

    @calls("PUT /?resumeall", may("write"))
    async def resume_all(self, call: Call[None]) -> str:
        """Resume all suspended jobs of the caller."""
        return f"{await self.engine.sweeps.resume_suspended(_whose(call.user))} suspended jobs resumed"

    @calls("DELETE /?suspend", may("delete"))
    async def delete_suspended(self, call: Call[None], *, full: Full = False) -> str:
        """Delete all suspended jobs of the caller."""
        return f"deleted {await self.engine.sweeps.delete_suspended(_whose(call.user), full)} suspended jobs"

    @calls("DELETE /?zombie", may("delete"))
    async def delete_zombies(self, call: Call[None], *, full: Full = False) -> str:
        """Delete all jobs of the caller that are unfinished in the store and unknown to the scheduler."""
        return f"deleted {await self.engine.sweeps.delete_zombies(_whose(call.user), full)} zombie jobs"

    @calls("DELETE /<job_id>", to_step("delete", a_head))
    async def delete(self, call: Call[JobRecord], *, full: Full = False) -> str:
        """Delete a job and take its work out of the queue."""
        await self.engine.jobs.delete(call.thing.job.id, full=full)
        return f"job deleted: {call.thing.job.id}"

    @calls("GET /<job_id>/acl", to("read", a_head))
    @calls("GET /<job_id>/acl/<kind>", to("read", a_head))
    async def show_acl(self, call: Call[JobRecord], kind: str = ALL) -> Acl:
        """The ACL of a job."""
        return call.thing.acl

    @calls("PUT|POST|DELETE /<job_id>/acl/<kind>", may("write"))
    async def change_acl(self, call: Call[None], job_id: str, kind: str, *, users: AclUsers) -> Acl:
        """Give or take rights to a job."""
        change = changed_by(call.user, acl_change(call.request, kind, users), JobNotFound(job_id))
        return await self.engine.revisions.change_acl(job_id, change)

    def _explained(self, job: Job) -> Explained:
        explained, tasks = self.engine.reasons.job(job)
        explained.tasks = listed(tasks)
        return explained

    async def _import(self, call: Call[None], body: bytes, token: str) -> Job:
        now, limits = self.context.now(), self.context.document_limits
        if call.user.run:
            raise only_steps()
        job = await self.context.reading(call.user, read_import, body, now=now, limits=limits)

        def make(key: SubmissionKey | None) -> Awaitable[Job]:
            return self.engine.jobs.import_finished(job, call.user, token, len(body), key)

        return await once(self.context, call, body, job.id, make)


def _whose(user: User) -> str | None:
    """The user whose jobs an operation on all jobs is about: the caller, None (everybody) for administrators."""
    return None if user.admin else user.name
