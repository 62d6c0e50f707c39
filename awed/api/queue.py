"""``/queue``: how much there is to do."""

from datetime import datetime

from awed.api.body import AwedRequest
from awed.api.context import Context
from awed.api.envelope import answer
from awed.api.errors import new_app
from awed.api.params import params_of
from awed.model.errors import Invalid
from awed.scheduler.counts import QueueCounts

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

    @app.route("/", methods=["GET"])
    async def show(self, request: AwedRequest) -> bytes:
        params = params_of(request)
        if params and "json" not in params:
            await self._context.admin(request)
            raise Invalid("requested queue operation not supported")
        await self._context.user(request, "read")
        counts = self._engine.counts()
        return answer(request, counts if "json" in params else status_text(counts, self._context.now()))


def status_text(counts: QueueCounts, now: datetime) -> str:
    """The counters as a block of text."""
    return _STATUS.format(c=counts, now=now)
