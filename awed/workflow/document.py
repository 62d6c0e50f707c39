"""The types of a document as people send it.

They hold what a sender decides. What the server keeps count of (states, times, remaining work) is not here, and is
thus ignored in a new job like any other unknown key; a finished job that is imported has it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from awed.model.job import IO, Environ, Info, JobError, PartInfo
from awed.model.times import NO_TIME

Files = list[IO] | dict[str, IO]
"""Files of a task: a list of objects with ``filename``, or the older form, a map from file name to object."""


def entries(files: Files) -> Iterable[tuple[str | int, IO]]:
    """Each file with its place among *files*: its name in a map, its number in a list."""
    return files.items() if isinstance(files, dict) else enumerate(files)


class SentEnviron(Environ):
    """Variables; *private* ones are secrets."""

    private: dict[str, str] = {}


class SentCmd(Struct):
    name: str = ""
    args: str = ""
    args_array: list[str] = []
    docker_image: str = field(default="", name="Dockerimage")
    docker_pull: str = field(default="", name="dockerPull")
    cmd_script: list[str] = []
    environ: SentEnviron = field(default_factory=SentEnviron)
    description: str = ""
    local: bool = field(default=False, name="Local")


class SentTask(Struct):
    """``taskid``, ``depends_on`` and origins are ids as sent: short, or ``<job id>_<short>``."""

    taskid: str = ""
    cmd: SentCmd = field(default_factory=SentCmd)
    depends_on: list[str] = field(default_factory=list, name="dependsOn")
    totalwork: int = 1
    maxworksize: int = 0
    userattr: dict[str, Any] = {}
    clientgroups: str = ""
    inputs: Files = []
    outputs: Files = []
    predata: Files = []
    partinfo: PartInfo | UnsetType = UNSET
    walltime: int | UnsetType = UNSET

    def __post_init__(self) -> None:
        for files in (self.inputs, self.outputs, self.predata):
            if isinstance(files, dict):
                for name, io in files.items():
                    io.filename = name


class SentInfo(Struct):
    name: str = ""
    xref: str = ""
    service: str = ""
    project: str = ""
    user: str = ""
    pipeline: str = ""
    clientgroups: str = ""
    priority: int = 1
    noretry: bool = False
    userattr: dict[str, Any] = {}
    description: str = ""
    tracking: bool = False
    start_at: datetime = NO_TIME


class SentJob(Struct):
    id: str = ""
    info: SentInfo = field(default_factory=SentInfo)
    shockhost: str = ""
    tasks: list[SentTask] = []


class FinishedTask(SentTask):
    """A task with what a server knows of it."""

    createddate: datetime = NO_TIME
    starteddate: datetime = NO_TIME
    completeddate: datetime = NO_TIME
    computetime: int = 0


class FinishedJob(Struct):
    """A job with what a server knows of it."""

    id: str = ""
    info: Info | None = None
    state: str = ""
    expiration: datetime = NO_TIME
    updatetime: datetime = NO_TIME
    notes: str = ""
    lastfailed: str = ""
    error: JobError | None = None
    resumed: int = 0
    shockhost: str = ""
    tasks: list[FinishedTask] = []
