"""The steps of a run as a table, page by page: each is a job with a page of its own."""

from collections.abc import Sequence

from twisted.web.template import Tag, tags

from awed.model.records import JobRecord
from awed.model.states import ACTIVE
from awed.service.engine import Engine
from awed.store.interface import JobQuery
from awed.ui.frame import Links
from awed.ui.glyphs import badge
from awed.ui.view import JobView, look
from awed.ui.why import why
from awed.ui.words import elapsed, moment, short

PAGE = 100
"""How many steps are on a page."""


async def steps(engine: Engine, view: JobView, links: Links, reader: str | None, offset: int) -> Tag:
    """A page of the steps of the run that *reader* may read (None: all), the oldest first. *offset*: of the first."""
    query = JobQuery(
        fields={"info.parent": [view.job.id]},
        reader=reader,
        order="info.submittime",
        descending=False,
        limit=PAGE,
        offset=offset,
    )
    page = await engine.jobs.heads(query)
    if not page.records:
        return tags.p(
            "There are no steps yet." if not offset else "There are no more steps.", class_="empty", id="steps"
        )
    head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in ("State", "Step", "Begun", "Ran", "Why"))))
    rows = [_row(engine, view, record, links) for record in page.records]
    return tags.div(
        tags.div(tags.table(head, tags.tbody(*rows), class_="tasks"), class_="scroll"),
        _pages(view, page.records, page.total, offset),
        id="steps",
    )


def _row(engine: Engine, view: JobView, record: JobRecord, links: Links) -> Tag:
    job, info = record.job, record.job.info
    lives = job.state in ACTIVE
    ran = elapsed(info.startedtime, info.completedtime, view.now if lives else job.updatetime, lives=lives)
    return tags.tr(
        tags.td(badge(look(job)), class_="c-state"),
        tags.td(
            tags.a(info.name or short(job.id), href=links(f"job/{job.id}")),
            tags.small(short(job.id)),
            class_="c-name",
        ),
        tags.td(moment(info.startedtime), class_="c-when"),
        tags.td(ran, class_="num"),
        tags.td(why(engine, job), class_="c-why"),
        id=f"s-{job.id}",
        **{"data-step": job.id, "data-state": job.state.value},
    )


def _pages(view: JobView, shown: Sequence[JobRecord], total: int, offset: int) -> Tag | str:
    if len(shown) == total:
        return ""
    before = (
        [tags.a("← before", href=view.tabbed("steps", offset=max(offset - PAGE, 0)), rel="prev")] if offset else []
    )
    rest = offset + len(shown) < total
    after = [tags.a("after →", href=view.tabbed("steps", offset=offset + PAGE), rel="next")] if rest else []
    here = tags.span(f"{offset + 1:,} to {offset + len(shown):,} of {total:,} steps")
    return tags.nav(*before, here, *after, class_="pages", **{"aria-label": "Pages of the steps"})
