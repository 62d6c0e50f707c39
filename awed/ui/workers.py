"""The page of the workers: what each runs, how much of its resources is used, and why it gets no work."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from urllib.parse import quote

from twisted.web.template import Tag, tags

from awed.api.context import Context
from awed.api.rights import a_client, may, to
from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.ids import parse_work_id
from awed.model.states import ClientState
from awed.model.times import NO_TIME
from awed.ui.frame import Links, Pages, Screen, meant
from awed.ui.glyphs import badge, share, word
from awed.ui.words import amount_of, count, elapsed, labelled, moment, short, span
from awed.web.calls import Call, Calls
from awed.web.pages import see_other

RUNS = 6
"""How many workunits of a worker are listed."""


class WorkersPage(Pages):
    """``/ui/workers``."""

    calls = Calls[Context]()

    @calls("GET /workers", may("read"))
    async def workers(self, call: Call[None]) -> bytes:
        """All workers that the caller may see, busy ones first."""
        acl, now = self.context.groups.acl, self.context.now()
        clients = [client for client in self.engine.clients.all() if acl(client.group).allows(call.user, "read")]
        clients.sort(key=lambda client: (_RANK[client.status], client.name, client.id))
        links = Links(call.request)
        names = ("State", "Worker", "Runs now", "Used of what it offers", "Done", "Failed", "Here for", "Heard", "")
        head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in names)))
        rows = [self._worker(call, client, now, links) for client in clients]
        table = tags.div(tags.table(head, tags.tbody(*rows, id="rows"), class_="workers"), class_="card scroll")
        none = tags.div(
            tags.p("No worker is here. Start one on any machine:"),
            tags.code(f"awe-worker --server {self.context.hosts.base(call.request)} --workdir work"),
            class_="card empty",
        )
        told = ", ".join(f"{sum(client.status is state for client in clients)} {word(state)}" for state in _RANK)
        title = tags.div(tags.h1("Workers"), tags.span(told, class_="done"), class_="head", id="head")
        return await self.show(
            call, Screen("Workers", [title, table if clients else none], here="Workers", live="workers")
        )

    @calls("POST /workers/<client_id>?suspend", meant(to("write", a_client)))
    async def suspend_worker(self, call: Call[Client]) -> bytes:
        """Suspend a worker."""
        await self.engine.clients.suspend(call.thing.id)
        return see_other(call.request, Links(call.request)("workers"))

    @calls("POST /workers/<client_id>?resume", meant(to("write", a_client)))
    async def resume_worker(self, call: Call[Client]) -> bytes:
        """Resume a worker."""
        await self.engine.clients.resume(call.thing.id)
        return see_other(call.request, Links(call.request)("workers"))

    def _worker(self, call: Call[None], client: Client, now: datetime, links: Links) -> Tag:
        is_suspended = client.status is ClientState.SUSPEND
        flag, name = ("resume", "Resume") if is_suspended else ("suspend", "Suspend")
        button = self.form(call, links(f"workers/{client.id}?{flag}"), tags.button(name, type="submit"))
        about = " · ".join(filter(None, [client.group, client.hostname or client.host, client.version]))
        return tags.tr(
            tags.td(badge(client.status), class_="c-state"),
            tags.td(client.name or short(client.id), tags.small(about), *_suspended(client), class_="c-name"),
            tags.td(*self._runs(client, self.engine.jobs.shows(call.user), links), class_="c-runs"),
            tags.td(*_used(client), class_="c-used"),
            labelled("Done", f"{client.total_completed:,}"),
            labelled("Failed", f"{client.total_failed:,}"),
            labelled("Here for", elapsed(client.regtime, NO_TIME, now)),
            labelled("Heard", _ago(self.engine.clients.silence(client.id))),
            tags.td(button, class_="c-do"),
            id=f"w-{client.id}",
            **{"data-client": client.id, "data-state": client.status.value},
        )

    def _runs(self, client: Client, shows: Callable[[str], bool], links: Links) -> list[Tag | str]:
        """The first RUNS workunits of a worker for which *shows* is true, with links to their tasks."""
        shown: list[Tag | str] = []
        for work in islice(filter(shows, client.current_work), RUNS):
            try:
                found = parse_work_id(work)
            except Invalid:
                continue
            part = f" {found.rank}" if found.rank else ""
            address = _address(links, found.job_id, found.task_name)
            shown.append(tags.div(tags.a(f"{short(found.job_id)} {found.task_name}{part}", href=address)))
        more = len(client.current_work) - len(shown)
        return [*shown, *([tags.small(f"and {more} more")] if more > 0 else [])]


def _ago(seconds: float) -> str:
    """How long ago, as exactly as heartbeats tell."""
    return "now" if seconds < 10 else f"{span(seconds)} ago"


_RANK = {ClientState.BUSY: 0, ClientState.IDLE: 1, ClientState.SUSPEND: 2}


def _address(links: Links, job_id: str, task: str) -> str:
    return links(f"job/{job_id}/task/{quote(task, safe='')}")


def _suspended(client: Client) -> list[Tag]:
    if client.status is not ClientState.SUSPEND:
        return []
    until = [" until ", moment(client.suspended_until)] if client.suspended_until != NO_TIME else []
    return [tags.small(client.suspend_reason or "suspended by hand", *until, class_="reason")]


def _used(client: Client) -> list[Tag]:
    """A bar for each resource that a worker registered, or for its slots if it registered none."""
    if not client.offers:
        taken = len(client.current_work)
        return [share("slots", taken, client.slots, f"{taken} of {count(client.slots, 'slot')}")]
    free: Mapping[str, float] = client.free or {}
    return [
        share(name, used := whole - free.get(name, 0), whole, f"{amount_of(name, used)} of {amount_of(name, whole)}")
        for name, whole in client.offers.items()
        if whole
    ]
