"""The changes of a job and its tasks, latest first."""

from collections.abc import Iterator
from datetime import datetime
from heapq import nlargest
from typing import NamedTuple

from twisted.web.template import Tag, tags

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import JobState
from awed.model.times import NO_TIME
from awed.ui.glyphs import badge
from awed.ui.view import JobView, look
from awed.ui.words import moment

MOST = 500
"""The most changes that are shown."""


class Happened(NamedTuple):
    """A change: when, and the new *state*. *task*: its name, "" for the job."""

    time: datetime
    state: str
    text: str
    task: str = ""


async def history(view: JobView) -> Tag:
    """The table of changes."""
    found = _of_job(view.job)
    async for task in view.turns(view.job.tasks):
        found += _of_task(task)
    shown = nlargest(MOST, found, key=lambda one: one.time)
    rows = (
        tags.tr(
            tags.td(moment(one.time), class_="c-when"),
            tags.td(badge(one.state), class_="c-state"),
            tags.td(tags.a(one.task, href=view.task(one.task)) if one.task else "the job"),
            tags.td(one.text, class_="c-why"),
            id=f"e-{one.state}-{one.task}",
        )
        for one in shown
    )
    names = ("When", "Became", "What", "")
    head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in names)))
    more = tags.p(f"and {len(found) - MOST:,} earlier ones", class_="empty") if len(found) > MOST else ""
    return tags.div(
        tags.table(head, tags.tbody(view.turns.paced(rows), id="rows")), more, class_="scroll", id="history"
    )


def _of_job(job: Job) -> list[Happened]:
    info = job.info
    found = [
        Happened(info.submittime, "init", "submitted"),
        Happened(info.startedtime, "in-progress", "its first work was handed out"),
        Happened(info.completedtime, "completed", "all is done"),
    ]
    if job.state is JobState.SUSPEND:
        found.append(Happened(job.updatetime, look(job), job.notes))
    return [one for one in found if one.time != NO_TIME]


_STEPS = (
    ("pending", "ready: all before it is done"),
    ("queued", "its files are there, it waits for a worker"),
    ("completed", ""),
)


def _of_task(task: Task) -> Iterator[Happened]:
    times = (task.createddate, task.starteddate, task.completeddate)
    for time, (state, text) in zip(times, _STEPS, strict=True):
        if time != NO_TIME:
            yield Happened(time, state, text, task_name(task.taskid))
