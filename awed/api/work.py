"""``/work``: hand out workunits, take reports, show what is queued and out."""

from collections.abc import Iterable, Sequence

from awed.api.context import Context
from awed.api.hosts import shown_work
from awed.api.reports import MAX_REPORTS, client_of, outcome, read_report, read_reports
from awed.api.work_query import ORDERS, cut, in_order
from awed.auth.rights import require
from awed.model.access import User
from awed.model.errors import Invalid, LogNotFound, WorkNotFound
from awed.model.ids import WorkId, parse_work_id
from awed.model.states import WorkState
from awed.model.work import LOG_NAMES, Workunit
from awed.scheduler.entries import JobEntry, TaskEntry
from awed.scheduler.spans import Span
from awed.web.body import AwedRequest
from awed.web.envelope import answer
from awed.web.errors import new_app
from awed.web.params import Params, params_of
from awed.web.streaming import answer_long, answer_long_page, listed
from awed.wire.headers import Tokens, environ_headers
from awed.wire.reports import MAX_AT_ONCE
from awed.workflow.values import LONGEST_WALLTIME

MAX_WAIT = 60.0
"""Seconds for which a checkout may wait for work; less than the site's idle timeout."""

CHECKOUT, WAITING_CHECKOUT = "GET /work?client", "GET /work?client&wait"
"""What the metrics call a checkout, and one that may wait for work."""

_STATES = tuple(WorkState)


class WorkResource:
    """Workunits, for workers and for people."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine = context.engine
        self._turns = context.turns

    @app.route("/", methods=["GET"])
    async def index(self, request: AwedRequest) -> bytes:
        """The workunits that are queued, out or suspended; or with a client, one or several for it to run."""
        params = params_of(request)
        if "client" in params and request.method != b"HEAD":
            return await self._checkout(request, params)
        user = await self._context.user(request, "read")
        return await (self._page if "query" in params else self._list)(request, params, user)

    @app.route("/", methods=["PUT"])
    async def take_reports(self, request: AwedRequest) -> bytes:
        """Take a worker's reports of several workunits, each for itself."""
        client = client_of(params_of(request))
        await self._context.worker(request, "write", client)
        reports = read_reports(client, await request.body(MAX_REPORTS))
        faults = await self._engine.work.report_many(reports)
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
        found = await self._engine.work.get(work)
        require(user, "read", self._engine.jobs.acl(work.job_id))
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
        request.route = WAITING_CHECKOUT if wait else CHECKOUT
        if "max" not in params:
            work = await self._engine.work.checkout(client, available, wait, walltime)
            return answer(request, shown_work(work, self._context.hosts.base(request)))
        most = params.count("max", 1, MAX_AT_ONCE)
        if not most:
            raise Invalid("max must be at least 1, found: 0")
        works = await self._engine.work.checkout_many(client, available, wait, walltime, most)
        base = self._context.hosts.base(request)
        return answer(request, [shown_work(work, base) for work in works])

    async def _take_report(self, request: AwedRequest, work: WorkId, params: Params) -> bytes:
        """Take a worker's report of a workunit, from the query and the form."""
        report = await read_report(work, params, await request.form())
        await self._context.worker(request, "write", report.client)
        await self._engine.work.report(report)
        return answer(request, "ok")

    async def _secret(self, request: AwedRequest, work: WorkId, params: Params) -> bytes:
        """Tell the holder of a workunit its job's data token or its private variables, in a header."""
        client = client_of(params)
        await self._context.worker(request, "read", client)
        if "datatoken" in params:
            # A token for another host opens nothing here, and there may be files here as well.
            data, own = await self._engine.work.data_token(work, client), self._context.job_token(work.job_id)
            hosts = "*" if data.hosts is None else ",".join(sorted(data.hosts))
            headers = Tokens(data.text, self._context.hosts.base(request), own, hosts).headers()
        else:
            headers = environ_headers(await self._engine.work.private_env(work, client))
        for name, text in headers.items():
            request.responseHeaders.setRawHeaders(name, [text])
        return answer(request, None)

    async def _work_log(self, work: WorkId, name: str, user: User) -> str:
        if name not in LOG_NAMES:
            raise LogNotFound(name)
        record = await self._engine.jobs.get(work.job_id)
        require(user, "read", record.acl)
        if not any(task.taskid == work.task_id and work.rank in task.ranks for task in record.job.tasks):
            raise WorkNotFound(str(work))
        return await self._engine.work.log(work, name)

    async def _list(self, request: AwedRequest, params: Params, user: User) -> bytes:
        parts = [(span.entry, span.ranks) for span in await self._found(params, user)]
        return await answer_long(request, self._shown(request, params, parts), self._turns)

    async def _page(self, request: AwedRequest, params: Params, user: User) -> bytes:
        order = params.choice("order", ORDERS, "info.submittime")
        descending = params.descending()
        limit, offset = params.count("limit", 25), params.count("offset", 0)
        found = await self._found(params, user)
        runs = await in_order(found, order, descending, self._turns)
        parts = [part async for part in self._turns(cut(runs, offset, limit))]
        total = sum(len(span.ranks) for span in found)
        shown = self._shown(request, params, parts)
        return await answer_long_page(request, shown, self._turns, limit=limit, offset=offset, total=total)

    async def _found(self, params: Params, user: User) -> list[Span]:
        """What *params* ask for, of jobs that *user* may read."""
        state = _state(params)
        job_id = params.text("jobid")

        def wanted(job: JobEntry) -> bool:
            return job_id in ("", job.job.id) and job.acl.allows(user, "read")

        tasks = self._turns(await self._engine.work.spans(wanted))
        return [span async for spans in tasks for span in spans if state in ("", span.state)]

    def _shown(
        self, request: AwedRequest, params: Params, parts: Iterable[tuple[TaskEntry, Sequence[int]]]
    ) -> list[Workunit]:
        """The workunits of these ranks that are still what *params* ask for when their turn comes."""
        base, state = self._context.hosts.base(request), _state(params)
        units = (unit for entry, ranks in parts for unit in self._engine.work.units(entry, ranks))
        return listed(shown_work(unit, base) for unit in units if state in ("", unit.state))


def _state(params: Params) -> str:
    return params.choice("state", _STATES, "") if params.text("state") else ""
