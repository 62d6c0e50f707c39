"""Words for people: names, durations, times and states, in one line each."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from awed.model.client import Client
from awed.model.ids import parse_work_id, task_name
from awed.model.job import Job, Task
from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME

_SHORT = 8
"""Characters of an abbreviated id."""

STATES: Mapping[JobState, str] = {
    JobState.INIT: "being prepared",
    JobState.QUEUED: "queued",
    JobState.IN_PROGRESS: "in progress",
    JobState.COMPLETED: "completed",
    JobState.SUSPEND: "suspended",
    JobState.DELETED: "deleted",
}
"""The states of jobs, in sentences."""


def clean(text: str, *, strip: bool = True) -> str:
    """*text* on one line, without characters that control a terminal, and *strip*: without blanks around it."""
    return "".join(char if char.isprintable() else " " for char in (text.strip() if strip else text))


_SENTENCE = 60
"""Characters of a sentence that is cut short."""

_NAME = 32
"""Characters of a name in a sentence or before a bar."""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def sentence(text: str) -> str:
    """The first sentence of *text*, cut short if it is long."""
    return _cut(clean(text).split("; ")[0].split(". ")[0], _SENTENCE)


def title(name: str) -> str:
    """A name, cut short if it is long."""
    return _cut(clean(name), _NAME)


def short(ident: str) -> str:
    """The begin of an id, enough to tell a few thousand jobs apart."""
    return ident[:_SHORT]


def span(seconds: float) -> str:
    """A duration in its two largest units: ``0.04 s``, ``12 s``, ``3 min 5 s``, ``2 h``, ``4 d 1 h``."""
    if seconds < 10:
        return f"{max(seconds, 0):.2f} s"
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s"


def elapsed(start: datetime, end: datetime, now: datetime) -> float | None:
    """Seconds that something took or, without an end, has taken so far; None if it has not begun."""
    return None if start == NO_TIME else ((now if end == NO_TIME else end) - start).total_seconds()


def between(start: datetime, end: datetime, now: datetime) -> str:
    """How long something took or, without an end, has taken so far; "" if it has not begun."""
    seconds = elapsed(start, end, now)
    return "" if seconds is None else span(seconds)


def moment(when: datetime) -> str:
    """A time in the local time zone; "" for NO_TIME."""
    return "" if when == NO_TIME else when.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, noun: str) -> str:
    """So many of something: ``1 job``, ``2 jobs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def done(job: Job) -> str:
    """How many tasks of a job are done: ``3/8``."""
    return f"{len(job.tasks) - job.remaintasks}/{len(job.tasks)}"


def work_name(work_id: str) -> str:
    """A short name of a workunit: job, task and, in a split task, rank: ``1a2b3c4d orfs 3``."""
    job_id, _, rest = work_id.partition("_")
    task, _, rank = rest.rpartition("_")
    return f"{short(job_id)} {task}" + (f" {rank}" if rank != "0" else "")


def run_name(work_id: str) -> str:
    """The name of a workunit within its job: ``TASK``, and for all ranks but the first ``TASK/RANK``."""
    found = parse_work_id(work_id)
    return clean(found.task_name) + (f"/{found.rank}" if found.rank else "")


def running(tasks: Sequence[Task]) -> str:
    """The names of the tasks that are in progress: ``gc, orfs 3/6``."""
    return ", ".join(
        f"{task_name(task.taskid)}{parts(task)}" for task in tasks if task.state is TaskState.IN_PROGRESS
    )


def parts(task: Task) -> str:
    """How many parts of a split task are done, after a blank: `` 2/6``; "" for other tasks."""
    return f" {task.totalwork - task.remainwork}/{task.totalwork}" if task.totalwork > 1 else ""


def worker_name(client: Client) -> str:
    """The name of a worker, or the begin of its id."""
    return clean(client.name) or short(client.id)
