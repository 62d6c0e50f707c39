"""Why jobs, tasks and workunits do not run: what ``?explain`` shows."""

from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from awed.model.times import NO_TIME


class Why(StrEnum):
    """Why a task does not run, in one word."""

    READY = "ready"
    """A worker can run it, and has not asked for work since."""
    BUSY = "busy"
    """All workers that could run it are busy."""
    NOBODY = "nobody"
    """No registered worker may run it and has what it needs, but for suspended ones."""
    TIME = "time"
    """The workers that could run it leave before it would be done."""
    SHARE = "share"
    """Its user, or the groups of the workers that could run it, have out as much as they may."""
    AFTER = "after"
    """It depends on tasks that are not done."""
    PAUSE = "pause"
    """It failed on the workers that could run it, and is tried again there after a pause."""
    SUSPENDED = "suspended"
    """Its job is suspended."""
    QUEUE = "queue"
    """An administrator has suspended the queue."""
    START_AT = "start_at"
    """Its job is to start later."""
    DATA = "data"
    """A data host does not answer."""
    PREPARING = "preparing"
    """The server looks up its inputs and makes nodes for its outputs, or checks them after its end."""
    RUNNING = "running"
    """It runs; only of a workunit."""


class Waits(Struct):
    """Why a task or a workunit waits: a word (*state*), and a sentence of at most 200 characters (*why*).

    *taskid*: as in the document. *counts*: the number of workers, and by hindrance the number of those that it keeps
    from running the work. *after*: ids of the tasks on which it depends. *until*: when the wait ends or the server
    looks again, if known. *reuse*: why the task does not use the result of an equal one, if it asks for one.
    """

    taskid: str
    state: Why
    why: str
    counts: dict[str, int] = {}
    after: list[str] = []
    until: datetime = NO_TIME
    reuse: str | UnsetType = UNSET


class Explained(Struct):
    """Why a job is not done: in a sentence, and for each task that waits."""

    id: str
    state: str
    why: str
    tasks: list[Waits] = []
