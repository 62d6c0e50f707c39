"""Steps that all tasks of a job take, of a large job some at a time, so that others get their turn."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from awed.model.times import Moment
from awed.scheduler.entries import JobEntry, TaskEntry

Step = Callable[[TaskEntry, Moment], None]

Goes = Callable[[JobEntry], bool]
"""Whether the tasks of a job are still to take a step."""


class Sweep(NamedTuple):
    """Takes a step with each task of a job, from *first* on, as long as it *goes*."""

    job: JobEntry
    step: Step
    goes: Goes
    first: int


class Sweeps:
    """What is under way. Whatever comes between two goes must not mind which tasks have taken the step."""

    def __init__(self, tasks_at_once: int) -> None:
        self._tasks_at_once = tasks_at_once
        self._under_way: deque[Sweep] = deque()

    def __bool__(self) -> bool:
        return bool(self._under_way)

    def concern(self, job_id: str) -> bool:
        """Whether tasks of this job are still to take a step."""
        return any(sweep.job.job.id == job_id and sweep.goes(sweep.job) for sweep in self._under_way)

    def begin(self, job: JobEntry, step: Step, goes: Goes, now: Moment) -> None:
        """Let the first tasks take a step now, the others when it goes on."""
        self._take(Sweep(job, step, goes, 0), now)

    def go_on(self, now: Moment) -> None:
        """Let some more tasks of one job take a step."""
        self._take(self._under_way.popleft(), now)

    def _take(self, sweep: Sweep, now: Moment) -> None:
        if not sweep.goes(sweep.job):
            return
        end = sweep.first + self._tasks_at_once
        if end < len(sweep.job.tasks):
            self._under_way.append(sweep._replace(first=end))
        for entry in sweep.job.tasks[sweep.first : end]:
            sweep.step(entry, now)
