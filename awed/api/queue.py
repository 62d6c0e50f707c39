"""``/queue``: how much there is to do, what exactly, and whether any of it is handed out."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from awed.api.context import Context
from awed.api.hosts import shown_task, shown_work
from awed.api.job_views import minimal, with_perf
from awed.auth.rights import require
from awed.model.errors import Invalid
from awed.model.ids import parse_work_id
from awed.model.states import JobState
from awed.scheduler.counts import QueueCounts
from awed.web.body import AwedRequest
from awed.web.envelope import answer
from awed.web.errors import new_app
from awed.web.params import Params, params_of
from awed.web.streaming import answer_long, mapped

_STATUS = """\
++++++++AWE server queue status++++++++
total jobs ............... {c.jobs.total}
    active:           ({c.jobs.active})
    suspended:        ({c.jobs.suspended})
total tasks .............. {c.tasks.total}
    queuing:          ({c.tasks.queuing})
    in-progress:      ({c.tasks.in_progress})
    pending:          ({c.tasks.pending})
    completed:        ({c.tasks.completed})
    suspended:        ({c.tasks.suspended})
    failed & skipped: ({c.tasks.failed})
total workunits .......... {c.workunits.total}
    queuing:          ({c.workunits.queuing})
    checkout:         ({c.workunits.checkout})
    suspended:        ({c.workunits.suspended})
total clients ............ {c.clients.total}
    busy:             ({c.clients.busy})
    idle:             ({c.clients.idle})
    suspend:          ({c.clients.suspended})
---last update: {now:%Y-%m-%d %H:%M:%S.%f} +0000 UTC

"""


class QueueResource:
    """The queue as a whole."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine = context.engine
        self._views: Mapping[str, Callable[[str], Awaitable[object]]] = {
            "job": self._jobs,
            "task": self._tasks,
            "work": self._work,
            "client": self._clients,
        }

    @app.route("/", methods=["GET"])
    async def show(self, request: AwedRequest) -> bytes:
        """How much there is to do; for admins, what exactly."""
        params = params_of(request)
        if "clientgroup" in params:
            return await self._running(request, params.text("clientgroup"))
        if params and "json" not in params:
            return await self._show_to_admin(request, params)
        await self._context.user(request, "read")
        counts = self._engine.queue.counts()
        return answer(request, counts if "json" in params else status_text(counts, self._context.now()))

    @app.route("/", methods=["PUT"])
    async def change(self, request: AwedRequest) -> bytes:
        """Suspend or resume the hand-out of work; for admins."""
        await self._context.admin(request)
        params = params_of(request)
        if "suspend" in params:
            await self._engine.queue.suspend()
            return answer(request, "work queue suspended")
        if "resume" in params:
            await self._engine.queue.resume()
            return answer(request, "work queue resumed")
        raise Invalid("requested queue operation not supported")

    async def _running(self, request: AwedRequest, group: str) -> bytes:
        """The jobs that clients of a group work at, in one line each."""
        user = await self._context.user(request, "read")
        require(user, "read", self._context.groups.acl(group))
        clients = [client for client in self._engine.clients.all() if client.group == group]
        running = {parse_work_id(work_id).job_id for client in clients for work_id in client.current_work}
        return answer(request, [minimal(job, []) for job in self._engine.jobs.held() if job.id in running])

    async def _show_to_admin(self, request: AwedRequest, params: Params) -> bytes:
        await self._context.admin(request)
        base = self._context.hosts.base(request)
        for name, view in self._views.items():
            if name in params:
                return await answer_long(request, await view(base), self._context.turns)
        raise Invalid("requested queue operation not supported")

    async def _jobs(self, base: str) -> object:
        jobs = self._engine.jobs.held()
        return {
            "active": mapped((job.id, with_perf(job, [])) for job in jobs if job.state is not JobState.SUSPEND),
            "suspend": mapped((job.id, True) for job in jobs if job.state is JobState.SUSPEND),
        }

    async def _tasks(self, base: str) -> object:
        return mapped((task.taskid, shown_task(task, base)) for job in self._engine.jobs.held() for task in job.tasks)

    async def _work(self, base: str) -> object:
        tasks = await self._engine.work.spans(lambda job: True)
        parts = ((span.entry, span.ranks) for spans in tasks for span in spans)
        units = (unit for entry, ranks in parts for unit in self._engine.work.units(entry, ranks))
        return mapped((unit.wuid, shown_work(unit, base)) for unit in units)

    async def _clients(self, base: str) -> object:
        return mapped((client.id, client) for client in self._engine.clients.all())


def status_text(counts: QueueCounts, now: datetime) -> str:
    """The counters as a block of text."""
    return _STATUS.format(c=counts, now=now)
