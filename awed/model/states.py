"""The states of jobs, tasks, workunits and clients, and the steps between them that are allowed.

The scheduler changes the states of jobs and tasks through :func:`step` alone, which refuses all other steps.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class _State(StrEnum):
    """States are keys of dicts in hot code, so they hash as text, in C. The hash of Enum is a Python function."""

    __hash__ = str.__hash__


class JobState(_State):
    """The state of a job: from ``init`` to ``completed``, with ``suspend`` in between; ``deleted`` follows on any."""

    INIT = "init"
    QUEUED = "queued"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    SUSPEND = "suspend"
    DELETED = "deleted"


class TaskState(_State):
    """The state of a task. One that is ``pending`` waits for other tasks, or for its files to be prepared."""

    INIT = "init"
    PENDING = "pending"
    QUEUED = "queued"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    SUSPEND = "suspend"


class WorkState(_State):
    """The state of a workunit that is not done. Of one that is done only its rank is kept, in ``TaskRecord.done``."""

    QUEUED = "queued"
    CHECKOUT = "checkout"
    SUSPEND = "suspend"


class ClientState(_State):
    """The state of a client, shown as ``Status``."""

    IDLE = "active-idle"
    BUSY = "active-busy"
    SUSPEND = "suspend"


UNFINISHED = frozenset({JobState.INIT, JobState.QUEUED, JobState.IN_PROGRESS, JobState.SUSPEND})
"""States of the jobs that the scheduler holds in memory; jobs in other states are in the store alone."""

ACTIVE = frozenset({JobState.INIT, JobState.QUEUED, JobState.IN_PROGRESS})
"""States of jobs that are unfinished and not suspended."""

STATE_WORDS: Mapping[str, tuple[JobState, ...]] = {
    **{state.value: (state,) for state in JobState},
    "active": tuple(sorted(ACTIVE)),
    "running": (JobState.IN_PROGRESS,),
    "suspended": (JobState.SUSPEND,),
    "failed": (JobState.SUSPEND,),
    "done": (JobState.COMPLETED,),
}
"""The words by which people select jobs, and the states that each stands for."""

JOB_STEPS: Mapping[JobState, frozenset[JobState]] = {
    JobState.INIT: frozenset({JobState.QUEUED, JobState.SUSPEND, JobState.DELETED, JobState.COMPLETED}),
    JobState.QUEUED: frozenset({JobState.IN_PROGRESS, JobState.SUSPEND, JobState.DELETED}),
    JobState.IN_PROGRESS: frozenset({JobState.COMPLETED, JobState.SUSPEND, JobState.DELETED}),
    JobState.SUSPEND: frozenset({JobState.QUEUED, JobState.IN_PROGRESS, JobState.DELETED}),
    JobState.COMPLETED: frozenset({JobState.QUEUED, JobState.IN_PROGRESS, JobState.DELETED}),
    JobState.DELETED: frozenset(),
}
"""The allowed steps of a job. Only recompute and resubmit take it from ``completed`` back to work."""

TASK_STEPS: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.INIT: frozenset({TaskState.PENDING}),
    TaskState.PENDING: frozenset({TaskState.QUEUED, TaskState.SUSPEND, TaskState.INIT}),
    TaskState.QUEUED: frozenset({TaskState.IN_PROGRESS, TaskState.SUSPEND, TaskState.INIT}),
    TaskState.IN_PROGRESS: frozenset({TaskState.COMPLETED, TaskState.SUSPEND, TaskState.INIT}),
    TaskState.SUSPEND: frozenset({TaskState.PENDING, TaskState.QUEUED, TaskState.IN_PROGRESS, TaskState.INIT}),
    TaskState.COMPLETED: frozenset({TaskState.INIT}),
}
"""The allowed steps of a task. Only recompute and resubmit lead back to ``init``."""

S = TypeVar("S", bound=_State)


def step(steps: Mapping[S, frozenset[S]], old: S, new: S) -> S:
    """Return *new*. Raises :class:`ValueError` if the table *steps* has no step from *old* to *new*."""
    if new not in steps[old]:
        raise ValueError(f"no step from {old} to {new}")
    return new
