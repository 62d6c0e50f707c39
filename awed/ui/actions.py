"""The actions that a user can take on a job in its present state."""

from collections.abc import Sequence

from msgspec import Struct
from twisted.web.template import Tag, tags

from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.states import ACTIVE, JobState

MOST = 1000
"""The most tasks in a list to choose from."""


class Action(Struct):
    """An action. *flag*: the query parameter that chooses its call; *about*: what it does; *fields*: of its form."""

    flag: str
    name: str
    about: str
    fields: Sequence[Tag] = ()


_SUSPEND = Action("suspend", "Suspend", "Its work is taken back from the workers, and waits until you resume it.")
_RESUME = Action("resume", "Resume", "Its work is handed out again.")
_RERUN = Action("resume", "Re-run failed", "What failed is tried again, and the rest goes on.")
_AGAIN = Action("resubmit", "Run all again", "All tasks run again, and what they made is replaced.")
_DELETE = Action(
    "delete", "Delete", "It leaves the lists, and its work the queue. What is stored of it goes when it expires."
)


def actions(job: Job) -> list[Action]:
    """The actions that are possible on *job*."""
    if job.state in ACTIVE:
        return [_SUSPEND, _priority(job), _DELETE]
    if job.state is JobState.SUSPEND:
        return [_RERUN if job.error else _RESUME, _recompute(job), _AGAIN, _priority(job), _DELETE]
    if job.state is JobState.COMPLETED:
        return [_recompute(job), _AGAIN, _DELETE]
    return []


def _recompute(job: Job) -> Action:
    names = [task_name(task.taskid) for task in job.tasks[:MOST]]
    choice = tags.select(*(tags.option(name, value=name) for name in names), name="task")
    about = "This task and all that depend on it run again; the results of the others stay."
    return Action("recompute", "Recompute from", about, [tags.label("Task", choice)])


def _priority(job: Job) -> Action:
    field = tags.input(name="priority", type="number", value=str(job.info.priority))
    about = "Work of jobs with a higher number is handed out first."
    return Action("priority", "Priority", about, [tags.label("Priority", field)])
