"""``/queue``: counts and contents of the queue, and whether work is handed out."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from awed.api.context import Context, Resource
from awed.api.hosts import shown_task, shown_work
from awed.api.job_views import begun, whole, with_perf
from awed.api.rights import ADMIN, READ_NAMED_GROUP, may
from awed.model.errors import Invalid
from awed.model.ids import parse_work_id
from awed.model.job import Job, Task
from awed.model.states import JobState
from awed.model.work import Workunit
from awed.scheduler.counts import QueueCounts
from awed.web.arguments import Rest
from awed.web.calls import Asked, Call, Calls, Right
from awed.web.streaming import listed, mapped
from awed.web.traits import Traits
from awed.wire.clients import ShownClient

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


_UNSUPPORTED = "requested queue operation not supported"


async def _reader(context: Context, asked: Asked) -> Call[None]:
    """The right to the summary, which needs "read"; with any parameter, that of administrators."""
    return await (ADMIN if asked.params else may("read")).grant(context, asked)


class QueueResource(Resource):
    """The queue as a whole."""

    traits = Traits(no_operation={"PUT /": _UNSUPPORTED})
    calls = Calls[Context]()

    @calls("GET /", Right(_reader))
    async def show(self, call: Call[None], *, others: Rest) -> str:
        """The summary of the queue as text."""
        if others:
            raise Invalid(_UNSUPPORTED)
        return status_text(self.engine.queue.counts(), self.context.now())

    @calls("GET /?clientgroup", READ_NAMED_GROUP)
    async def running(self, call: Call[str]) -> list[Job]:
        """The jobs that the workers of a group are running and that the caller may read."""
        base, jobs = self.context.hosts.base(call.request), self.engine.jobs
        clients = [client for client in self.engine.clients.all() if client.group == call.thing]
        running = {parse_work_id(work_id).job_id for client in clients for work_id in client.current_work}
        found = [job for job in jobs.held() if job.id in running and jobs.allows(call.user, "read", job.id)]
        return listed(whole(job, base) for job in found)

    @calls("GET /?json", may("read"))
    async def counts(self, call: Call[None]) -> dict[str, dict[str, int]]:
        """The numbers of jobs, tasks, workunits and clients, in all and by state."""
        counts, states = to_builtins(self.engine.queue.counts()), self.engine.queue.states()
        return {kind: {**numbers, **states[kind]} for kind, numbers in counts.items()}

    @calls("GET /?job", ADMIN)
    async def jobs(self, call: Call[None]) -> dict[str, dict[str, Any]]:
        """The jobs, with the workunits that are checked out; for administrators."""
        jobs, out = self.engine.jobs.held(), defaultdict(list)
        for record in self.engine.work.out():
            out[record.jobid].append(begun(record))
        active = (job for job in jobs if job.state is not JobState.SUSPEND)
        return {
            "active": mapped((job.id, with_perf(job, out[job.id])) for job in active),
            "suspend": mapped((job.id, True) for job in jobs if job.state is JobState.SUSPEND),
        }

    @calls("GET /?task", ADMIN)
    async def tasks(self, call: Call[None]) -> list[Task]:
        """The tasks; for administrators."""
        base, jobs = self.context.hosts.base(call.request), self.engine.jobs.held()
        return listed(shown_task(task, base) for job in jobs for task in job.tasks)

    @calls("GET /?work", ADMIN)
    async def work(self, call: Call[None]) -> dict[str, Workunit]:
        """The workunits; for administrators."""
        base, tasks = self.context.hosts.base(call.request), await self.engine.work.spans(lambda job: True)
        parts = ((span.entry, span.ranks) for spans in tasks for span in spans)
        units = (unit for entry, ranks in parts for unit in self.engine.work.units(entry, ranks))
        return mapped((unit.wuid, shown_work(unit, base)) for unit in units)

    @calls("GET /?client", ADMIN)
    async def clients(self, call: Call[None]) -> dict[str, ShownClient]:
        """The workers; for administrators."""
        return mapped((client.id, ShownClient.of(client)) for client in self.engine.clients.all())

    @calls("PUT /?suspend", ADMIN)
    async def suspend(self, call: Call[None]) -> str:
        """Hand out no work until the queue is resumed; for administrators."""
        await self.engine.queue.suspend()
        return "work queue suspended"

    @calls("PUT /?resume", ADMIN)
    async def resume(self, call: Call[None]) -> str:
        """Hand out work again; for administrators."""
        await self.engine.queue.resume()
        return "work queue resumed"


def status_text(counts: QueueCounts, now: datetime) -> str:
    """The counts as text, in the form of the original."""
    return _STATUS.format(c=counts, now=now)
