"""What ``PUT /job/<id>?<operation>`` can do, by name."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from awed.model.errors import Invalid
from awed.model.quantities import parse_duration
from awed.model.times import rfc3339
from awed.service.engine import Engine
from awed.web.body import AwedRequest
from awed.web.params import Params, header, params_of


class JobChanges:
    """The operations. Each tells in words what it did, and raises :class:`~awed.model.errors.Invalid` for a value
    that is not there or wrong."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._operations: Mapping[str, Callable[[str, Params], Awaitable[str]]] = {
            "suspend": self._suspend,
            "resume": self._resume,
            "recover": self._recover,
            "register": self._recover,
            "recompute": self._recompute,
            "resubmit": self._resubmit,
            "clientgroup": self._clientgroup,
            "pipeline": self._pipeline,
            "priority": self._priority,
            "expiration": self._expiration,
        }

    async def change(self, job_id: str, request: AwedRequest) -> str:
        """Do what the query of *request* says."""
        params = params_of(request)
        if "settoken" in params:
            return await self._set_token(job_id, header(request, b"datatoken") or "")
        for name, operation in self._operations.items():
            if name in params:
                return await operation(job_id, params)
        raise Invalid("requested job operation not supported")

    async def _suspend(self, job_id: str, params: Params) -> str:
        await self._engine.jobs.suspend(job_id)
        return f"job suspended: {job_id}"

    async def _resume(self, job_id: str, params: Params) -> str:
        await self._engine.jobs.resume(job_id)
        return f"job resumed: {job_id}"

    async def _recover(self, job_id: str, params: Params) -> str:
        await self._engine.revisions.recover(job_id)
        return f"job recovered: {job_id}"

    async def _recompute(self, job_id: str, params: Params) -> str:
        stage = _value(params, "recompute", "lacking stage id from which the recompute starts")
        await self._engine.revisions.recompute(job_id, stage)
        return f"job recompute started at task {stage}: {job_id}"

    async def _resubmit(self, job_id: str, params: Params) -> str:
        await self._engine.revisions.resubmit(job_id)
        return f"job resubmitted: {job_id}"

    async def _clientgroup(self, job_id: str, params: Params) -> str:
        groups = _value(params, "clientgroup", "lacking clientgroup name")
        await self._engine.revisions.steer(job_id, lambda info: setattr(info, "clientgroups", groups))
        return f"job group updated: {job_id} to {groups}"

    async def _pipeline(self, job_id: str, params: Params) -> str:
        pipeline = _value(params, "pipeline", "lacking pipeline value")
        await self._engine.revisions.steer(job_id, lambda info: setattr(info, "pipeline", pipeline))
        return f"job pipeline updated: {job_id} to {pipeline}"

    async def _priority(self, job_id: str, params: Params) -> str:
        _value(params, "priority", "lacking priority value")
        try:
            priority = params.integer("priority", 1)
        except Invalid:
            raise Invalid("priority value must be an integer") from None
        await self._engine.revisions.steer(job_id, lambda info: setattr(info, "priority", priority))
        return f"job priority updated: {job_id} to {priority}"

    async def _expiration(self, job_id: str, params: Params) -> str:
        text = _value(params, "expiration", "lacking expiration value")
        try:
            moment = self._now() + parse_duration(text)
        except ValueError:
            fault = f"expiration format '{text}' is invalid"
            raise Invalid(f"failed to set the expiration for job: {job_id} {fault}") from None
        await self._engine.revisions.set_expiration(job_id, moment)
        return f"expiration '{rfc3339(moment)}' set for job: {job_id}"

    async def _set_token(self, job_id: str, token: str) -> str:
        if not token:
            raise Invalid(f"fail to retrieve token for job, pls set token in header: {job_id} no token received")
        await self._engine.revisions.set_token(job_id, token)
        return f"data token set for job: {job_id}"


def _value(params: Params, name: str, fault: str) -> str:
    """The value of *name*, which must be there."""
    text = params.text(name)
    if not text:
        raise Invalid(fault)
    return text
