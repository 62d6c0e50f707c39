"""Workunits: what a worker is handed, what it reports, and what the server keeps in between."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, field

from awed.model.attempts import Cause
from awed.model.job import IO, Cmd, Info
from awed.model.states import WorkState
from awed.model.tes import RunLog, TesTask
from awed.model.times import NO_TIME


class Part(Struct):
    """How the input of a split task is divided.

    *input*: the file name. *index*: name of the node's index that has the units of the file. *totalindex*: how many
    units there are.
    """

    input: str
    index: str
    totalindex: int
    maxpartsize_mb: int = 0


class Workunit(Struct):
    """A workunit as it is handed out, to workers of the original too: one run of a task's command.

    *rank* is 0 for the only workunit of a task, else 1..*totalwork*. *attempt* counts the checkouts from 1.
    *walltime*: seconds after which the worker ends the command; unset or 0 for no limit. *resources*: what it needs,
    in cores, bytes and whole numbers; if unset, one core. *tes*: what is run in place of *cmd*.
    *network*: whether the command needs the network.
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
    resources: dict[str, int | float] | UnsetType = UNSET
    tes: TesTask | UnsetType = UNSET
    network: bool | UnsetType = UNSET


class WorkRecord(Struct):
    """What the server keeps of a workunit that has been checked out and is not done.

    A workunit that was never checked out has no record. *client*: id of the client that has it, or that had it last
    and may still report it. *failed*: how often it failed. *failed_on*: ids of the clients on which it failed, to
    which it is handed out only if no other client can take it. *failures*: how often it failed or was lost, by cause.
    *memory*, *walltime*: bytes and seconds that it gets in the stead of those of its task, 0 for these. *paused*: no
    client gets it before *until*, when its pause ends.
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
    failures: dict[str, int] = {}
    memory: int = 0
    walltime: int = 0
    paused: bool = False
    until: datetime = NO_TIME
    checkout_time: datetime = NO_TIME


class ReportStatus(StrEnum):
    """How a worker says that a workunit ended. ``discarded``: the worker gives it back.

    ``failed-permanent``: it would fail again. Only workers of the original send it; awed's send the exit status.
    """

    DONE = "done"
    FAIL = "fail"
    FAILED_PERMANENT = "failed-permanent"
    DISCARDED = "discarded"


class Perf(Struct):
    """How long the stages of a workunit took, named as in the original AWE.

    *queued*, *done*, *resp*, *checkout*, *deliver* and *clientresp* are Unix times in seconds; ``time_*``, *runtime*
    and *dockerprep* are durations in seconds, the rest sizes in bytes.

    What comes after *size_outfile* is awed's own, and absent from the records of the original's workers:
    *cpu_seconds*, *asked_cores*, and sizes in bytes.
    """

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
    cpu_seconds: float | UnsetType = UNSET
    bytes_read: int | UnsetType = UNSET
    bytes_written: int | UnsetType = UNSET
    max_disk_usage: int | UnsetType = UNSET
    asked_cores: float | UnsetType = UNSET
    asked_memory: int | UnsetType = UNSET
    asked_disk: int | UnsetType = UNSET


class Cut(Struct, frozen=True):
    """How a log of *size* bytes was shortened: its first *head* bytes, then *line* bytes that tell what is left out,
    then its last bytes."""

    size: int
    head: int
    line: int


class Report(Struct):
    """A worker's report of a workunit.

    *attempt* and *cause* are None if the worker is one of the original, which does not send them. *exitstatus* is
    None if no command ran to its end. *logs*: name (one of LOG_NAMES) and text; *raw*: the bytes of those that are
    not UTF-8, *cuts*: how those were shortened that were too long.
    """

    wuid: str
    client: str
    status: ReportStatus
    computetime: int = 0
    attempt: int | None = None
    exitstatus: int | None = None
    cause: Cause | None = None
    logs: Mapping[str, str] = {}
    raw: Mapping[str, bytes] = {}
    cuts: Mapping[str, Cut] = {}
    perf: Raw | None = None
    tes: RunLog | UnsetType = UNSET

    @property
    def is_workers_fault(self) -> bool:
        """Whether the worker had too little memory or disk to start the command, which is no fault of the work."""
        return self.exitstatus is None and self.cause in (Cause.MEMORY, Cause.DISK)


STREAMS = ("stdout", "stderr")

LOG_NAMES = (*STREAMS, "worknotes")
"""The logs of a workunit, as the API calls them."""


class WorkReport(Struct):
    """The logs of a workunit, kept after its end. *attempt*: of which run, 0 in old records; *raw* and *cuts*: see
    :class:`Report`."""

    wuid: str
    jobid: str
    taskid: str
    rank: int
    stdout: str = ""
    stderr: str = ""
    worknotes: str = ""
    attempt: int = 0
    raw: dict[str, bytes] = {}
    cuts: dict[str, Cut] = {}
    tes: RunLog | UnsetType = UNSET

    def written(self, name: str) -> bytes:
        """The log of that name, as bytes."""
        text: str = getattr(self, name)
        return self.raw.get(name) or text.encode()


class PerfRecord(Struct):
    """The performance record of a workunit, kept after its end, apart from its logs so that it loads without them.

    *perf* is any JSON: ``Raw`` when it is written, decoded when it is read.
    """

    wuid: str
    jobid: str
    taskid: str
    rank: int
    perf: Any
