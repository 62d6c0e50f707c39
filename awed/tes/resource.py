"""``/ga4gh/tes/v1``: the Task Execution Service of GA4GH, version 1.1."""

from collections.abc import AsyncIterator, Sequence
from itertools import zip_longest
from typing import Annotated, TypeVar

from msgspec import Struct, structs
from twisted.web.iweb import IRequest

from awed import __version__
from awed.api.context import Context, Resource
from awed.api.rights import a_job, may, to_step
from awed.api.submission import make_job
from awed.auth.rights import reader
from awed.model.access import User
from awed.model.errors import JobNotFound
from awed.model.ids import WorkId, new_id
from awed.model.job import Job
from awed.model.records import JobRecord
from awed.model.tes import APP, TesTask
from awed.store.interface import JobQuery
from awed.tes.document import PARAMETERS, offered, read_task
from awed.tes.paging import next_token, placed
from awed.tes.views import STATES, UNENDED, UNUSED, ShownTask, View, minimal, state_of, task_of, whole
from awed.web.arguments import Body
from awed.web.calls import Asked, Call, Calls, Right
from awed.web.envelope import send_json
from awed.web.kinds import count, word
from awed.web.params import change_header, header
from awed.web.streaming import listed
from awed.web.traits import Traits, bare

BASE = "/tes/v1"
"""The prefix of the service's paths, below ``/ga4gh``."""

LARGEST = 8 << 20
"""The most bytes of a task's document."""

MOST = 2048
"""The most tasks of a page, however many are asked for."""

USUAL = 256
"""Tasks of a page, unless the request says how many."""

NOBODY = "Basic Tm9uZTpOb25l"
"""The ``Authorization`` that py-tes sends without credentials: user ``None``, password ``None``."""

ABOUT = "An AWE server. Tasks are jobs of one task."

T = TypeVar("T")


class Id(Struct):
    """The answer to a submission."""

    id: str


class Done(Struct):
    """The answer to a cancellation."""


class ServiceType(Struct, frozen=True):
    """The type of the service, in its description."""

    group: str = "org.ga4gh"
    artifact: str = "tes"
    version: str = "1.1.0"


class Organization(Struct):
    """The organization that runs the service, in its description."""

    name: str
    url: str


class ServiceInfo(Struct, rename={"parameters": "tesResources_backend_parameters", "contact": "contactUrl"}):
    """The description of the service."""

    id: str
    name: str
    organization: Organization
    storage: list[str]
    parameters: list[str]
    version: str = __version__
    type: ServiceType = ServiceType()
    description: str = ABOUT
    contact: str | None = None


class OldServiceInfo(Struct):
    """The description of the service in the form of TES 0.4."""

    name: str
    doc: str
    storage: list[str]


class TaskList(Struct, omit_defaults=True):
    """A page of tasks."""

    tasks: list[ShownTask]
    next_page_token: str = ""


class Problem(Struct):
    """The answer to a request that was refused or failed."""

    status: int
    message: str


def _failed(request: IRequest, status: int, texts: Sequence[str]) -> bytes:
    return send_json(request, Problem(status, "; ".join(texts)), status)


def told(right: Right[Context, T]) -> Right[Context, T]:
    """*right*, with the header NOBODY of py-tes taken for no credentials."""

    async def grant(context: Context, asked: Asked) -> Call[T]:
        if header(asked.request, b"authorization") == NOBODY:
            change_header(asked.request, b"authorization", None)
        return await right.grant(context, asked)

    return Right(grant, right.query)


class Selection(Struct, frozen=True):
    """The conditions for tasks of a list."""

    name_prefix: Annotated[str, "Only tasks whose name begins like this."] = ""
    state: Annotated[str, word(["", *STATES, *UNUSED]), "Only tasks in this state."] = ""
    tag_key: Annotated[list[str], "Only tasks with this tag, repeatable."] = []
    tag_value: Annotated[list[str], "The value of the tag at the same place, any if it is missing or empty."] = []

    def states(self) -> tuple[str, ...]:
        """The states of the jobs of these tasks; empty for any state."""
        return STATES.get(self.state, ())

    def has(self, job: Job, task: TesTask, state: str) -> bool:
        """Whether *task*, of *job* and in this *state*, meets the conditions."""
        pairs = zip_longest(self.tag_key, self.tag_value[: len(self.tag_key)], fillvalue="")
        return (
            self.state in ("", state)
            and job.info.name.startswith(self.name_prefix)
            and all(key in task.tags and value in ("", task.tags[key]) for key, value in pairs)
        )


class TesResource(Resource):
    """The tasks that the caller may read."""

    calls = Calls[Context]()
    traits = Traits(body_limit=LARGEST, wrap=bare, answer_error=_failed, error_types={"": Problem})
    is_listed = False

    @calls(f"GET {BASE}/service-info", told(may("read")))
    async def service_info(self, call: Call[None]) -> ServiceInfo:
        """The description of the service."""
        about, url = self.context.about, self.context.hosts.base(call.request)
        return ServiceInfo(
            id=self.engine.server_uuid,
            name=about.title,
            organization=Organization(about.title, url),
            storage=about.storage,
            parameters=sorted({*PARAMETERS, *self._kinds(call.user)}),
            contact=f"mailto:{about.contact}" if about.contact else None,
        )

    @calls(f"GET {BASE}/tasks/service-info", told(may("read")))
    async def old_service_info(self, call: Call[None]) -> OldServiceInfo:
        """The description of the service, for clients of TES 0.4."""
        return OldServiceInfo(self.context.about.title, ABOUT, self.context.about.storage)

    @calls(f"POST {BASE}/tasks", told(may("write", runners=True)))
    async def create(self, call: Call[None], *, body: Annotated[bytes, Body(LARGEST, TesTask)]) -> Id:
        """Submit a task. Requests with the same ``Idempotency-Key`` make one."""
        context = self.context
        submission = await context.reading(
            call.user,
            read_task,
            body,
            self._kinds(),
            now=context.now(),
            new_id=new_id,
            own_hosts=context.hosts.known(call.request),
            limits=context.document_limits,
        )
        return Id((await make_job(context, call, body, submission)).id)

    @calls(f"GET {BASE}/tasks", told(may("read")))
    async def index(
        self,
        call: Call[None],
        *,
        selection: Selection,
        view: Annotated[View, "How much is shown of each."] = "MINIMAL",
        page_size: Annotated[int, count(), "How many at most, 2048 at most."] = USUAL,
        page_token: Annotated[str, "The next_page_token of the page before."] = "",
    ) -> TaskList:
        """A page of tasks, the newest first."""
        size = min(page_size or USUAL, MOST)
        if selection.state in UNUSED:
            return TaskList([])
        query = JobQuery(
            states=STATES.get(selection.state, ()),
            fields={"info.service": [APP]},
            words=(selection.name_prefix,) if selection.name_prefix else (),
            reader=reader(call.user),
            order="info.submittime",
            limit=size,
        )
        query = await placed(self.engine, query, page_token)
        jobs, total = await self.engine.jobs.page(query)
        tasks = listed(self._listed(jobs, selection, view, self.context.hosts.base(call.request)))
        return TaskList(tasks, next_token(query, total))

    @calls(f"GET {BASE}/tasks/<job_id>", told(to_step("read", a_job)))
    async def show(
        self, call: Call[JobRecord], *, view: Annotated[View, "How much is shown."] = "MINIMAL"
    ) -> ShownTask:
        """A task."""
        job = call.thing.job
        task = _required(job)
        return await self._shown(job, task, self._state(job), view, self.context.hosts.base(call.request))

    @calls(f"POST {BASE}/tasks/<job_id>:cancel", told(to_step("delete", a_job)))
    async def cancel(self, call: Call[JobRecord]) -> Done:
        """Cancel a task. One that has ended stays as it is."""
        job = call.thing.job
        _required(job)
        if self._state(job) in UNENDED:
            await self.engine.jobs.delete(job.id, full=False)
        return Done()

    async def _listed(
        self, jobs: AsyncIterator[Job], selection: Selection, view: View, base: str
    ) -> AsyncIterator[ShownTask]:
        async for job in jobs:
            task, state = task_of(job), self._state(job)
            if task is not None and selection.has(job, task, state):
                yield await self._shown(job, task, state, view, base)

    async def _shown(self, job: Job, task: TesTask, state: str, view: View, base: str) -> ShownTask:
        if view == "MINIMAL":
            return minimal(job, state)
        return whole(job, state, task, await self.engine.work.reported(_work(job.id)), view, base=base)

    def _state(self, job: Job) -> str:
        return state_of(job, lambda job_id: self.engine.work.is_out(_work(job_id)))

    def _kinds(self, user: User | None = None) -> set[str]:
        """The kinds of resources that workers offer, or those workers of which *user* may know."""
        acl = self.context.groups.acl
        return offered(
            client.offers
            for client in self.engine.clients.all()
            if user is None or acl(client.group).allows(user, "read")
        )


def _work(job_id: str) -> WorkId:
    return WorkId(job_id, APP, 0)


def _required(job: Job) -> TesTask:
    """The TES task that *job* is. Raises :class:`~awed.model.errors.JobNotFound` for any other job."""
    task = task_of(job)
    if task is None:
        raise JobNotFound(job.id)
    return task


class V1Resource(TesResource):
    """The service at ``/v1``, for clients that know only the host."""

    calls = Calls[Context](structs.replace(call, path=call.path.removeprefix(BASE)) for call in TesResource.calls)
