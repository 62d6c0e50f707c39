"""The changes of a job and its tasks, latest first."""

from datetime import datetime
from typing import NamedTuple

from twisted.web.template import Tag, tags

from awed.model.ids import task_name
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


def history(view: JobView) -> Tag:
    """The table of changes."""
    found = sorted((one for one in _all(view) if one.time != NO_TIME), key=lambda one: one.time, reverse=True)
    rows = [
        tags.tr(
            tags.td(moment(one.time), class_="c-when"),
            tags.td(badge(one.state), class_="c-state"),
            tags.td(tags.a(one.task, href=view.task(one.task)) if one.task else "the job"),
            tags.td(one.text, class_="c-why"),
            id=f"e-{one.state}-{one.task}",
        )
        for one in found[:MOST]
    ]
    names = ("When", "Became", "What", "")
    head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in names)))
    more = tags.p(f"and {len(found) - MOST:,} earlier ones", class_="empty") if len(found) > MOST else ""
    return tags.div(tags.table(head, tags.tbody(*rows, id="rows")), more, class_="scroll", id="history")


def _all(view: JobView) -> list[Happened]:
    job, info = view.job, view.job.info
    found = [
        Happened(info.submittime, "init", "submitted"),
        Happened(info.startedtime, "in-progress", "its first work was handed out"),
        Happened(info.completedtime, "completed", "all is done"),
    ]
    if job.state is JobState.SUSPEND:
        found.append(Happened(job.updatetime, look(job), job.notes))
    for task in job.tasks:
        name = task_name(task.taskid)
        found.append(Happened(task.createddate, "pending", "ready: all before it is done", name))
        found.append(Happened(task.starteddate, "queued", "its files are there, it waits for a worker", name))
        found.append(Happened(task.completeddate, "completed", "", name))
    return found
