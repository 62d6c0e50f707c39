"""Why jobs, tasks and workunits do not run: what ``?explain`` shows."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from awed.model.times import NO_TIME


class Why(StrEnum):
    """Why a task does not run, in one word."""

    READY = "ready"
    """A worker can have it and has not asked since."""
    BUSY = "busy"
    """Workers could have it, and all are at work."""
    NOBODY = "nobody"
    """No registered worker may have it, or has what it needs."""
    TIME = "time"
    """Those that could have it leave before it would be done."""
    AFTER = "after"
    """Other tasks come first."""
    PAUSE = "pause"
    """It failed where it could run, and is tried again there."""
    SUSPENDED = "suspended"
    """Its job is suspended."""
    QUEUE = "queue"
    """The server hands out nothing."""
    START_AT = "start_at"
    """Its job is not to start yet."""
    DATA = "data"
    """A data host is waited for."""
    PREPARING = "preparing"
    """Its files are being found and made, or looked at after its end."""
    RUNNING = "running"
    """It runs. Of a workunit only."""


class Waits(Struct):
    """Why a task, or one workunit of it, waits, in a word and a sentence of at most 200 characters (*why*).

    *taskid*: as in the document. *counts*: how many workers there are, and how many of them what hinders; *after*:
    tasks that come first; *until*: when that is over or looked at again, if it is known.
    """

    taskid: str
    state: Why
    why: str
    counts: dict[str, int] = {}
    after: list[str] = []
    until: datetime = NO_TIME


class Explained(Struct):
    """Why a job is not done: in a sentence, and for each task that neither is done nor runs."""

    id: str
    state: str
    why: str
    tasks: list[Waits] = []
