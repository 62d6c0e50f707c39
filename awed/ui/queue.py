"""The page of the queue: how much work waits, of which kinds, since when and why."""

from twisted.web.template import Tag, tags

from awed.api.context import Context
from awed.api.rights import ADMIN, may
from awed.auth.rights import reader
from awed.model.access import User
from awed.model.states import JobState
from awed.scheduler.queue import Queued
from awed.scheduler.requirements import Wanted, groups_of
from awed.store.interface import JobQuery, RecordPage
from awed.ui.frame import Links, Pages, Screen, meant
from awed.ui.glyphs import badge
from awed.ui.why import sentence, why
from awed.ui.words import moment, needs, short, span
from awed.web.calls import Call, Calls
from awed.web.pages import see_other

MOST = 200
"""The most kinds of waiting work that are shown."""


class QueuePage(Pages):
    """``/ui/queue``."""

    calls = Calls[Context]()

    @calls("GET /queue", may("read"))
    async def waiting(self, call: Call[None]) -> bytes:
        """The work that waits, by kind, and the jobs that wait."""
        queue, links = self.engine.queue, Links(call.request)
        suspended = tags.p("The queue is suspended: nothing is handed out.", class_="why s-suspend", id="why")
        flag, name = ("resume", "Resume") if queue.is_suspended else ("suspend", "Suspend all")
        button = self.form(call, links(f"queue?{flag}"), tags.button(name, type="submit"), class_="actions")
        states = (JobState.QUEUED,)
        page = await self.engine.jobs.heads(JobQuery(states=states, reader=reader(call.user), descending=False))
        every = list(queue.queued())
        kinds = [kind for kind in every if self._may_know(call.user, kind.wanted)]
        content = [
            tags.div(tags.h1("Queue"), *([button] if call.user.admin else []), class_="head"),
            *([suspended] if queue.is_suspended else []),
            _counts(queue.states()),
            self._kinds(kinds, bool(every)),
            self._jobs(page, links),
        ]
        return await self.show(call, Screen("Queue", content, here="Queue", live="queue"))

    @calls("POST /queue?suspend", meant(ADMIN))
    async def suspend_queue(self, call: Call[None]) -> bytes:
        """Suspend the queue."""
        await self.engine.queue.suspend()
        return see_other(call.request, Links(call.request)("queue"))

    @calls("POST /queue?resume", meant(ADMIN))
    async def resume_queue(self, call: Call[None]) -> bytes:
        """Resume the queue."""
        await self.engine.queue.resume()
        return see_other(call.request, Links(call.request)("queue"))

    def _may_know(self, user: User, wanted: Wanted) -> bool:
        """Whether *user* may know of waiting work: for groups that the user may read, or submitted by the user."""
        groups = self.context.groups
        if user.admin or not wanted.named:
            return user.admin or wanted.groups <= groups_of("", user.name)
        return all(groups.has(name) and groups.acl(name).allows(user, "read") for name in wanted.named)

    def _kinds(self, kinds: list[Queued], are_any: bool) -> Tag:
        """The table of *kinds*. *are_any*: whether there are any, also such as the user may not know of."""
        kinds.sort(key=lambda kind: kind.since)
        now = self.engine.events.feed.seconds()
        rows = (
            tags.tr(
                tags.td(", ".join(sorted(kind.wanted.named)) or "any open group"),
                tags.td(tags.code(kind.wanted.app or "any")),
                tags.td(_needs(kind.wanted)),
                tags.td(f"{kind.work:,}", class_="num"),
                tags.td(span(now - kind.since), class_="num"),
                tags.td(sentence(self.engine.reasons.kind(kind)), class_="c-why"),
            )
            for kind in kinds[:MOST]
        )
        names = ("Group", "Command", "Needs", "Waiting workunits", "The oldest since", "Why it waits")
        head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in names)))
        told = "No work waits for a worker."
        if are_any:
            told = "What waits is for groups that you may not see; jobs that you may see are below."
        table = tags.table(head, tags.tbody(self.context.turns.paced(rows)))
        shown = table if kinds else tags.p(told, class_="empty")
        more = tags.p(f"and {len(kinds) - MOST:,} more kinds") if len(kinds) > MOST else ""
        return tags.section(tags.h2("Waiting work"), tags.div(shown, more, class_="card scroll"), id="kinds")

    def _jobs(self, page: RecordPage, links: Links) -> Tag:
        rows = [
            tags.tr(
                tags.td(tags.a(record.job.info.name or short(record.job.id), href=links(f"job/{record.job.id}"))),
                tags.td(moment(record.job.info.submittime)),
                tags.td(why(self.engine, record.job), class_="c-why"),
                id=f"q-{record.job.id}",
                **{"data-job": record.job.id},
            )
            for record in page.records
        ]
        if not rows:
            return tags.section(id="waiting")
        names = ("Job", "Submitted", "Why it waits")
        head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in names)))
        more = tags.a(f"all {page.total:,}", href=links("?q=state:queued")) if page.total > len(rows) else ""
        table = tags.div(tags.table(head, tags.tbody(*rows, id="rows")), class_="card scroll")
        return tags.section(tags.h2("Waiting jobs"), table, more, id="waiting")


def _needs(wanted: Wanted) -> str:
    more = [f"{wanted.walltime} s" if wanted.walltime else "", "an image" if wanted.image else ""]
    return ", ".join(filter(None, [needs(wanted.needs), *more]))


def _counts(states: dict[str, dict[str, int]]) -> Tag:
    """The numbers of jobs, tasks, workunits and clients, each by state."""
    boxes = [
        tags.div(
            tags.h3(kind),
            tags.b(f"{sum(counts.values()):,}"),
            *(tags.div(badge(state), f" {number:,}") for state, number in counts.items() if number),
            class_="card box",
        )
        for kind, counts in states.items()
    ]
    return tags.div(*boxes, class_="boxes", id="counts")
