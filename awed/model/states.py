"""The states of jobs, tasks, workunits and clients, and the steps between them that exist.

The scheduler makes every step through :func:`step`, so a step that is not in these tables cannot happen.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class _State(StrEnum):
    """States are keys of tables and counters all the time; an Enum's own hash is a function in Python."""

    __hash__ = str.__hash__


class JobState(_State):
    """A job's life: from ``init`` to ``completed``, ``suspend`` in between, ``deleted`` from anywhere."""

    INIT = "init"
    QUEUED = "queued"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    SUSPEND = "suspend"
    DELETED = "deleted"


class TaskState(_State):
    """A task's life; ``pending`` waits for other tasks or for its files to be prepared."""

    INIT = "init"
    PENDING = "pending"
    QUEUED = "queued"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    SUSPEND = "suspend"


class WorkState(_State):
    """A workunit's state; a finished one is in no state, it is a rank among its task's done ranks."""

    QUEUED = "queued"
    CHECKOUT = "checkout"
    SUSPEND = "suspend"


class ClientState(_State):
    """What a registered worker is doing, as the client view's ``Status`` shows it."""

    IDLE = "active-idle"
    BUSY = "active-busy"
    SUSPEND = "suspend"


UNFINISHED = frozenset({JobState.INIT, JobState.QUEUED, JobState.IN_PROGRESS, JobState.SUSPEND})
"""States of jobs that the scheduler holds; the others live in the store alone."""

ACTIVE = frozenset({JobState.INIT, JobState.QUEUED, JobState.IN_PROGRESS})

JOB_STEPS: Mapping[JobState, frozenset[JobState]] = {
    JobState.INIT: frozenset({JobState.QUEUED, JobState.SUSPEND, JobState.DELETED, JobState.COMPLETED}),
    JobState.QUEUED: frozenset({JobState.IN_PROGRESS, JobState.SUSPEND, JobState.DELETED}),
    JobState.IN_PROGRESS: frozenset({JobState.COMPLETED, JobState.SUSPEND, JobState.DELETED}),
    JobState.SUSPEND: frozenset({JobState.QUEUED, JobState.IN_PROGRESS, JobState.DELETED}),
    JobState.COMPLETED: frozenset({JobState.QUEUED, JobState.IN_PROGRESS, JobState.DELETED}),
    JobState.DELETED: frozenset(),
}
"""From ``completed`` a job goes back to work by recompute or resubmit only."""

TASK_STEPS: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.INIT: frozenset({TaskState.PENDING}),
    TaskState.PENDING: frozenset({TaskState.QUEUED, TaskState.SUSPEND, TaskState.INIT}),
    TaskState.QUEUED: frozenset({TaskState.IN_PROGRESS, TaskState.SUSPEND, TaskState.INIT}),
    TaskState.IN_PROGRESS: frozenset({TaskState.COMPLETED, TaskState.SUSPEND, TaskState.INIT}),
    TaskState.SUSPEND: frozenset({TaskState.PENDING, TaskState.QUEUED, TaskState.IN_PROGRESS, TaskState.INIT}),
    TaskState.COMPLETED: frozenset({TaskState.INIT}),
}
"""Back to ``init`` by recompute or resubmit only."""

S = TypeVar("S", bound=_State)


def step(steps: Mapping[S, frozenset[S]], old: S, new: S) -> S:
    """*new*, if the table has a step there from *old*; a :class:`ValueError` that names both if not."""
    if new not in steps[old]:
        raise ValueError(f"no step from {old} to {new}")
    return new
