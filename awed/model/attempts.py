"""How work is tried again: what a document says of that, and what became of each attempt."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from awed.model.quantities import parse_wait
from awed.model.times import NO_TIME

KEPT = 20
"""How many attempts of its workunits a task shows: the last ones."""


class Cause(StrEnum):
    """Why a run ended that was not done. *start*: there is no such program, or it cannot be executed. *image*: its
    container image cannot be had."""

    EXIT = "exit"
    SIGNAL = "signal"
    MEMORY = "memory"
    TIME = "time"
    DISK = "disk"
    START = "start"
    IMAGE = "image"
    INPUT = "input"
    OUTPUT = "output"
    LOST = "lost"
    DISCARDED = "discarded"


DONE = "done"
"""In the place of a cause: the run went well."""

CAUSE_WORDS: Mapping[str, str] = {
    DONE: "done",
    Cause.EXIT: "exit status",
    Cause.SIGNAL: "ended by a signal",
    Cause.MEMORY: "too little memory",
    Cause.TIME: "over its walltime",
    Cause.DISK: "too little disk",
    Cause.START: "could not be started",
    Cause.IMAGE: "its container image could not be had",
    Cause.INPUT: "an input could not be fetched",
    Cause.OUTPUT: "an output could not be delivered",
    Cause.LOST: "its worker was lost",
    Cause.DISCARDED: "given back",
}
"""Words for why a run ended."""


class Retry(Struct):
    """What a document says of further tries, as it was sent.

    By cause: after how many failures of that cause there is another try. *wait*: the pause before the first, twice as
    long before each further one, up to *wait_max*; seconds, or texts as ``10s`` or ``5m``. *memory_factor*,
    *time_factor*: by how much more memory or walltime there is after a lack of it.
    """

    exit: int | UnsetType = UNSET
    signal: int | UnsetType = UNSET
    memory: int | UnsetType = UNSET
    time: int | UnsetType = UNSET
    disk: int | UnsetType = UNSET
    start: int | UnsetType = UNSET
    image: int | UnsetType = UNSET
    input: int | UnsetType = UNSET
    output: int | UnsetType = UNSET
    lost: int | UnsetType = UNSET
    wait: float | str | UnsetType = UNSET
    wait_max: float | str | UnsetType = UNSET
    memory_factor: float | UnsetType = UNSET
    time_factor: float | UnsetType = UNSET


CAUSES = tuple(cause for cause in Cause if cause is not Cause.DISCARDED)
"""Those that count. What was discarded is tried again however often."""

LONGEST_WAIT = 600.0
"""Seconds of the longest pause, where a document says how long the first is and not how long the longest."""


class Policy(Struct, frozen=True):
    """How work is tried again. *tries*: by cause, after how many failures. *wait*, *wait_max*: seconds; None: other
    clients get it at once, and the same after pauses of the scheduler's choice."""

    tries: Mapping[Cause, int]
    wait: float | None = None
    wait_max: float = LONGEST_WAIT
    memory_factor: float = 2.0
    time_factor: float = 1.0


def seconds_of(said: float | str) -> float:
    """A pause in seconds. Raises :class:`ValueError`."""
    return parse_wait(said) if isinstance(said, str) else said


def policy_of(default: Policy, *said: Retry | UnsetType) -> Policy:
    """*default*, with what was said of it, all of which was checked; what is said later counts."""
    for retry in said:
        if retry is not UNSET:
            named = {name: value for name in retry.__struct_fields__ if (value := getattr(retry, name)) is not UNSET}
            tries = dict(default.tries)
            tries.update((cause, named.pop(cause)) for cause in CAUSES if cause in named)
            waits = {name: seconds_of(named.pop(name)) for name in ("wait", "wait_max") if name in named}
            default = msgspec.structs.replace(default, tries=tries, **waits, **named)
    return default


class Used(Struct):
    """What a run used, from its performance record: bytes of memory, seconds of processor time, bytes of disk, bytes
    read and written."""

    memory: int = 0
    cpu: float = 0.0
    disk: int = 0
    read: int = 0
    written: int = 0


class _Measured(Struct):
    """The fields of a performance record that tell it."""

    max_mem_usage: int = 0
    cpu_seconds: float = 0.0
    max_disk_usage: int = 0
    bytes_read: int = 0
    bytes_written: int = 0


_measured = msgspec.json.Decoder(_Measured)


def used_of(perf: object) -> Used | None:
    """What a performance record tells of it, decoded or not; None if there is none, or it tells it otherwise."""
    if perf is None:
        return None
    try:
        told = _measured.decode(perf) if isinstance(perf, Raw) else msgspec.convert(perf, _Measured)
        return Used(*msgspec.structs.astuple(told))
    except msgspec.MsgspecError:
        return None


class Attempt(Struct):
    """A run of a workunit. *cause*: why it ended, ``done`` if it went well. *asked*: the amounts that it had."""

    work: str
    attempt: int
    cause: str
    exitstatus: int | None = None
    begun: datetime = NO_TIME
    ended: datetime = NO_TIME
    asked: dict[str, int | float] = {}
    used: Used | None = None

    @property
    def words(self) -> str:
        """Why it ended, in words."""
        status = f" {self.exitstatus}" if self.cause == Cause.EXIT and self.exitstatus is not None else ""
        return f"{CAUSE_WORDS.get(self.cause, self.cause)}{status}"
