"""Tasks of GA4GH's Task Execution Service (TES) 1.1: the document, and what is told of a run. The names are TES's.

Times are RFC 3339 texts. Fields with their default value are left out of documents.
"""

import re

from msgspec import UNSET, Struct, UnsetType

FILE, DIRECTORY = "FILE", "DIRECTORY"
"""The types of inputs and outputs."""

APP = "tes"
"""The command (``cmd.name``) and the id of the only task of a job that was made of a TES task."""

CWL_STEP = "cwl_step"
"""The user attribute of jobs that are steps of CWL runs: a digest that equal steps of all runs have."""

SYSTEM = re.compile(r"/(usr|bin|sbin|lib|lib32|lib64|libx32|etc|proc|sys|dev|boot)(/|\Z)")
"""Matches paths in folders of the system, in which a task can have no files."""

WILDCARDS = re.compile(r"[*?\[]")
"""Found in a path that stands for all that match it."""

COLLECTION = "/node"
"""The path of the collection of nodes at a data host: of each file that is brought there a node is made."""


class Executor(Struct, omit_defaults=True):
    """A command. Those of a task run one after another. *ignore_error*: whether the next one runs if this one fails.

    *stdin*, *stdout*, *stderr*: absolute paths of files, "" for none. *workdir*: "" for one that is made for it.
    """

    image: str = ""
    command: list[str] = []
    workdir: str = ""
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    env: dict[str, str] = {}
    ignore_error: bool = False


class Input(Struct, omit_defaults=True):
    """A file or directory that is put at *path* before the first executor starts, from its *content* or its *url*."""

    name: str = ""
    description: str = ""
    url: str = ""
    path: str = ""
    type: str = ""
    content: str = ""
    streamable: bool = False


class Output(Struct, omit_defaults=True):
    """A file or directory that is copied from *path* to *url* after the last executor.

    A *path* with wildcards stands for all files that match. Each is brought to its path without *path_prefix*, below
    *url*.
    """

    name: str = ""
    description: str = ""
    url: str = ""
    path: str = ""
    path_prefix: str = ""
    type: str = ""

    @property
    def host(self) -> str:
        """The data host at which each of its files becomes a node, "" if it is brought to its URL."""
        has_many = self.type == DIRECTORY or WILDCARDS.search(self.path)
        return self.url.removesuffix(COLLECTION) if has_many and self.url.endswith(COLLECTION) else ""


class Resources(Struct, omit_defaults=True):
    """What a task needs. Sizes are in GB of 10^9 bytes."""

    cpu_cores: int | float | None = None
    preemptible: bool = False
    ram_gb: float | None = None
    disk_gb: float | None = None
    zones: list[str] = []
    backend_parameters: dict[str, str] = {}
    backend_parameters_strict: bool = False

    def parameter(self, name: str) -> str:
        """The backend parameter *name* (in lower case), whose case does not matter; "" if there is none."""
        return next((text for key, text in self.backend_parameters.items() if key.lower() == name), "")


class TesTask(Struct, omit_defaults=True):
    """A task as it is submitted. *volumes*: absolute paths of directories that the executors share."""

    name: str = ""
    description: str = ""
    inputs: list[Input] = []
    outputs: list[Output] = []
    resources: Resources | None = None
    executors: list[Executor] = []
    volumes: list[str] = []
    tags: dict[str, str] = {}

    @property
    def network(self) -> bool | UnsetType:
        """Whether its commands need the network, if it says so."""
        said = self.resources.parameter("network").lower() if self.resources else ""
        return {"true": True, "false": False}.get(said, UNSET)

    @property
    def expiration(self) -> str:
        """After how long the nodes of its outputs are deleted, a number followed by M, H or D; "" for never."""
        return self.resources.parameter("expiration") if self.resources else ""

    @property
    def entrypoint(self) -> bool:
        """Whether its commands are arguments of the entrypoints of their images, where those have one."""
        return self.resources is not None and self.resources.parameter("entrypoint").lower() == "true"


class ExecutorLog(Struct, omit_defaults=True):
    """The log of the run of an executor, with the ends of its stdout and stderr."""

    exit_code: int
    start_time: str = ""
    end_time: str = ""
    stdout: str = ""
    stderr: str = ""


class OutputLog(Struct):
    """A file that was brought to *url*. *size_bytes* is a text, as TES has it. A *path* that ends with ``/`` is that
    of an empty directory, of which is told only where files become nodes."""

    url: str
    path: str
    size_bytes: str


class RunLog(Struct):
    """A worker's report on a run of the task. *logs*: of the executors that ran."""

    start_time: str = ""
    end_time: str = ""
    logs: list[ExecutorLog] = []
    outputs: list[OutputLog] = []


TREE = "files"
"""The directory, in that of a run, in which the absolute paths of its task are: ``/data/a`` is ``files/data/a``."""
