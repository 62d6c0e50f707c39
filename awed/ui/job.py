"""The page of a job: facts, why it does not run, actions, and its tasks in several views."""

from collections.abc import Awaitable
from typing import Annotated

import msgspec
from msgspec.structs import replace
from twisted.web.template import Tag, tags

from awed.api.context import Context
from awed.api.rights import a_head, a_job, to
from awed.auth.rights import reader
from awed.model.access import PUBLIC, User
from awed.model.errors import ClientNotFound, NotFound, WorkNotFound
from awed.model.ids import parse_work_id, task_id, task_name, work_id
from awed.model.job import Job, Task
from awed.model.records import JobRecord
from awed.model.states import TaskState
from awed.model.work import PerfRecord
from awed.ui import side, tasks
from awed.ui.actions import Action, actions, recompute_from
from awed.ui.files import files
from awed.ui.frame import Links, Pages, Screen, meant
from awed.ui.glyphs import badge, bar
from awed.ui.graph import Layouts, picture
from awed.ui.history import history
from awed.ui.parts import parts
from awed.ui.steps import steps
from awed.ui.timeline import by_task, timeline
from awed.ui.view import JobView, look
from awed.ui.why import why
from awed.ui.words import count, elapsed, moment, short
from awed.web.calls import Call, Calls
from awed.web.kinds import INTEGER, or_empty, word
from awed.web.kinds import count as number
from awed.web.pages import see_other

TABS = {
    "steps": "Steps",
    "graph": "Graph",
    "timeline": "Timeline",
    "tasks": "Tasks",
    "files": "Files",
    "document": "Document",
    "events": "Events",
}

LONGEST_DOCUMENT = 200_000
"""Characters of a document that are shown."""

MOST_TASKS = LONGEST_DOCUMENT // 100
"""The most tasks that a shown document has: a task has more than 100 characters, so that those left out would be cut
off anyway."""

MOST_PERFS = 5000
"""The most performance records that are read for a timeline."""

Tab = Annotated[str | None, or_empty(word(TABS)), "The view of the job; of a run its steps unless it is said."]
State = Annotated[TaskState | None, or_empty(word(TaskState)), "Only tasks in this state."]
Offset = Annotated[int, number(), "How many of the first tasks to leave out."]


class JobPage(Pages):
    """``/ui/job/ID``, and ``/ui/job/ID/task/TASK`` with a task beside the view."""

    calls = Calls[Context]()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._layouts = Layouts(context.in_thread)

    @calls("GET /job/<job_id>", to("read", a_job))
    async def job(self, call: Call[JobRecord], *, tab: Tab = None, state: State = None, offset: Offset = 0) -> bytes:
        """The page of a job."""
        view = self._view(call, tab)
        return await self._shown(call, view, await self._tab(call, view, state, offset))

    @calls("GET /job/<job_id>/task/<task>", to("read", a_job))
    async def task(
        self,
        call: Call[JobRecord],
        task: str,
        *,
        tab: Tab = None,
        state: State = None,
        offset: Offset = 0,
        part: Annotated[int | None, or_empty(number()), "Which part of a split task."] = None,
    ) -> bytes:
        """The page of a job, with a task beside the view."""
        job = call.thing.job
        wanted = task_id(job.id, task)
        found = next((one for one in job.tasks if one.taskid == wanted), None)
        if found is None:
            raise NotFound(f"job {job.id} has no task {task}")
        logs = await side.logs(self.engine, found, job, part)
        view = self._view(call, tab, task)
        links, again = Links(call.request), await self.context.in_thread(recompute_from, job, found)
        spans = await self.engine.work.spans_of(job.id, task_name(found.taskid))
        more = side.More(
            action=self._action(call, view, again, "do-recompute-here") if again else "",
            worker=await self._holder(call.user, found, logs.rank, links),
            parts=parts(view, found, logs.rank, spans),
        )
        beside = side.panel(view, found, logs, links, more)
        return await self._shown(call, view, await self._tab(call, view, state, offset), beside)

    async def _holder(self, user: User, task: Task, rank: int, links: Links) -> Tag | str:
        """The worker that runs a workunit of *task* now; "" if there is none, or *user* may not see it."""
        if task.state is not TaskState.IN_PROGRESS:
            return ""
        try:
            work = await self.engine.work.get(parse_work_id(work_id(task.taskid, rank)))
            client = self.engine.clients.get(work.client)
        except (WorkNotFound, ClientNotFound):
            return ""
        if not self.context.groups.acl(client.group).allows(user, "read"):
            return ""
        return tags.a(client.name or short(client.id), href=f"{links('workers')}#w-{client.id}")

    def _view(self, call: Call[JobRecord], tab: str | None, chosen: str = "") -> JobView:
        tab = tab or ("steps" if call.thing.job.is_run else "graph")
        here = Links(call.request)(f"job/{call.thing.job.id}")
        return JobView(call.thing.job, self.context.now(), self.context.turns, here, tab, chosen)

    async def _shown(self, call: Call[JobRecord], view: JobView, shown: Tag, beside: Tag | None = None) -> bytes:
        """The answer with the page. *shown*: the view; *beside*: the panel of a task, if one was chosen."""
        job = call.thing.job
        section = tags.section(_tabs(view), shown, class_="card view", id="view", **{"data-view": view.tab})
        parts = [section, beside] if beside else [section]
        of = "" if job.is_run else job.id  # the page of a run follows its steps, which are other jobs
        content = [self._head(call, view), tags.div(*parts, class_="split" if beside else "whole", id="split")]
        screen = Screen(job.info.name or short(job.id), content, icon=look(job), here="Jobs", live="job", job=of)
        return await self.show(call, screen)

    async def _tab(self, call: Call[JobRecord], view: JobView, state: TaskState | None, offset: int) -> Tag:
        in_thread = self.context.in_thread  # there may be very many tasks
        match view.tab:
            case "steps":
                shown: Awaitable[Tag] = steps(self.engine, view, Links(call.request), reader(call.user), offset)
            case "tasks":
                shown = in_thread(tasks.table, view, state or "", offset)
            case "timeline":
                shown = in_thread(timeline, view, by_task(await self._perfs(view.job.id)))
            case "files":
                shown = in_thread(files, view, Links(call.request))
            case "events":
                shown = history(view)
            case "document":
                shown = self._document(view.job)
            case _:
                shown = picture(view, self._layouts)
        return await shown

    async def _perfs(self, job_id: str) -> list[PerfRecord]:
        """The first MOST_PERFS performance records of a job."""
        found: list[PerfRecord] = []
        async for record in await self.engine.jobs.perfs(job_id):
            found.append(record)
            if len(found) == MOST_PERFS:
                break
        return found

    async def _document(self, job: Job) -> Tag:
        some = replace(job, tasks=job.tasks[:MOST_TASKS])
        text = await self.context.in_thread(_formatted, msgspec.json.encode(some))
        cut = tags.p("Only the beginning is shown.") if len(text) > LONGEST_DOCUMENT else ""
        return tags.div(cut, tags.pre(text[:LONGEST_DOCUMENT], class_="document", tabindex="0"))

    def _head(self, call: Call[JobRecord], view: JobView) -> Tag:
        record, job = call.thing, call.thing.job
        info, counts = job.info, tasks.counted(job)
        done = f"{counts.get(TaskState.COMPLETED, 0):,} of {count(len(job.tasks), 'task')} done"
        facts: list[tuple[str, Tag | str]] = [
            ("Job", tags.code(job.id)),
            ("Owner", "" if record.acl.owner == PUBLIC else record.acl.owner),
            ("Step of", _run_link(call, info.parent) if info.parent else ""),
            ("Project", info.project),
            ("Pipeline", info.pipeline),
            ("Groups", info.clientgroups),
            ("Priority", str(info.priority) if info.priority != 1 else ""),
            ("Submitted", moment(info.submittime)),
            ("Ran", elapsed(info.startedtime, info.completedtime, view.clock, lives=view.lives)),
            ("Ended", moment(info.completedtime)),
        ]
        shown = [tags.div(tags.dt(name), tags.dd(value)) for name, value in facts if value]
        sentence = why(self.engine, job)
        reason = [tags.p(sentence, class_=f"why s-{look(job)}", id="why")] if sentence else []
        title = tags.h1(info.name or short(job.id))
        state = badge(look(job), **{"data-job-state": job.state.value})
        return tags.section(
            tags.div(title, state, tags.span(done, class_="done"), self._actions(call, view), class_="head"),
            bar(counts),
            *reason,
            tags.dl(*shown, class_="facts"),
            id="head",
            class_="job-head",
        )

    def _actions(self, call: Call[JobRecord], view: JobView) -> Tag:
        menus = [self._action(call, view, one, f"do-{one.flag}") for one in actions(view.job)]
        return tags.div(*menus, class_="actions")

    def _action(self, call: Call[JobRecord], view: JobView, action: Action, id: str) -> Tag:
        look = "danger" if action.flag == "delete" else "main"
        button = tags.button(action.name, type="submit", class_=look)
        form = self.form(call, f"{view.here}?{action.flag}", tags.p(action.about), *action.fields, button)
        return tags.details(tags.summary(action.name), form, class_="action", id=id)

    @calls("POST /job/<job_id>?suspend", meant(to("write", a_head)))
    async def suspend(self, call: Call[JobRecord]) -> bytes:
        """Suspend the job."""
        await self.engine.jobs.suspend(call.thing.job.id)
        return _back(call)

    @calls("POST /job/<job_id>?resume", meant(to("write", a_head)))
    async def resume(self, call: Call[JobRecord]) -> bytes:
        """Resume the job."""
        await self.engine.jobs.resume(call.thing.job.id)
        return _back(call)

    @calls("POST /job/<job_id>?recompute", meant(to("write", a_head)))
    async def recompute(self, call: Call[JobRecord]) -> bytes:
        """Run a task, and all that depends on it, again."""
        task = (await call.request.form()).text("task") or ""
        await self.engine.revisions.recompute(call.thing.job.id, task)
        return _back(call)

    @calls("POST /job/<job_id>?resubmit", meant(to("write", a_head)))
    async def resubmit(self, call: Call[JobRecord]) -> bytes:
        """Run all tasks again."""
        await self.engine.revisions.resubmit(call.thing.job.id)
        return _back(call)

    @calls("POST /job/<job_id>?priority", meant(to("write", a_head)))
    async def prioritize(self, call: Call[JobRecord]) -> bytes:
        """Set the priority of the job; work of jobs with a higher one is handed out first."""
        priority = INTEGER.read("priority", [(await call.request.form()).text("priority") or ""])
        await self.engine.revisions.steer(call.thing.job.id, lambda info: setattr(info, "priority", priority))
        return _back(call)

    @calls("POST /job/<job_id>?delete", meant(to("delete", a_head)))
    async def delete(self, call: Call[JobRecord]) -> bytes:
        """Delete the job."""
        await self.engine.jobs.delete(call.thing.job.id, full=False)
        return see_other(call.request, Links(call.request)())


def _run_link(call: Call[JobRecord], run_id: str) -> Tag:
    return tags.a(short(run_id), href=Links(call.request)(f"job/{run_id}"))


def _back(call: Call[JobRecord]) -> bytes:
    return see_other(call.request, Links(call.request)(f"job/{call.thing.job.id}"))


def _tabs(view: JobView) -> Tag:
    links = [
        tags.a(name, href=view.tabbed(tab), **({"aria-current": "page"} if tab == view.tab else {}))
        for tab, name in TABS.items()
        if tab != "steps" or view.job.is_run
    ]
    return tags.nav(*links, class_="tabs", **{"aria-label": "Views of the job"})


def _formatted(document: bytes) -> str:
    return msgspec.json.format(document).decode()
