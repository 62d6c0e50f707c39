"""The actions that a user can take on a job in its present state."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from twisted.web.template import Tag, tags

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import ACTIVE, JobState, TaskState
from awed.ui.frame import hidden
from awed.ui.tasks import some
from awed.ui.words import count

MOST = 300
"""The most tasks in a list to choose from."""


class Action(Struct):
    """An action. *flag*: the query parameter that chooses its call; *about*: what it does; *fields*: of its form."""

    flag: str
    name: str
    about: str
    fields: Sequence[Tag] = ()


def actions(job: Job) -> list[Action]:
    """The actions that are possible on *job*."""
    states = [task.state for task in job.tasks]
    running, whole = states.count(TaskState.IN_PROGRESS), count(len(job.tasks), "task")
    if job.state in ACTIVE:
        return [_suspend(running), _priority(job), _delete(running)]
    if job.state is JobState.SUSPEND:
        stopped = len(states) - states.count(TaskState.COMPLETED)
        return [_resume(job, stopped), _recompute(job), _again(whole), _priority(job), _delete(0)]
    if job.state is JobState.COMPLETED:
        return [_recompute(job), _again(whole), _delete(0)]
    return []


def recompute_from(job: Job, task: Task) -> Action | None:
    """The action to run *task* again with all that depend on it; None if the job is not at rest."""
    if job.state not in (JobState.SUSPEND, JobState.COMPLETED):
        return None
    name, after = task_name(task.taskid), _downstream(job, task)
    more = f", and then what depends on it, {count(len(after), 'task')}: {some(after)}" if after else ""
    about = f"{name} runs again{more}. The results of the others stay."
    return Action("recompute", "Recompute from here", about, hidden({"task": name}))


def _downstream(job: Job, task: Task) -> list[str]:
    """The names of the tasks that depend on *task*, in the order of the document."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for one in job.tasks:
        for before in one.depends_on:
            after[before].append(one.taskid)
    found, left = {task.taskid}, [task.taskid]
    while left:
        fresh = [taskid for taskid in after[left.pop()] if taskid not in found]
        found.update(fresh)
        left += fresh
    return [task_name(one.taskid) for one in job.tasks if one.taskid in found and one is not task]


def _suspend(running: int) -> Action:
    about = f"No worker gets work of it until you resume it.{_stopped(running)}"
    return Action("suspend", "Suspend", about)


def _resume(job: Job, stopped: int) -> Action:
    rest = f"{count(stopped, 'task')} that {'is' if stopped == 1 else 'are'} not done"
    if job.error and job.error.taskfailed:
        about = f"{task_name(job.error.taskfailed)} is tried again. Its job goes on with {rest}; what is done stays."
        return Action("resume", "Re-run failed", about)
    return Action("resume", "Resume", f"It goes on with {rest}; what is done stays.")


def _stopped(running: int) -> str:
    return f" What runs now is stopped: {count(running, 'task')}." if running else ""


def _again(whole: str) -> Action:
    about = f"{whole} run again, from the first on, and what they made is replaced."
    return Action("resubmit", "Run all again", about)


def _delete(running: int) -> Action:
    about = f"It leaves the lists and the queue.{_stopped(running)} What is stored of it goes when it expires."
    return Action("delete", "Delete", about)


def _recompute(job: Job) -> Action:
    names = [task_name(task.taskid) for task in job.tasks[:MOST]]
    choice = tags.select(*(tags.option(name, value=name) for name in names), name="task")
    about = "This task and all that depend on it run again; the results of the others stay."
    if len(job.tasks) > MOST:
        about += f" The list has the first {MOST} tasks: open another one to recompute from there."
    return Action("recompute", "Recompute from", about, [tags.label("Task", choice)])


def _priority(job: Job) -> Action:
    field = tags.input(name="priority", type="number", value=str(job.info.priority))
    about = "Work of jobs with a higher number is handed out first."
    return Action("priority", "Priority", about, [tags.label("Priority", field)])
