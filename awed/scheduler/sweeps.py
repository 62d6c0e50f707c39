"""Sweeps: steps that all tasks of a job take, some at a time if the job is large, so that others need not wait."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from awed.model.job import Task
from awed.model.times import Moment
from awed.scheduler.entries import JobEntry, TaskEntry

Step = Callable[[TaskEntry, Moment], None]
"""Takes the step with one task."""

Goes = Callable[[JobEntry], bool]
"""Whether the remaining tasks of a job are still to take the step."""


class Sweep(NamedTuple):
    """A step that the tasks of a job take, from index *first* on, as long as *goes* says so."""

    job: JobEntry
    step: Step
    goes: Goes
    first: int


class Leaving(NamedTuple):
    """The tasks of a job that is gone, as entries and as documents, and the last *step* to take with each."""

    job_id: str
    entries: list[TaskEntry]
    tasks: list[Task]
    step: Callable[[TaskEntry], None]


class Sweeps:
    """The sweeps that are under way. All other verbs must work correctly whichever tasks have taken the step."""

    def __init__(self, tasks_at_once: int) -> None:
        self._tasks_at_once = tasks_at_once
        self._under_way: deque[Sweep] = deque()
        self._leaving: deque[Leaving] = deque()

    def __bool__(self) -> bool:
        return bool(self._under_way or self._leaving)

    def concern(self, job_id: str) -> bool:
        """Whether tasks of this job have a step still to take."""
        goes = any(sweep.job.job.id == job_id and sweep.goes(sweep.job) for sweep in self._under_way)
        return goes or any(leaving.job_id == job_id for leaving in self._leaving)

    def begin(self, job: JobEntry, step: Step, goes: Goes, now: Moment) -> None:
        """Take a step with the first tasks of a job now, and with the others at each :meth:`go_on`."""
        self._take(Sweep(job, step, goes, 0), now)

    def leave(self, job: JobEntry, step: Callable[[TaskEntry], None]) -> None:
        """Take a last step with all tasks of a job that is gone, and let go of them.

        They are let go one by one because to free very many objects at once takes long, as it would with those that
        wait for each other in a row; and are taken out of the job because otherwise they would refer to each other in
        a circle, and only a collection among all objects, which takes seconds and never comes, would free them.
        """
        self._let_go(Leaving(job.job.id, *job.part(), step))

    def go_on(self, now: Moment) -> None:
        """Take the step of the next sweep with some more tasks."""
        if self._leaving:
            self._let_go(self._leaving.popleft())
        else:
            self._take(self._under_way.popleft(), now)

    def _let_go(self, leaving: Leaving) -> None:
        for _ in range(min(self._tasks_at_once, len(leaving.entries))):
            leaving.tasks.pop()
            entry = leaving.entries.pop()
            leaving.step(entry)
            entry.dependents.clear()
        if leaving.entries:
            self._leaving.append(leaving)

    def _take(self, sweep: Sweep, now: Moment) -> None:
        if not sweep.goes(sweep.job):
            return
        end = sweep.first + self._tasks_at_once
        if end < len(sweep.job.tasks):
            self._under_way.append(sweep._replace(first=end))
        for entry in sweep.job.tasks[sweep.first : end]:
            sweep.step(entry, now)
