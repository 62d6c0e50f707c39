"""``PUT /job/<id>?<operation>``: the changes of a job."""

from collections.abc import Sequence
from typing import Annotated

from awed.api.context import Context, Resource
from awed.api.rights import a_head, to, to_step
from awed.model.errors import Invalid
from awed.model.quantities import parse_duration
from awed.model.records import JobRecord
from awed.model.times import rfc3339
from awed.web.calls import Call, Calls
from awed.web.kinds import INTEGER, Kind, filled
from awed.web.params import header
from awed.web.traits import Traits


def _priority(name: str, texts: Sequence[str]) -> int:
    if not texts[0]:
        raise Invalid("lacking priority value")
    try:
        return INTEGER.read(name, texts)
    except Invalid:
        raise Invalid("priority value must be an integer") from None


_STAGE = filled("lacking stage id from which the recompute starts")
_GROUP = filled("lacking clientgroup name")
_PIPELINE = filled("lacking pipeline value")
_PRIORITY = Kind(_priority, INTEGER.schema)
_EXPIRATION = filled("lacking expiration value")


class JobChanges(Resource):
    """The changes. Each answers with a sentence about what was done."""

    traits = Traits(no_operation={"PUT /<job_id>": "requested job operation not supported"})
    calls = Calls[Context]()

    @calls("PUT /<job_id>?settoken", to("write", a_head))
    async def set_token(self, call: Call[JobRecord]) -> str:
        """Replace the data token by that in the header Datatoken."""
        token = header(call.request, b"datatoken")
        if not token:
            fault = f"{call.thing.job.id} no token received"
            raise Invalid(f"fail to retrieve token for job, pls set token in header: {fault}")
        await self.engine.revisions.set_token(call.thing.job.id, token)
        return f"data token set for job: {call.thing.job.id}"

    @calls("PUT /<job_id>?suspend", to_step("write", a_head))
    async def suspend(self, call: Call[JobRecord]) -> str:
        """Suspend a job: take its work out of the queue."""
        await self.engine.jobs.suspend(call.thing.job.id)
        return f"job suspended: {call.thing.job.id}"

    @calls("PUT /<job_id>?resume", to("write", a_head))
    async def resume(self, call: Call[JobRecord]) -> str:
        """Resume a job: put its work into the queue again."""
        await self.engine.jobs.resume(call.thing.job.id)
        return f"job resumed: {call.thing.job.id}"

    @calls("PUT /<job_id>?register", to("write", a_head))
    @calls("PUT /<job_id>?recover", to("write", a_head))
    async def recover(self, call: Call[JobRecord]) -> str:
        """Load an unfinished job that is in the store but not in the scheduler."""
        await self.engine.revisions.recover(call.thing.job.id)
        return f"job recovered: {call.thing.job.id}"

    @calls("PUT /<job_id>?recompute", to("write", a_head))
    async def recompute(self, call: Call[JobRecord], *, recompute: Annotated[str, _STAGE]) -> str:
        """Run this task (by its id in the document) again, and all that depend on it."""
        await self.engine.revisions.recompute(call.thing.job.id, recompute)
        return f"job recompute started at task {recompute}: {call.thing.job.id}"

    @calls("PUT /<job_id>?resubmit", to("write", a_head))
    async def resubmit(self, call: Call[JobRecord]) -> str:
        """Run all tasks of a job again."""
        await self.engine.revisions.resubmit(call.thing.job.id)
        return f"job resubmitted: {call.thing.job.id}"

    @calls("PUT /<job_id>?clientgroup", to("write", a_head))
    async def move(self, call: Call[JobRecord], *, clientgroup: Annotated[str, _GROUP]) -> str:
        """Set the client groups whose workers may run it."""
        await self._steer(call, "clientgroups", clientgroup)
        return f"job group updated: {call.thing.job.id} to {clientgroup}"

    @calls("PUT /<job_id>?pipeline", to("write", a_head))
    async def rename(self, call: Call[JobRecord], *, pipeline: Annotated[str, _PIPELINE]) -> str:
        """Set its pipeline."""
        await self._steer(call, "pipeline", pipeline)
        return f"job pipeline updated: {call.thing.job.id} to {pipeline}"

    @calls("PUT /<job_id>?priority", to("write", a_head))
    async def prioritize(self, call: Call[JobRecord], *, priority: Annotated[int, _PRIORITY]) -> str:
        """Set its priority. Jobs with a higher one go first."""
        await self._steer(call, "priority", priority)
        return f"job priority updated: {call.thing.job.id} to {priority}"

    @calls("PUT /<job_id>?expiration", to("write", a_head))
    async def expire(self, call: Call[JobRecord], *, expiration: Annotated[str, _EXPIRATION]) -> str:
        """Delete the job after so much time from now, once it has ended: 30M, 12H or 7D."""
        try:
            moment = self.context.now() + parse_duration(expiration)
        except ValueError:
            fault = f"expiration format '{expiration}' is invalid"
            raise Invalid(f"failed to set the expiration for job: {call.thing.job.id} {fault}") from None
        await self.engine.revisions.set_expiration(call.thing.job.id, moment)
        return f"expiration '{rfc3339(moment)}' set for job: {call.thing.job.id}"

    async def _steer(self, call: Call[JobRecord], name: str, value: object) -> None:
        await self.engine.revisions.steer(call.thing.job.id, lambda info: setattr(info, name, value))
