"""The tasks of a job as a table, page by page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from twisted.web.template import Tag, tags

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import TaskState
from awed.model.times import NO_TIME
from awed.ui.glyphs import badge
from awed.ui.view import JobView
from awed.ui.words import command, count, elapsed

PAGE = 100
"""How many tasks are on a page."""


def table(view: JobView, state: str, offset: int) -> Tag:
    """A page of the tasks of a job. *state*: only tasks in this state, "" for all; *offset*: of the first task."""
    tasks = [task for task in view.job.tasks if state in ("", task.state)]
    rows = (_row(view, task) for task in tasks[offset : offset + PAGE])
    names = ("State", "Task", "Command", "Parts", "Waited", "Ran", "After")
    head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in names)))
    return tags.div(
        _filters(view, state),
        tags.div(tags.table(head, tags.tbody(view.turns.paced(rows)), class_="tasks"), class_="scroll"),
        _pages(view, len(tasks), offset, state) if len(tasks) > PAGE else "",
        id="tasks",
    )


def _row(view: JobView, task: Task) -> Tag:
    name, clock = task_name(task.taskid), view.clock
    began = began_at(task)
    parts = f"{task.totalwork - task.remainwork:,}/{task.totalwork:,}"
    waited = (
        elapsed(task.createddate, began or NO_TIME, clock, lives=view.lives) if task.createddate != NO_TIME else ""
    )
    return tags.tr(
        tags.td(badge(view.look(task)), class_="c-state"),
        tags.td(tags.a(name, href=view.task(task)), class_="c-name"),
        tags.td(tags.code(command(task)), class_="c-command"),
        tags.td(parts, class_="num"),
        tags.td(waited, class_="num"),
        tags.td(elapsed(began, task.completeddate, clock, lives=view.lives) if began else "", class_="num"),
        tags.td(some([task_name(before) for before in task.depends_on]), class_="c-after"),
        id=f"t-{name}",
        **{"data-task-row": name, "data-state": task.state.value},
    )


def began_at(task: Task) -> datetime | None:
    """When the first command of a task began, by ``starteddate``; None if none has begun."""
    if task.starteddate == NO_TIME or task.state in (TaskState.INIT, TaskState.PENDING, TaskState.QUEUED):
        return None
    return task.starteddate


def some(names: Sequence[str]) -> str:
    """The first *names*, and how many more there are."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def counted(job: Job) -> Mapping[TaskState, int]:
    """The number of tasks in each state that any task is in, in the order of the states."""
    counts = Counter(task.state for task in job.tasks)
    return {state: counts[state] for state in TaskState if counts[state]}


def _filters(view: JobView, chosen: str) -> Tag:
    def chip(text: Tag | str, number: int, state: str) -> Tag:
        current = {"aria-current": "true"} if state == chosen else {}
        return tags.a(text, tags.b(f"{number:,}"), href=view.tabbed("tasks", state=state), **current)

    each = [chip(badge(state), number, state.value) for state, number in counted(view.job).items()]
    return tags.nav(chip("all", len(view.job.tasks), ""), *each, class_="chips", **{"aria-label": "Tasks by state"})


def _pages(view: JobView, total: int, offset: int, state: str) -> Tag:
    def other(text: str, first: int, rel: str) -> Tag:
        return tags.a(text, href=view.tabbed("tasks", state=state, offset=first), rel=rel)

    before = [other("← before", max(offset - PAGE, 0), "prev")] if offset else []
    after = [other("after →", offset + PAGE, "next")] if offset + PAGE < total else []
    here = tags.span(f"{offset + 1:,} to {min(offset + PAGE, total):,} of {count(total, 'task')}")
    return tags.nav(*before, here, *after, class_="pages", **{"aria-label": "Pages of the table"})
