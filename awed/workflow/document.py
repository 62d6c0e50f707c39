"""The types of a job document as it is sent.

``Sent...`` has the keys that its author may set. The others (states, times, remaining work) are kept by the server,
and ignored in a new job like any unknown key. ``Finished...``, for the import of finished jobs, has these too.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from awed.model.attempts import Retry
from awed.model.hook import Notify
from awed.model.job import IO, Environ, Info, JobError, PartInfo
from awed.model.resources import Said
from awed.model.times import NO_TIME

Files = list[IO] | dict[str, IO]
"""Files of a task: a list of objects with ``filename`` or, in the older form of documents, a map by file name."""


def entries(files: Files) -> Iterable[tuple[str | int, IO]]:
    """Each file with its key: the name in a map, the number in a list."""
    return files.items() if isinstance(files, dict) else enumerate(files)


class SentEnviron(Environ):
    """The environment variables of a command. *private* ones are secrets."""

    private: dict[str, str] = {}


class SentCmd(Struct):
    """The command of a task."""

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
    """A task. *taskid*, *depends_on* and the origins of files are ids as sent: short, or ``<job id>_<short>``."""

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
    resources: Said | UnsetType = UNSET
    network: bool | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    reuse: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        for files in (self.inputs, self.outputs, self.predata):
            if isinstance(files, dict):
                for name, io in files.items():
                    io.filename = name


class SentInfo(Struct):
    """What a job is about and who may run it. *notify* is a secret, and no part of the job."""

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
    resources: Said | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    reuse: str | UnsetType = UNSET
    parent: str | UnsetType = UNSET
    notify: Notify | UnsetType = UNSET


class SentJob(Struct):
    """A new job. *id*: empty unless the author chose one."""

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
    """A finished job, as a server shows it."""

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
