"""Following a job to its end, by looking at its document at a modest pace."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeElapsedColumn

from awed.cli.show import clean, parts, running
from awed.cli.why import print_why
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.errors import Unavailable
from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.states import JobState
from awed.tx.pauses import Pauses

_ENDS = frozenset({JobState.COMPLETED, JobState.SUSPEND, JobState.DELETED})
"""States in which a job stays until somebody does something."""

_PAUSES = Pauses(0.2, 2.0, growth=1.2)
"""Between two looks: short at first, for jobs that are done at once."""

_PATIENCE = 10.0
"""Seconds without a change after which one wants to know why."""


def follow(server: Server, job: Job, console: Console, sleep: Callable[[float], None] = time.sleep) -> Job:
    """Show on *console* how *job* goes on, and return it as it ended.

    When nothing has changed for a while the reason is told. A server that is away is waited for, since the job
    outlives it. Raises the :class:`~awed.model.errors.AwedError` if the server will not show the job any more.
    """
    quiet = 0.0
    pauses = iter(_PAUSES)
    with _view(console) as view:
        view.show(job)
        while job.state not in _ENDS:
            pause = next(pauses)
            sleep(pause)
            try:
                last, job = job, server.ask(calls.job(job.id))
                view.show(job)
                quiet = quiet + pause if job == last else 0.0
                if quiet - pause < _PATIENCE <= quiet:
                    print_why(server, job, console)
            except Unavailable as error:
                view.away(str(error))
    return job


def steps(before: Job, after: Job) -> Iterator[str]:
    """What happened to the tasks between two looks at a job, a line each: ``orfs: in-progress 2/6``."""
    for old, new in zip(before.tasks, after.tasks, strict=True):
        if (old.state, old.remainwork) != (new.state, new.remainwork):
            yield f"{task_name(new.taskid)}: {new.state}{parts(new)}"


class _View(Protocol):
    """Where a follower sees each look at the job, and that the server is away."""

    def show(self, job: Job) -> None: ...

    def away(self, reason: str) -> None: ...


def _view(console: Console) -> AbstractContextManager[_View]:
    return _Bar(console) if console.is_terminal else nullcontext(_Lines(console))


class _Bar(Progress):
    """On a terminal: a bar of tasks, with the names of those at work."""

    def __init__(self, console: Console) -> None:
        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "{task.fields[now]}")
        super().__init__(*columns, console=console)
        self._bar: TaskID | None = None

    def show(self, job: Job) -> None:
        if self._bar is None:
            self._bar = self.add_task(clean(job.info.name) or "tasks", total=len(job.tasks), now="")
        self.update(self._bar, completed=len(job.tasks) - job.remaintasks, now=running(job.tasks))

    def away(self, reason: str) -> None:
        assert self._bar is not None
        self.update(self._bar, now=f"{reason}; waiting for it")


class _Lines:
    """Elsewhere: a line for each step of a task."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: Job | None = None
        self._away = False

    def show(self, job: Job) -> None:
        for line in steps(self._last or job, job):
            self._console.print(line)
        self._last = job
        self._away = False

    def away(self, reason: str) -> None:
        if not self._away:
            self._console.print(f"{reason}; waiting for it")
        self._away = True
