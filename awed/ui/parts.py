"""The parts of a split task as a table: neighbours that are alike share a row, so ten thousand need few."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from twisted.web.template import Tag, tags

from awed.model.job import Task
from awed.model.states import WorkState
from awed.model.times import NO_TIME
from awed.scheduler.spans import Span
from awed.ui.glyphs import badge
from awed.ui.view import JobView
from awed.ui.words import count, elapsed

MOST = 100
"""The most rows that are shown."""

DONE = "completed"


class Alike(NamedTuple):
    """The parts from *first* to *last* with this *state*. *failed*: how often; *since*: when it was handed out."""

    first: int
    last: int
    state: str
    failed: int = 0
    since: datetime = NO_TIME


def parts(view: JobView, task: Task, chosen: int, spans: Sequence[Span]) -> Iterator[Tag]:
    """The table, and a form to choose one; nothing for a task that is not split. *chosen*: the part whose logs are
    shown; *spans*: the parts that are not done, of a task that is at work."""
    if task.totalwork == 1:
        return
    found = list(alike(task, spans))
    head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in ("Part", "State", "Failed", "Out for"))))
    rows = [_row(view, task, one, chosen) for one in found[:MOST]]
    more = tags.p(f"and {count(len(found) - MOST, 'more row')}") if len(found) > MOST else ""
    yield tags.h3(f"Parts: {task.totalwork - task.remainwork:,} of {task.totalwork:,} done")
    yield tags.div(tags.table(head, tags.tbody(*rows), class_="attempts"), more, class_="scroll parts", tabindex="0")
    field = tags.input(type="number", name="part", value=str(chosen), min="1", max=str(task.totalwork))
    yield tags.form(tags.label("Part ", field), tags.button("Show"), action=view.task(task), class_="part")


def alike(task: Task, spans: Sequence[Span]) -> Iterator[Alike]:
    """The parts of *task* in their order; what is in no span is done, if the task is at work or completed."""
    rest = DONE if spans or not task.remainwork else "pending"
    following = 1
    for span in spans:
        if span.ranks.start > following:
            yield Alike(following, span.ranks.start - 1, rest)
        since = span.record.checkout_time if span.state is WorkState.CHECKOUT else NO_TIME
        yield Alike(span.ranks.start, span.ranks.stop - 1, span.state, span.record.failed, since)
        following = span.ranks.stop
    if following <= task.totalwork:
        yield Alike(following, task.totalwork, rest)


def _row(view: JobView, task: Task, one: Alike, chosen: int) -> Tag:
    name = f"{one.first:,}" if one.first == one.last else f"{one.first:,} to {one.last:,}"
    here = {"aria-current": "true"} if one.first <= chosen <= one.last else {}
    return tags.tr(
        tags.td(tags.a(name, href=view.task(task, part=one.first), **here), class_="num"),
        tags.td(badge(one.state)),
        tags.td(f"{one.failed:,}" if one.failed else "", class_="num"),
        tags.td(elapsed(one.since, NO_TIME, view.clock, lives=view.lives), class_="num"),
        **{"data-parts": f"{one.first}-{one.last}", "data-state": one.state},
    )
