"""``/work``: hand out workunits, take reports, show what is queued and out."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from awed.api.body import AwedRequest
from awed.api.context import Context
from awed.api.envelope import answer, answer_page
from awed.api.errors import new_app
from awed.api.hosts import shown_work
from awed.api.params import Params, params_of
from awed.api.reports import MAX_AT_ONCE, MAX_REPORTS, client_of, outcome, read_report, read_reports
from awed.auth.rights import may, require
from awed.model.access import User
from awed.model.errors import Invalid
from awed.model.ids import WorkId, parse_work_id
from awed.model.states import WorkState
from awed.model.work import LOG_NAMES, Workunit
from awed.workflow.values import LONGEST_WALLTIME

MAX_WAIT = 60.0
"""Seconds for which a checkout may wait for work; less than the site's idle timeout."""

ORDERS: Mapping[str, Callable[[Workunit], Any]] = {
    "wuid": lambda work: work.wuid,
    "client": lambda work: work.client,
    "info.submittime": lambda work: work.info.submittime,
    "checkout_time": lambda work: work.checkout_time,
    "info.name": lambda work: work.info.name,
    "cmd.name": lambda work: work.cmd.name,
    "rank": lambda work: work.rank,
    "totalwork": lambda work: work.totalwork,
    "state": lambda work: work.state,
    "failed": lambda work: work.failed,
    "info.priority": lambda work: work.info.priority,
}

_STATES = tuple(WorkState)


class WorkResource:
    """Workunits, for workers and for people."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine = context.engine

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        """The workunits that are queued, out or suspended; or with a client, one or several for it to run."""
        params = params_of(request)
        if "client" in params and request.method != b"HEAD":
            return await self._checkout(request, params)
        user = await self._context.user(request, "read")
        found = await self._found(params, user)
        if "query" not in params:
            return answer(request, self._shown(request, found))
        order = params.choice("order", tuple(ORDERS), "info.submittime")
        found.sort(key=ORDERS[order], reverse=params.descending())
        limit, offset = params.count("limit", 25), params.count("offset", 0)
        page = found[offset : offset + limit] if limit else found[offset:]
        return answer_page(request, self._shown(request, page), limit, offset, len(found))

    @app.route("/", methods=["PUT"])
    async def take_reports(self, request: AwedRequest) -> bytes:
        """Take a worker's reports of several workunits, each for itself."""
        client = client_of(params_of(request))
        await self._context.worker(request, "write", client)
        reports = read_reports(client, await request.body(MAX_REPORTS))
        faults = await self._engine.report_many(reports)
        return answer(request, list(map(outcome, reports, faults)))

    @app.route("/<path:work_id>", methods=["GET"])
    async def show(self, request: AwedRequest, work_id: str) -> bytes:
        """A workunit, one of its logs, or a secret for its holder in a header; or take a report as PUT does."""
        params = params_of(request)
        work = parse_work_id(work_id)
        if "status" in params and request.method != b"HEAD":
            return await self._take_report(request, work, params)
        if "datatoken" in params or "privateenv" in params:
            return await self._secret(request, work, params)
        user = await self._context.user(request, "read")
        if "report" in params:
            return answer(request, await self._work_log(work, params.text("report"), user))
        found = await self._engine.workunit(work)
        require(user, "read", self._engine.acl(work.job_id))
        return answer(request, shown_work(found, self._context.hosts.base(request)))

    @app.route("/<path:work_id>", methods=["PUT"])
    async def change(self, request: AwedRequest, work_id: str) -> bytes:
        """Take a worker's report of a workunit."""
        return await self._take_report(request, parse_work_id(work_id), params_of(request))

    async def _checkout(self, request: AwedRequest, params: Params) -> bytes:
        """Hand out a workunit, or with ``max`` a list of some, now or within ``wait`` seconds."""
        client = params.text("client")
        await self._context.worker(request, "read", client)
        available = params.count("available", 0) if params.text("available") else None
        walltime = params.count("walltime", 0, LONGEST_WALLTIME) if params.text("walltime") else None
        wait = min(params.seconds("wait", 0.0), MAX_WAIT)
        if "max" not in params:
            work = await self._engine.checkout(client, available, wait, walltime)
            return answer(request, shown_work(work, self._context.hosts.base(request)))
        most = params.count("max", 1, MAX_AT_ONCE)
        if not most:
            raise Invalid("max must be at least 1, found: 0")
        works = await self._engine.checkout_many(client, available, wait, walltime, most)
        return answer(request, self._shown(request, works))

    async def _take_report(self, request: AwedRequest, work: WorkId, params: Params) -> bytes:
        """Take a worker's report of a workunit, from the query and the form."""
        report = await read_report(work, params, await request.form())
        await self._context.worker(request, "write", report.client)
        await self._engine.report(report)
        return answer(request, "ok")

    async def _secret(self, request: AwedRequest, work: WorkId, params: Params) -> bytes:
        """Tell the holder of a workunit its job's data token or its private variables, in a header."""
        client = client_of(params)
        await self._context.worker(request, "read", client)
        if "datatoken" in params:
            name, text = b"Datatoken", (await self._engine.data_token(work, client)).encode()
        else:
            name, text = b"Privateenv", msgspec.json.encode(await self._engine.private_env(work, client))
        request.responseHeaders.setRawHeaders(name, [text])
        return answer(request, None)

    async def _work_log(self, work: WorkId, name: str, user: User) -> str:
        if name not in LOG_NAMES:
            raise Invalid(f"log type '{name}' not found")
        require(user, "read", (await self._engine.job(work.job_id)).acl)
        return await self._engine.work_log(work, name)

    async def _found(self, params: Params, user: User) -> list[Workunit]:
        """The workunits that *params* ask for, of jobs that *user* may read."""
        state = params.choice("state", _STATES, "") if params.text("state") else ""
        job_id = params.text("jobid")
        return [
            work
            for work in await self._engine.workunits()
            if (not state or work.state == state)
            and (not job_id or work.jobid == job_id)
            and may(user, "read", self._engine.acl(work.jobid))
        ]

    def _shown(self, request: AwedRequest, found: list[Workunit]) -> list[Workunit]:
        base = self._context.hosts.base(request)
        return [shown_work(work, base) for work in found]
