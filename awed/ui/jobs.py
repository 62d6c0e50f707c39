"""The list of jobs: counts by state, the search, a page of jobs, and changes of several jobs at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

from twisted.web.template import Tag, tags

from awed.api.context import Context
from awed.api.rights import may
from awed.auth.rights import reader, require
from awed.model.access import PUBLIC, User, Verb
from awed.model.errors import AwedError, Invalid, JobNotFound
from awed.model.records import JobRecord
from awed.model.states import ACTIVE, JobState, TaskState
from awed.ui.at_workers import jobs_at
from awed.ui.frame import Links, Pages, Screen, hidden, meant
from awed.ui.glyphs import badge, bar, glyph, word
from awed.ui.search import PAGE, Selection
from awed.ui.view import look
from awed.ui.why import why
from awed.ui.words import elapsed, moment, short
from awed.web.calls import Asked, Call, Calls
from awed.web.kinds import count as number
from awed.web.pages import see_other

CHIPS: Mapping[str, str] = {
    "in-progress": "state:in-progress",
    "queued": "state:queued",
    "suspend": "state:suspended",
    "completed": "state:completed",
    "deleted": "state:deleted",
    "init": "state:init",
}
"""The states with a link that filters by them, each with the search for the link."""

COLUMNS = (
    ("state", "State"),
    ("name", "Name"),
    ("", "Progress"),
    ("", "Owner"),
    ("submitted", "Submitted"),
    ("", "Ran"),
    ("", "Why it does not run"),
)

MOST = 500
"""The most jobs that one form can change."""

_HINT = 'state:suspended project:soil user:me name:"amplicon run" since:2d'


class JobList(Pages):
    """``/ui/``."""

    calls = Calls[Context]()

    @calls("GET /", may("read"))
    async def jobs(
        self,
        call: Call[None],
        *,
        q: Annotated[str, "The search."] = "",
        sort: Annotated[str, "The column to sort by."] = "changed",
        up: Annotated[bool, "Sort in ascending order."] = False,
        offset: Annotated[int, number(), "How many of the first jobs to leave out."] = 0,
    ) -> bytes:
        """A page of jobs."""
        if not call.request.path.endswith(b"/"):
            path, mark, query = call.request.uri.decode().partition("?")
            return see_other(call.request, f"{path.rpartition('/')[2]}/{mark}{query}")
        selection, links = Selection(q, sort, up, offset), Links(call.request)
        counts = await self.engine.jobs.counts(reader(call.user), top=True)
        told: Tag | None = None
        records: Sequence[JobRecord] = []
        total = 0
        try:
            ids = await jobs_at(self.context, self.runs, call.user, selection.workers)
            page = await self.engine.jobs.heads(selection.query(call.user, self.context.now(), ids))
            records, total = page.records, page.total
        except Invalid as error:
            told = tags.p(str(error), role="alert")
        content = [
            tags.div(tags.h1("Jobs"), _search(selection, links), class_="head"),
            _chips(selection, counts, links),
            *([told] if told else [self._list(call, selection, records, total, links)]),
        ]
        return await self.show(call, Screen("Jobs", content, here="Jobs", live="jobs"), 400 if told else 200)

    @calls("POST /jobs", meant(may("write")))
    async def change(self, call: Call[None]) -> bytes:
        """Suspend, resume or delete several jobs."""
        form = await call.request.form()
        chosen = [part.text() for part in form.parts if part.name == "job"]
        action = _ACTIONS.get(form.text("do") or "")
        if action is None or not chosen:
            raise Invalid("Choose some jobs, and what is to be done to them.")
        if len(chosen) > MOST:
            raise Invalid(f"At most {MOST} jobs are changed at once, found: {len(chosen)}")
        verb, name = action
        await may(verb).grant(self.context, Asked(call.request, {}, {}))
        faults = [fault for job_id in chosen if (fault := await self._one(call.user, job_id, verb, name))]
        if faults:
            raise Invalid(*faults)
        return see_other(call.request, Links(call.request)() + (form.text("then") or ""))

    async def _one(self, user: User, job_id: str, verb: Verb, name: str) -> str:
        """Change one job; the error as a text, "" if there is none."""
        jobs = self.engine.jobs
        try:
            require(user, verb, (await jobs.get(job_id)).acl, JobNotFound(job_id))
            if name == "delete":
                await jobs.delete(job_id, full=False)
            else:
                await (jobs.suspend if name == "suspend" else jobs.resume)(job_id)
        except AwedError as error:
            return f"{short(job_id)}: {error}"
        return ""

    def _list(
        self, call: Call[None], selection: Selection, records: Sequence[JobRecord], total: int, links: Links
    ) -> Tag:
        if not records:
            return _nothing(selection, links)
        rows = [self._row(record, links) for record in records]
        columns = [_column(selection, key, name, links) for key, name in COLUMNS]
        boxed = tags.th(
            tags.input(type="checkbox", class_="js-only", **{"data-all": "", "aria-label": "All on this page"})
        )
        table = tags.table(
            tags.thead(tags.tr(boxed, *columns)), tags.tbody(*rows, id="rows"), class_="jobs", id="jobs"
        )
        return self.form(
            call,
            links("jobs"),
            *hidden({"then": selection.address()}),
            tags.div(table, class_="card scroll"),
            tags.div(_bulk(), _pages(selection, total, len(records), links), class_="foot", id="foot"),
        )

    def _row(self, record: JobRecord, links: Links) -> Tag:
        job, info = record.job, record.job.info
        lives = job.state in ACTIVE
        now = self.context.now() if lives else job.updatetime
        ran = elapsed(info.startedtime, info.completedtime, now, lives=lives)
        name = info.name or short(job.id)
        address, counts = links(f"job/{job.id}"), self.engine.jobs.progress(job.id)
        reason = "" if counts.get(TaskState.IN_PROGRESS) else why(self.engine, job)
        box = tags.input(type="checkbox", name="job", value=job.id, **{"aria-label": f"Choose {name}"})
        return tags.tr(
            tags.td(box, class_="c-box"),
            tags.td(badge(look(job)), class_="c-state"),
            tags.td(tags.a(name, href=address), tags.small(_about(record)), class_="c-name"),
            tags.td(*_progress(record, counts), class_="c-bar"),
            tags.td("" if record.acl.owner == PUBLIC else record.acl.owner, class_="c-owner"),
            tags.td(moment(info.submittime), class_="c-when"),
            tags.td(ran, class_="c-ran num"),
            tags.td(reason, class_="c-why"),
            id=f"j-{job.id}",
            **{"data-job": job.id, "data-state": job.state.value},
        )


_ACTIONS: Mapping[str, tuple[Verb, str]] = {
    "suspend": ("write", "suspend"),
    "resume": ("write", "resume"),
    "delete": ("delete", "delete"),
}
"""The changes of several jobs, each with the right that it needs."""


def _about(record: JobRecord) -> str:
    info = record.job.info
    return " · ".join(filter(None, [short(record.job.id) if info.name else "", info.project, info.pipeline]))


def _progress(record: JobRecord, counts: Mapping[TaskState, int]) -> list[Tag]:
    """A progress bar, and the number of tasks that are done, if known."""
    if not counts:
        return [bar({TaskState.COMPLETED: 1} if record.job.state is JobState.COMPLETED else {})]
    return [bar(counts), tags.small(f"{counts.get(TaskState.COMPLETED, 0):,}/{sum(counts.values()):,}", class_="num")]


def _search(selection: Selection, links: Links) -> Tag:
    box = tags.input(
        type="search",
        name="q",
        value=selection.q,
        placeholder=_HINT,
        spellcheck="false",
        autocomplete="off",
        **{"aria-label": "Search jobs", "data-search": ""},
    )
    kept = hidden({"sort": selection.sort if selection.sort != "changed" else "", "up": "1" if selection.up else ""})
    return tags.form(box, *kept, tags.button("Search", type="submit"), action=links(), role="search", class_="search")


def _chips(selection: Selection, counts: Mapping[JobState, int], links: Links) -> Tag:
    def chip(text: str, total: int, q: str, state: str) -> Tag:
        here = {"aria-current": "true"} if selection.q == q else {}
        shape = [glyph(state)] if state else []
        return tags.a(*shape, text, tags.b(f"{total:,}"), href=links() + selection.address(q=q, offset=0), **here)

    all_jobs = chip("all", sum(counts.values()), "", "")
    shown = [(state, counts.get(JobState(state), 0)) for state in CHIPS]
    each = [chip(word(state), total, CHIPS[state], state) for state, total in shown if total or state != "init"]
    return tags.nav(all_jobs, *each, class_="chips", id="chips", **{"aria-label": "By state"})


def _column(selection: Selection, key: str, name: str, links: Links) -> Tag:
    if not key:
        return tags.th(name, scope="col")
    is_chosen = selection.sort == key
    up = not selection.up if is_chosen else key in ("name", "state")
    arrow = (" ▲" if selection.up else " ▼") if is_chosen else ""
    sorted_by = {"aria-sort": "ascending" if selection.up else "descending"} if is_chosen else {}
    address = links() + selection.address(sort=key, up=up, offset=0)
    return tags.th(tags.a(name + arrow, href=address), scope="col", **sorted_by)


def _bulk() -> Tag:
    buttons = (
        tags.button(text, type="submit", name="do", value=name, **({"data-sure": sure} if sure else {}))
        for name, text, sure in (
            ("suspend", "Suspend", ""),
            ("resume", "Resume", ""),
            ("delete", "Delete", "Delete the chosen jobs?"),
        )
    )
    return tags.div(tags.span("With the chosen ones:"), *buttons, class_="bulk", **{"data-bulk": ""})


def _pages(selection: Selection, total: int, shown: int, links: Links) -> Tag:
    def other(text: str, offset: int, rel: str, there: Callable[[], bool]) -> Iterable[Tag]:
        if there():
            yield tags.a(text, href=links() + selection.address(offset=offset), rel=rel)

    first = selection.offset
    return tags.nav(
        *other("← newer" if not selection.up else "← before", max(first - PAGE, 0), "prev", lambda: first > 0),
        tags.span(f"{first + 1:,} to {first + shown:,} of {total:,}"),
        *other("older →" if not selection.up else "after →", first + PAGE, "next", lambda: first + shown < total),
        class_="pages",
        **{"aria-label": "Pages of the list"},
    )


def _nothing(selection: Selection, links: Links) -> Tag:
    if selection.q or selection.offset:
        return tags.div(tags.p("No job is like that."), tags.a("Show all jobs", href=links()), class_="card empty")
    first = tags.a("Submit the first", href=links("submit"), class_="main")
    return tags.div(tags.p("There are no jobs yet."), first, class_="card empty")
