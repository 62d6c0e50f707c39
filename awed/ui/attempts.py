"""The last runs of a task, why each ended, and what the latest one used of what it had."""

from collections.abc import Iterator

from twisted.web.template import Tag, tags

from awed.model.attempts import DONE, Attempt, Cause
from awed.model.ids import parse_work_id
from awed.model.job import Task
from awed.model.quantities import rough_size
from awed.model.resources import CORES
from awed.ui.glyphs import glyph, share
from awed.ui.words import moment, span

WALLTIME = "walltime"

_LOOKS = {DONE: "completed", Cause.LOST: "suspend", Cause.DISCARDED: "suspend"}


def attempts(task: Task) -> Iterator[Tag]:
    """Bars of what the latest measured run used, and a table of the last runs; nothing for a task without runs."""
    measured = next((one for one in reversed(task.attempts) if one.used), None)
    if measured and (bars := list(_bars(measured))):
        yield tags.h3(f"Used of what it had{_of(task, measured)}")
        yield tags.div(*bars, class_="shares")
    if task.attempts:
        yield tags.h3("Runs, latest first")
        names = ("", "Part") if task.totalwork > 1 else ("",)
        head = tags.thead(
            tags.tr(*(tags.th(name, scope="col") for name in (*names, "Ended by", "Began", "Took", "Memory")))
        )
        rows = [_row(task, one) for one in reversed(task.attempts)]
        yield tags.div(tags.table(head, tags.tbody(*rows), class_="attempts"), class_="scroll", tabindex="0")


def _of(task: Task, one: Attempt) -> str:
    return f", part {parse_work_id(one.work).rank}" if task.totalwork > 1 else ""


def _bars(one: Attempt) -> Iterator[Tag]:
    used, asked = one.used, one.asked
    seconds = max((one.ended - one.begun).total_seconds(), 0.001)
    if used is None:
        return
    for name, amount in (("memory", used.memory), ("disk", used.disk)):
        if amount and (whole := asked.get(name, 0)):
            yield share(name, amount, whole, f"{rough_size(amount)} of {rough_size(whole)}")
        elif amount:
            yield tags.small(f"{name} {rough_size(amount)}")
    if used.cpu:
        cores = asked.get(CORES, 1)
        yield share(CORES, used.cpu / seconds, cores, f"{used.cpu / seconds:.2f} of {cores:g}")
    if limit := asked.get(WALLTIME, 0):
        yield share(WALLTIME, seconds, limit, f"{span(seconds)} of {span(limit)}")
    if used.read or used.written:
        yield tags.small(f"read {rough_size(used.read)}, written {rough_size(used.written)}")


def _row(task: Task, one: Attempt) -> Tag:
    look = _LOOKS.get(one.cause, "failed")
    memory = one.used.memory if one.used else 0
    part = [tags.td(f"{parse_work_id(one.work).rank:,}", class_="num")] if task.totalwork > 1 else []
    return tags.tr(
        tags.td(f"{one.attempt}", class_="num"),
        *part,
        tags.td(glyph(look), f" {one.words}", class_=f"s-{look}"),
        tags.td(moment(one.begun)),
        tags.td(span((one.ended - one.begun).total_seconds()), class_="num"),
        tags.td(rough_size(memory) if memory else "", class_="num"),
        **{"data-attempt": str(one.attempt), "data-cause": one.cause},
    )
