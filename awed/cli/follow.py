"""Follows a job to its end by asking for its document whenever something happens to it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeElapsedColumn
from rich.text import Text

from awed.cli.lastlines import last_lines
from awed.cli.why import print_why
from awed.cli.words import parts, running, title
from awed.client import events as feed
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.errors import AwedError, Unavailable
from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.states import JobState
from awed.tx.pauses import Pauses

_ENDS = frozenset({JobState.COMPLETED, JobState.SUSPEND, JobState.DELETED})
"""States in which a job stays until a user does something."""

_PAUSES = Pauses(0.2, 2.0, growth=1.2)
"""Between two requests: short at first, for jobs that are soon done."""

_LEAST = 0.1
"""Seconds between two requests, however much happens."""

_PATIENCE = 10.0
"""Seconds without a change after which the reason is shown."""


def follow(server: Server, job: Job, console: Console, sleep: Callable[[float], None] = time.sleep) -> Job:
    """Show the progress of *job* on *console*. Returns the job at its end.

    After _PATIENCE without a change the reason is shown. A server that does not answer is waited for, as jobs survive
    its restarts. Raises the :class:`~awed.model.errors.AwedError` with which the server refuses to show the job.
    """
    quiet = 0.0
    pauses = iter(_PAUSES)
    with _view(console, partial(last_lines, server, job.id)) as view:
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


class Hearing:
    """Pauses that end early when something happens to a job, so that what is shown is true to the last moment.

    A server that does not tell is looked at after each pause.
    """

    def __init__(self, server: Server, job_id: str) -> None:
        self._server = server
        self._job_id = job_id
        self._last: int | None = None

    def __call__(self, seconds: float) -> None:
        """Wait for *seconds*, or less."""
        begun = time.monotonic()
        try:
            if self._last is None:
                self._last = self._server.ask(feed.events(None)).last
                return
            self._last = self._server.ask(feed.events(self._last, job=self._job_id, wait=seconds)).last
            rest = _LEAST
        except AwedError:
            rest = seconds
        time.sleep(max(0.0, begun + rest - time.monotonic()))


def steps(before: Job, after: Job) -> Iterator[str]:
    """A line for each task whose state or progress has changed: ``orfs: in-progress 2/6``."""
    for old, new in zip(before.tasks, after.tasks, strict=True):
        if (old.state, old.remainwork) != (new.state, new.remainwork):
            yield f"{task_name(new.taskid)}: {new.state}{parts(new)}"


class _View(Protocol):
    """Shows the progress of a job, and that the server does not answer."""

    def show(self, job: Job) -> None: ...

    def away(self, reason: str) -> None: ...


def _view(console: Console, lines: Callable[[], Sequence[str]]) -> AbstractContextManager[_View]:
    return _Bar(console, lines) if console.is_terminal else nullcontext(_Lines(console))


class _Bar(Progress):
    """On a terminal: a progress bar of tasks, with the names of running ones, over what *lines* returns."""

    def __init__(self, console: Console, lines: Callable[[], Sequence[str]]) -> None:
        self._read = lines
        self._lines: Sequence[str] = ()
        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "{task.fields[now]}")
        super().__init__(*columns, console=console)
        self._bar: TaskID | None = None

    def show(self, job: Job) -> None:
        if self._bar is None:
            self._bar = self.add_task(title(job.info.name) or "tasks", total=len(job.tasks), now="")
        self._lines = self._read() if job.state is JobState.IN_PROGRESS else ()
        self.update(self._bar, completed=len(job.tasks) - job.remaintasks, now=running(job.tasks), refresh=True)

    def get_renderables(self) -> Iterator[RenderableType]:
        yield from super().get_renderables()
        yield from (Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._lines)

    def away(self, reason: str) -> None:
        assert self._bar is not None
        self.update(self._bar, now=f"{reason}; waiting for it")


class _Lines:
    """Elsewhere: a line for each change of a task."""

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
