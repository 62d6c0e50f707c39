"""The page of the farm: what each worker ran in the last hours, a lane for each."""

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any

from twisted.web.template import Tag, tags

from awed.api.context import Context
from awed.api.rights import may
from awed.model.access import User
from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.feed import StateChange, Subject, WorkEvent
from awed.model.ids import parse_work_id
from awed.model.times import NO_TIME
from awed.service.runs import Run
from awed.ui.frame import Links, Pages, Screen
from awed.ui.lanes import LEGEND, Drawing, Lane, Window
from awed.ui.view import query_string
from awed.ui.words import count, moment
from awed.web.calls import Call, Calls
from awed.web.kinds import word

HOURS = ("1", "3", "6", "12", "24")
"""How many hours can be shown, REMEMBERED at most."""

MOST = 100
"""The most lanes that are shown."""

LEAST = timedelta(minutes=4)
"""The shortest time that is shown."""

PIECES = 2400
"""About how many pieces are drawn at most, in one row of each lane."""


class FarmPage(Pages):
    """``/ui/farm``."""

    calls = Calls[Context]()

    @calls("GET /farm", may("read"))
    async def farm(
        self, call: Call[None], *, hours: Annotated[str, word(HOURS), "How many hours are shown."] = "3"
    ) -> bytes:
        """What the workers that the caller may see ran in the last hours, the busiest first."""
        await self.runs.read()
        now, links = self.context.now(), Links(call.request)
        whole = Window(now - timedelta(hours=int(hours)), now)
        lanes = await self._lanes(call.user, whole)
        window = _fitting(whole, lanes)

        shows = self.engine.jobs.shows(call.user)

        async def may_name(run: Run) -> bool:
            if run.ended == NO_TIME:
                return shows(run.change.about)
            return await self.engine.events.may_read(call.user, run.change)

        drawing = Drawing(window, 1 / min(max(PIECES // max(len(lanes), 1), 24), 240), links, may_name)
        rows = [await drawing.row(lane) async for lane in self.context.turns(lanes[:MOST])]
        told = tags.span(count(len(lanes), "worker"), class_="done")
        since = self.runs.since
        cut = tags.p("Only the latest runs are known, since ", moment(since), ".", class_="why")
        content = [
            tags.div(tags.h1("Farm"), told, _choice(hours, links), class_="head"),
            *([cut] if since > whole.begin else []),
            _table(self.context.turns.paced(rows), window, len(lanes) - len(rows)) if rows else _nobody(links),
        ]
        return await self.show(call, Screen("Farm", content, here="Farm", live="farm"))

    async def _lanes(self, user: User, window: Window) -> list[Lane]:
        """The lanes of the workers that *user* may see: those that are here, and those that ran something."""
        acl, groups = self.context.groups.acl, self.runs.groups
        clients = {client.id: client for client in self.engine.clients.all()}
        runs: defaultdict[str, list[Run]] = defaultdict(list)
        async for run in self.context.turns(list(self.runs.runs)):
            if run.ended == NO_TIME or run.ended > window.begin:
                runs[run.change.client].append(run)
        lanes = []
        for id in {**clients, **runs}:
            client = clients.get(id)
            group = client.group if client else groups.get(id)
            if group is not None and acl(group).allows(user, "read"):
                lanes.append(Lane(id, client, [*_earlier(client, runs[id]), *runs[id]]))
        return sorted(lanes, key=lambda lane: (-len(lane.runs), lane.name, lane.id))


def _fitting(window: Window, lanes: Sequence[Lane]) -> Window:
    """The part of *window* in which there were workers, and at least the last LEAST of it."""
    return Window(max(window.begin, min([window.end - LEAST, *(lane.begun for lane in lanes)])), window.end)


def _earlier(client: Client | None, runs: Sequence[Run]) -> Iterator[Run]:
    """What a worker runs since before the time from which on runs are known."""
    known = {run.change.about for run in runs if run.ended == NO_TIME}
    for work in client.current_work if client else ():
        if work not in known:
            try:
                parse_work_id(work)
            except Invalid:
                continue
            yield Run(StateChange(Subject.WORK, work, WorkEvent.CHECKOUT), NO_TIME)


def _table(rows: Generator[Any, None, None], window: Window, more: int) -> Tag:
    names = ("Worker", "Done", "Failed", "Busy")
    axis = tags.th(_clock(window), scope="col", class_="axis", **{"aria-label": "When"})
    head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in names), axis))
    legend = (tags.span(tags.i(class_=f"key f-{look}"), text) for look, text in LEGEND.items())
    left_out = tags.p(f"and {count(more, 'more worker')}", class_="empty") if more else ""
    table = tags.table(head, tags.tbody(rows, id="rows"), class_="lanes farm")
    return tags.div(
        tags.p(*legend, class_="legend"), tags.div(table, left_out, class_="scroll"), class_="card", id="farm"
    )


def _clock(window: Window) -> Tag:
    """The times along the axis."""
    times = [window.begin + (window.end - window.begin) * number / 4 for number in range(4)]
    return tags.div(*map(moment, times), tags.span("now"), class_="clock")


def _choice(hours: str, links: Links) -> Tag:
    def chip(one: str) -> Tag:
        here = {"aria-current": "true"} if one == hours else {}
        return tags.a(f"{one} h", href=links("farm") + query_string({"hours": one}), **here)

    return tags.nav(*map(chip, HOURS), class_="chips", **{"aria-label": "Hours"})


def _nobody(links: Links) -> Tag:
    told = tags.p("No worker is here, and none ran anything.")
    return tags.div(told, tags.a("How to start one", href=links("workers")), class_="card empty")
