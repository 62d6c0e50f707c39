"""``/work``: hands out workunits, takes reports, and shows workunits that are not done."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from msgspec import Struct

from awed.api.context import Context
from awed.api.hosts import handed_work, keep_own, shown_work
from awed.api.paging import Paging
from awed.api.reports import MAX_REPORTS, ReportArguments, outcome, read_reports
from awed.api.rights import Run, a_job, a_workunit, about_work, as_client, may, to
from awed.api.work_logs import WorkLogs, known
from awed.api.work_query import ORDERS, cut, in_order
from awed.model.errors import LogNotFound
from awed.model.ids import parse_work_id
from awed.model.reasons import Waits
from awed.model.records import JobRecord
from awed.model.work import LOG_NAMES, Workunit
from awed.scheduler.entries import JobEntry, TaskEntry
from awed.scheduler.spans import Span
from awed.web.arguments import Body
from awed.web.body import AwedRequest
from awed.web.calls import Call, Calls
from awed.web.kinds import Kind, count, or_empty, word
from awed.web.streaming import listed
from awed.wire.envelope import Page
from awed.wire.headers import Tokens, environ_headers
from awed.wire.reports import MAX_AT_ONCE, OneReport, Outcome
from awed.workflow.values import LONGEST_WALLTIME

MAX_WAIT = 60.0
"""Seconds for which a checkout may wait for work."""

CHECKOUT, WAITING_CHECKOUT = "GET /work?client", "GET /work?client&wait"
"""Routes in the metrics for checkouts, and for those that may wait for work."""


class Selection(Struct, frozen=True):
    """The workunits that a list is to have."""

    state: Annotated[str, "Only workunits in this state. Of an unknown state there are none."] = ""
    jobid: Annotated[str, "Only workunits of this job."] = ""

    def has_state(self, state: str) -> bool:
        """Whether the list is to have workunits in this state."""
        return self.state in ("", state)


def _log_name(name: str, texts: Sequence[str]) -> str:
    if texts[0] not in LOG_NAMES:
        raise LogNotFound(texts[0])
    return texts[0]


_LOG = Kind(_log_name, {"type": "string", "enum": list(LOG_NAMES)})


class WorkResource(WorkLogs):
    """The workunits of jobs that the caller may read."""

    calls = Calls[Context](WorkLogs.calls)

    @calls("GET /?client", as_client("read"), acts=True)
    async def check_out(
        self,
        call: Call[str],
        *,
        available: Annotated[int | None, or_empty(count()), "Free disk space of the client, in bytes."] = None,
        walltime: Annotated[
            int | None, or_empty(count(most=LONGEST_WALLTIME)), "Seconds from now until the client leaves."
        ] = None,
        wait: Annotated[float, "Seconds to wait for work."] = 0.0,
        max_: Annotated[
            int | None,
            count(1, MAX_AT_ONCE),
            "Answer with a list of at most so many workunits. It ends once it has 4 MB.",
        ] = None,
        ahead: Annotated[
            int,
            count(most=MAX_AT_ONCE),
            "How many of them may need a core each that is not free yet, and nothing else.",
        ] = 0,
    ) -> Workunit | list[Workunit]:
        """Hand out a workunit, or with ``max`` a list of some, now or within ``wait`` seconds."""
        wait = min(wait, MAX_WAIT)
        call.request.route = WAITING_CHECKOUT if wait else CHECKOUT
        work, base = self.engine.work, self.context.hosts.base(call.request)
        if max_ is None:
            return handed_work(await work.checkout(call.thing, available, wait, walltime), base)
        units = await work.checkout_many(call.thing, available, wait, walltime, most=max_, ahead=ahead)
        return [handed_work(unit, base) for unit in units]

    @calls("GET /", may("read"))
    async def index(self, call: Call[None], *, selection: Selection) -> list[Workunit]:
        """The workunits that are queued, checked out or suspended."""
        found = await self._found(call, selection)
        return self._shown(call, selection, [(span.entry, span.ranks) for span in found])

    @calls("GET /?query", may("read"))
    async def page(
        self,
        call: Call[None],
        *,
        paging: Paging,
        selection: Selection,
        order: Annotated[str, word(ORDERS), "By which field."] = "info.submittime",
    ) -> Page[list[Workunit]]:
        """A page of workunits, sorted."""
        turns = self.context.turns
        found = await self._found(call, selection)
        runs = await in_order(found, order, paging.descending, turns)
        parts = [part async for part in turns(cut(runs, paging.offset, paging.limit))]
        return paging.page(self._shown(call, selection, parts), sum(len(span.ranks) for span in found))

    @calls("PUT /", as_client("write"))
    async def take_reports(
        self, call: Call[str], *, body: Annotated[bytes, Body(MAX_REPORTS, list[OneReport])]
    ) -> list[Outcome]:
        """Take a worker's reports of several workunits. Each is answered by itself."""
        reports = read_reports(call.thing, body, self.context.max_log)
        known = self.context.hosts.known(call.request)
        for report in reports:
            if report.tes:
                keep_own(report.tes, known)
        return list(map(outcome, reports, await self.engine.work.report_many(reports)))

    @calls("GET /<path:work_id>?status", about_work("write"), acts=True)
    @calls("PUT /<path:work_id>", about_work("write"))
    async def take_report(self, call: Call[Run], *, arguments: ReportArguments) -> str:
        """Take a worker's report of a workunit."""
        run = call.thing
        report = await arguments.report(run.work, run.client_id, self.context.max_log)
        if report.tes:
            keep_own(report.tes, self.context.hosts.known(call.request))
        await self.engine.work.report(report)
        return "ok"

    @calls("GET /<path:work_id>?datatoken", about_work("read", holder=True))
    async def data_token(self, call: Call[Run]) -> None:
        """The job's data token, in the header Datatoken."""
        # The token for the daemon's own node store is sent too: the job may have files there as well.
        work = call.thing.work
        data, own = await self.engine.work.data_token(work), self.context.job_token(work.job_id)
        hosts = "*" if data.hosts is None else ",".join(sorted(data.hosts))
        passwords = await self.engine.work.passwords(work)
        _tell(call.request, Tokens(data.text, self.context.hosts.base(call.request), own, hosts, passwords).headers())

    @calls("GET /<path:work_id>?privateenv", about_work("read", holder=True))
    async def private_env(self, call: Call[Run]) -> None:
        """The private environment variables of the task, in the header Privateenv."""
        _tell(call.request, environ_headers(await self.engine.work.private_env(call.thing.work)))

    @calls("GET /<path:work_id>?explain", to("read", a_job))
    async def explain(self, call: Call[JobRecord], work_id: str) -> Waits:
        """Why a workunit waits, or that it runs."""
        return self.engine.reasons.work(parse_work_id(work_id))

    @calls("GET /<path:work_id>?report", to("read", a_job))
    async def log(self, call: Call[JobRecord], work_id: str, *, report: Annotated[str, _LOG]) -> str:
        """A log of the workunit."""
        return await self.engine.work.log(known(call.thing, work_id), report)

    @calls("GET /<path:work_id>", to("read", a_workunit))
    async def show(self, call: Call[Workunit]) -> Workunit:
        """A workunit that is queued, checked out or suspended."""
        return shown_work(call.thing, self.context.hosts.base(call.request))

    async def _found(self, call: Call[None], selection: Selection) -> list[Span]:
        """The workunits that *selection* asks for, of jobs that the caller may read."""

        def wanted(job: JobEntry) -> bool:
            return selection.jobid in ("", job.job.id) and job.acl.allows(call.user, "read")

        tasks = self.context.turns(await self.engine.work.spans(wanted))
        return [span async for spans in tasks for span in spans if selection.has_state(span.state)]

    def _shown(
        self, call: Call[None], selection: Selection, parts: Iterable[tuple[TaskEntry, Sequence[int]]]
    ) -> list[Workunit]:
        """The workunits of these ranks, without those that *selection* no longer asks for when they are sent."""
        base = self.context.hosts.base(call.request)
        units = (unit for entry, ranks in parts for unit in self.engine.work.units(entry, ranks))
        return listed(shown_work(unit, base) for unit in units if selection.has_state(unit.state))


def _tell(request: AwedRequest, headers: Mapping[str, str]) -> None:
    for name, text in headers.items():
        request.responseHeaders.setRawHeaders(name, [text])
