"""Workunits: what a worker is handed, what it sends back, and what the server remembers between the two."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, field

from awed.model.job import IO, Cmd, Info
from awed.model.states import WorkState
from awed.model.times import NO_TIME


class Part(Struct):
    """Which piece of the split input a workunit reads, as ``a-b`` (1-based, both ends included) of *index*."""

    input: str
    index: str
    totalindex: int
    maxpartsize_mb: int = 0


class Workunit(Struct):
    """One run of a task's command, as workers of every generation read it.

    ``rank`` is 0 for the only workunit of a task, else 1..``totalwork``. ``attempt`` counts the checkouts.
    ``walltime``: seconds after which the worker ends the command, if the task says so.
    """

    wuid: str
    id: str
    jobid: str
    taskid: str
    task_name: str
    info: Info
    inputs: list[IO]
    outputs: list[IO]
    predata: list[IO]
    cmd: Cmd
    rank: int
    totalwork: int
    part: Part | None = None
    state: str = WorkState.QUEUED
    failed: int = 0
    checkout_time: datetime = NO_TIME
    client: str = ""
    computetime: int = 0
    exitstatus: int = -1
    notes: list[str] | None = None
    userattr: dict[str, Any] = {}
    work_path: str = field(default="", name="WorkPath")
    work_perf: None = field(default=None, name="WorkPerf")
    cwl: None = field(default=None, name="CWL")
    attempt: int = 0
    walltime: int | UnsetType = UNSET


class WorkRecord(Struct):
    """What the server keeps of a workunit that has been out and is not done.

    A workunit without a record is queued and was never checked out. ``client``: who has it, or had it last and may
    still come back with it. ``failed_on``: ids of the clients on which it failed; others get it first.
    """

    wuid: str
    jobid: str
    taskid: str
    rank: int
    state: WorkState = WorkState.QUEUED
    client: str = ""
    attempt: int = 0
    failed: int = 0
    failed_on: list[str] = []
    checkout_time: datetime = NO_TIME


class ReportStatus(StrEnum):
    """The words with which a worker may end a workunit; ``discarded`` gives it back.

    ``failed-permanent`` is how workers of the original say that trying again is no use; awed's tell the exit status.
    """

    DONE = "done"
    FAIL = "fail"
    FAILED_PERMANENT = "failed-permanent"
    DISCARDED = "discarded"


class Cause(StrEnum):
    """What ended a run that was not done. ``start``: there is no such program, or it cannot be run."""

    EXIT = "exit"
    SIGNAL = "signal"
    MEMORY = "memory"
    TIME = "time"
    DISK = "disk"
    START = "start"
    INPUT = "input"
    OUTPUT = "output"
    LOST = "lost"
    DISCARDED = "discarded"


class Perf(Struct):
    """Where a workunit's time went, by the original's names. Moments are unix times, the rest seconds and bytes."""

    queued: int = 0
    done: int = 0
    resp: int = 0
    checkout: int = 0
    deliver: int = 0
    clientresp: int = 0
    time_predata_in: float = 0.0
    time_data_in: float = 0.0
    time_data_out: float = 0.0
    runtime: float = 0.0
    dockerprep: int = 0
    max_mem_usage: int = 0
    max_memory_total_rss: int = 0
    max_memory_total_swap: int = 0
    client_id: str = ""
    size_predata: int = 0
    size_infile: int = 0
    size_outfile: int = 0


class Report(Struct):
    """What a worker says of a workunit it ran. *attempt* is None for workers that do not know attempts, *cause* for
    those that do not say it, *exitstatus* if no command ran to an end."""

    wuid: str
    client: str
    status: ReportStatus
    computetime: int = 0
    attempt: int | None = None
    exitstatus: int | None = None
    cause: Cause | None = None
    logs: Mapping[str, str] = {}
    perf: Raw | None = None

    @property
    def is_workers_fault(self) -> bool:
        """Whether the worker could not even begin, for lack of memory or disk. The work has no part in that."""
        return self.exitstatus is None and self.cause in (Cause.MEMORY, Cause.DISK)


LOG_NAMES = ("stdout", "stderr", "worknotes")


class WorkReport(Struct):
    """The logs and the performance record (any JSON; Raw going in) of a workunit, kept after its end."""

    wuid: str
    jobid: str
    taskid: str
    rank: int
    stdout: str = ""
    stderr: str = ""
    worknotes: str = ""
    perf: Any = None
