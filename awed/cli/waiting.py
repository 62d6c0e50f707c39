"""What the unfinished tasks of a running job wait for: other tasks, a worker, or their own end."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from awed.cli.show import between, clean, parts, short, worker_name
from awed.model.client import Client
from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import ClientState, TaskState
from awed.model.times import NO_TIME

_MOST = 10
"""How many tasks, workers or names are told one by one."""


def waits(job: Job, clients: Sequence[Client], now: datetime) -> Iterator[str]:
    """A line for each task that could move, and one for all that wait for other tasks."""
    done = {task.taskid for task in job.tasks if task.state is TaskState.COMPLETED}
    moving = [task for task in job.tasks if task.taskid not in done and done.issuperset(task.depends_on)]
    blocked = [task for task in job.tasks if not done.issuperset(task.depends_on)]
    for task in moving[:_MOST]:
        yield f"Task {task_name(task.taskid)} {_state(job, task, clients, now)}."
    if len(moving) > _MOST:
        yield f"{len(moving) - _MOST} more tasks likewise."
    if blocked:
        yield f"Waiting for tasks before them: {_some(task_name(task.taskid) for task in blocked)}."


def _state(job: Job, task: Task, clients: Sequence[Client], now: datetime) -> str:
    done = f",{parts(task)} parts done" if task.totalwork > 1 else ""
    holders = [client for client in clients if _concerns(task, client.current_work)]
    if holders:
        return f"runs on {_names(holders)}{done}; it was queued {between(task.starteddate, NO_TIME, now)} ago"
    if task.state in {TaskState.QUEUED, TaskState.IN_PROGRESS}:
        return f"is queued{done}: {_lacking(job, task, clients)}"
    return "is suspended" if task.state is TaskState.SUSPEND else "is ready, its files are being prepared"


def _lacking(job: Job, task: Task, clients: Sequence[Client]) -> str:
    """Why no worker has a queued task: the first condition that none meets."""
    if not clients:
        return "no worker is registered"
    wanted = task.clientgroups or job.info.clientgroups
    groups = [name for part in wanted.split(",") if (name := part.strip())]
    grouped = [client for client in clients if not groups or client.group in groups]
    if not grouped:
        return f"no worker is of group {' or '.join(groups)}; there are workers of {_some(c.group for c in clients)}"
    able = [client for client in grouped if task.cmd.name in client.apps or "*" in client.apps]
    if not able:
        apps = _some(app for client in grouped for app in client.apps)
        return f"no worker has the app {clean(task.cmd.name)}; there are {apps}"
    return _engaged(task, able)


def _engaged(task: Task, able: Sequence[Client]) -> str:
    """Why none of the workers that could run a task has it."""
    awake = [client for client in able if client.status is not ClientState.SUSPEND]
    if not awake:
        return f"every worker that could take it is suspended: {_names(able)}; awe workers resume lets one go on"
    untried = [client for client in awake if not _concerns(task, client.skip_work)]
    if not untried:
        shown = f"awe logs {short(task.jobid)} {task_name(task.taskid)}"
        return f"it failed on every worker that could take it: {_names(awake)}; see {shown}"
    free = [client for client in untried if len(client.current_work) < client.slots]
    if not free:
        return f"every worker that could take it is busy: {_names(untried)}"
    stays = f" and they stay for its walltime of {task.walltime} s" if task.walltime else ""
    return f"{_names(free)} could take it, if their free disk holds its inputs{stays}"


def _concerns(task: Task, work_ids: Iterable[str]) -> bool:
    return any(work_id.rpartition("_")[0] == task.taskid for work_id in work_ids)


def _names(clients: Iterable[Client]) -> str:
    return _some(map(worker_name, clients))


def _some(names: Iterable[str]) -> str:
    """The distinct names, as many as one likes to read."""
    distinct = list(dict.fromkeys(map(clean, names)))
    more = f" and {len(distinct) - _MOST} more" if len(distinct) > _MOST else ""
    return ", ".join(distinct[:_MOST]) + more
