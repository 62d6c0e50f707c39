"""Jobs and tasks, field for field in the order in which documents show them.

All times are aware UTC datetimes, durations seconds, sizes bytes unless a field says otherwise.
"""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME

NO_NODE = "-"
"""What ``IO.node`` holds while there is no node."""

OWN_HOST = "own:"
"""``IO.host`` of a file in the daemon's own node store. Whoever asks is shown the address by which they came."""


UPDATE = "update"
"""``IO.type`` of an output that is no new node: it changes the attributes of one that exists."""


SCRIPT_NAME = "awe_script"
"""The file in the working directory that holds the lines of a ``cmd_script``."""


class Environ(Struct):
    """Variables of a command that anyone may see. Private ones are secrets and live elsewhere."""

    public: dict[str, str] = {}


class Cmd(Struct):
    """What to run: ``name`` with ``args`` (split as a shell would) or ``args_array``, or ``cmd_script`` lines."""

    name: str = ""
    args: str = ""
    args_array: list[str] = []
    docker_image: str = field(default="", name="Dockerimage")
    docker_pull: str = field(default="", name="dockerPull")
    cmd_script: list[str] = []
    environ: Environ = field(default_factory=Environ)
    has_private_env: bool = False
    description: str = ""
    local: bool = field(default=False, name="Local")

    @property
    def has_image(self) -> bool:
        """Whether it is to run in a container image."""
        return bool(self.docker_image or self.docker_pull)


class IO(Struct):
    """One input, output or predata file of a task, and where it lives: a node of a Shock host, or a plain URL."""

    filename: str = ""
    name: str = ""
    directory: str = ""
    host: str = ""
    node: str = NO_NODE
    url: str = ""
    size: int = 0
    cache: bool = False
    origin: str = ""
    nonzero: bool = False
    temporary: bool = False
    shockfilename: str = ""
    shockindex: str = ""
    attrfile: str = ""
    nofile: bool = False
    delete: bool = False
    type: str = ""
    nodeattr: dict[str, Any] = {}
    formoptions: dict[str, str] = {}
    uncompress: str = ""
    optional: bool | UnsetType = UNSET

    @property
    def is_optional(self) -> bool:
        return self.optional is True

    @property
    def is_made(self) -> bool:
        """Whether an output's node is made for it, and goes with it."""
        return self.type != UPDATE


class PartInfo(Struct):
    """How a task is split: by which input, by which index, into parts of at most how many MB."""

    input: str = ""
    index: str = ""
    maxpartsize_mb: int = 0
    options: str = ""


class Task(Struct):
    """One step of a job. ``taskid`` and ``depends_on`` are full ids; ``maxworksize`` is in MB.

    ``walltime``: seconds for which its command may run, of a split task each part's; 0 means no limit.
    """

    taskid: str
    jobid: str = ""
    cmd: Cmd = field(default_factory=Cmd)
    depends_on: list[str] = field(default_factory=list, name="dependsOn")
    totalwork: int = 1
    maxworksize: int = 0
    remainwork: int = 1
    state: TaskState = TaskState.INIT
    createddate: datetime = NO_TIME
    starteddate: datetime = NO_TIME
    completeddate: datetime = NO_TIME
    computetime: int = 0
    userattr: dict[str, Any] = {}
    clientgroups: str = ""
    inputs: list[IO] = []
    outputs: list[IO] = []
    predata: list[IO] = []
    partinfo: PartInfo | UnsetType = UNSET
    walltime: int | UnsetType = UNSET

    @property
    def ranks(self) -> range:
        """The ranks of its workunits."""
        return range(1) if self.totalwork == 1 else range(1, self.totalwork + 1)


class Info(Struct):
    """What a job is about and who may run it. ``clientgroups``: comma separated, empty means any group."""

    name: str = ""
    xref: str = ""
    service: str = ""
    project: str = ""
    user: str = ""
    pipeline: str = ""
    clientgroups: str = ""
    submittime: datetime = NO_TIME
    startedtime: datetime = NO_TIME
    completedtime: datetime = NO_TIME
    priority: int = 1
    auth: bool = False
    noretry: bool = False
    userattr: dict[str, Any] = {}
    description: str = ""
    tracking: bool = False
    start_at: datetime = NO_TIME


class JobError(Struct):
    """Why a job is suspended: the last failure, where it happened and what it said."""

    clientfailed: str = ""
    workfailed: str = ""
    taskfailed: str = ""
    servernotes: str = ""
    worknotes: str = ""
    apperror: str = ""
    status: str = ""


class Job(Struct):
    """A workflow: the document that people submit, ask for and are shown."""

    id: str
    info: Info = field(default_factory=Info)
    state: JobState = JobState.INIT
    registered: bool = True
    remaintasks: int = 0
    expiration: datetime = NO_TIME
    updatetime: datetime = NO_TIME
    notes: str = ""
    lastfailed: str = ""
    error: JobError | None = None
    resumed: int = 0
    shockhost: str = ""
    tasks: list[Task] = []
