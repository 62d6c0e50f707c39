"""The steps of runs: jobs that are suspended, resumed and deleted with the job that they name as ``info.parent``.

A run is changed first, and its steps follow, some at a time. What a daemon that starts finds of them in between,
:meth:`Steps.restore` has follow too.
"""

from collections.abc import Iterator

from awed.model.states import JobState
from awed.model.times import Moment
from awed.scheduler.entries import JobEntry
from awed.scheduler.flow import Flow
from awed.scheduler.jobs import WITH_RUN, Jobs
from awed.scheduler.state import Follow, State


class Steps:
    """Has the steps of runs follow."""

    def __init__(self, state: State, flow: Flow, jobs: Jobs) -> None:
        self._state = state
        self._flow = flow
        self._jobs = jobs

    def __bool__(self) -> bool:
        return bool(self._state.following)

    def concern(self, job_id: str) -> bool:
        """Whether steps of this run have still to follow."""
        return any(following.run == job_id for following in self._state.following)

    def lead(self, job_id: str, follow: Follow) -> None:
        """Have the steps of a run follow that the scheduler does not have."""
        self._state.lead(job_id, follow)

    def restore(self) -> Iterator[str]:
        """Have steps follow whose daemon was killed before they did. Gives the runs that it does not have."""
        for run_id, steps in self._state.steps.items():
            run = self._state.jobs.get(run_id)
            if run is None:
                yield run_id
            elif run.job.state is JobState.SUSPEND:
                self._state.lead(run_id, Follow.SUSPEND)
            elif any(step.job.state is JobState.SUSPEND and step.job.notes == WITH_RUN for step in steps.values()):
                self._state.lead(run_id, Follow.RESUME)

    def go_on(self, now: Moment) -> None:
        """Change some more steps."""
        left = self._state.limits.tasks_at_once
        while left > 0 and self._state.following:
            following = self._state.following[0]
            if not following.steps:
                self._state.following.popleft()
                continue
            job_id = following.steps.pop()
            entry = self._state.jobs.get(job_id)
            if entry is None:
                continue
            left -= len(entry.tasks)
            if not self._followed(entry, following.follow, now):
                following.steps.append(job_id)
                return

    def _followed(self, entry: JobEntry, follow: Follow, now: Moment) -> bool:
        """Change one step. False if that has to wait until its tasks are suspended, as they are many."""
        job_id = entry.job.id
        if follow is Follow.RESUME:
            run = self._state.jobs.get(entry.job.info.parent or "")
            if entry.job.state is JobState.SUSPEND and run is not None and run.is_active:  # else changed again
                self._jobs.resume(job_id, now)
        elif follow is Follow.SUSPEND:
            self._jobs.suspend(job_id, now, WITH_RUN)
        else:
            if len(entry.tasks) > self._state.limits.tasks_at_once:
                self._jobs.suspend(job_id, now, "about to be deleted")
                if self._flow.sweeps.concern(job_id):
                    return False
            self._jobs.delete(job_id, now, full=follow is Follow.REMOVE)
        return True
