"""Jobs and tasks. The fields are encoded in the order in which they stand here.

Times are aware UTC datetimes, durations seconds, sizes bytes, unless a field says otherwise.
"""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from awed.model.attempts import Attempt, Retry
from awed.model.resources import RUNS, Said, amounts_of
from awed.model.states import JobState, TaskState
from awed.model.tes import TesTask
from awed.model.times import NO_TIME

NO_NODE = "-"
"""``IO.node`` of a file that has no node, or none yet."""

OWN_HOST = "own:"
"""``IO.host`` of a file in the daemon's own node store. The API shows the address of the daemon in its place."""


UPDATE = "update"
"""``IO.type`` of an output that makes no new node: it changes the attributes of an existing one."""


SCRIPT_NAME = "awe_script"
"""Name of the file in the command's working directory that has the lines of ``cmd_script``."""


class Environ(Struct):
    """Environment variables of a command that the job's document shows. Private ones are in ``records.Secret``."""

    public: dict[str, str] = {}


class Cmd(Struct):
    """What to run: *name* with *args* (a text, split as by a shell) or *args_array*, or the lines of *cmd_script*."""

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
        """Whether the command is to run in a container image."""
        return bool(self.image)

    @property
    def image(self) -> str:
        """The container image in which it is to run, "" for none."""
        return self.docker_image or self.docker_pull


class IO(Struct):
    """An input, output or predata file of a task, and where it is: a node of a Shock host, or a plain URL."""

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
        """Whether the task goes well without this file."""
        return self.optional is True

    @property
    def address(self) -> str:
        """The URL of this file, "" if it has none (yet)."""
        if self.url:
            return self.url
        return f"{self.host}/node/{self.node}?download" if self.host and self.node != NO_NODE else ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether this file has no node, but a URL of its own, from or to which workers bring it."""
        return bool(self.url) and not self.host

    @property
    def is_made(self) -> bool:
        """Whether this output gets a node of its own, which is deleted when the output is no longer needed."""
        return self.type != UPDATE


class PartInfo(Struct):
    """How a task is split into workunits: by an index of one input, into parts of at most *maxpartsize_mb* MB."""

    input: str = ""
    index: str = ""
    maxpartsize_mb: int = 0
    options: str = ""


class Task(Struct):
    """One step of a job. *taskid* and *depends_on* are full ids; *maxworksize* is in MB.

    *walltime*: seconds for which the command of each of its workunits may run; 0 means no limit. *resources*: what
    each of its workunits needs, *retry*: how they are tried again, both as the document says it. *reuse*: see
    :mod:`awed.model.reuse`. *reused*: in the order of ranks, the ids of the workunits of another task whose results
    it has. *tes*: the TES task that is run in place of *cmd*. *network*: whether its command needs the network; in a
    sandbox it has none else. *attempts*: the last ended runs of its workunits.
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
    resources: Said | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    reuse: str | UnsetType = UNSET
    reused: list[str] | UnsetType = UNSET
    tes: TesTask | UnsetType = UNSET
    network: bool | UnsetType = UNSET
    attempts: tuple[Attempt, ...] = ()

    @property
    def called(self) -> list[str]:
        """Program and arguments, as far as there are any; of a TES task those of its first command."""
        if self.tes:
            return list(self.tes.executors[0].command)
        return [self.cmd.name, *(self.cmd.args_array or filter(None, [self.cmd.args]))]

    @property
    def ranks(self) -> range:
        """The ranks of the task's workunits."""
        return range(1) if self.totalwork == 1 else range(1, self.totalwork + 1)


class Info(Struct):
    """What a job is about and who may run it. *clientgroups*: names joined by commas, empty for any open group.

    *resources*, *retry*, *reuse*: what holds for each task, as far as the task itself does not say otherwise.
    *parent*: the id of the run of which this job is a step.
    """

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
    resources: Said | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    reuse: str | UnsetType = UNSET
    parent: str | UnsetType = UNSET


class JobError(Struct):
    """Why a job is suspended: the last failure, with the client, workunit and task where it happened.

    *cause*: one of :class:`~awed.model.attempts.Cause`, "" if no run of a command failed.
    """

    clientfailed: str = ""
    workfailed: str = ""
    taskfailed: str = ""
    servernotes: str = ""
    worknotes: str = ""
    apperror: str = ""
    status: str = ""
    cause: str = ""


class Job(Struct):
    """A job: the document that users submit and are shown."""

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

    @property
    def is_run(self) -> bool:
        """Whether it makes steps: its first command submits other work and waits for it."""
        return any(RUNS in amounts_of(self.info.resources, task.resources) for task in self.tasks[:1])
