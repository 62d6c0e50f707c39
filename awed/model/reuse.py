"""Reuse of results: how tasks are recognised, so that a task need not run if an equal one has finished."""

from msgspec import Struct

READS, WRITES = ("read", "both"), ("write", "both")
"""Values of ``reuse`` in a document: those by which a task uses results, and those by which others use its result."""

MODES = ("read", "write", "both")
"""All values of ``reuse`` in a document."""

Key = dict[str, str]
"""The digests by which a task is recognised: of its ``command``, ``arguments``, each ``input NAME``, ..."""


class Reusing(Struct, frozen=True):
    """How a task with ``reuse`` is recognised, from when it is prepared.

    *key*: empty if it cannot be recognised. *unlike*: why it uses no result, "" if it does or does not look for one.
    *anew*: the task was reset to run again, so it uses no result.
    """

    key: Key = {}
    unlike: str = ""
    anew: bool = False


class ResultFile(Struct, frozen=True):
    """An output of a finished task, in a node of the daemon's node store. *md5*: "" if the task made no file."""

    filename: str
    node: str
    md5: str


class Result(Struct, frozen=True):
    """The result of a finished task. There are two records of each: one by its key, and the latest by its name.

    *id*: a digest of the user and the key, or of the user and the names of job and task. *job*: the job whose nodes
    hold the files. *origin*: the full id of the task that ran, which may be of another job.
    """

    id: str
    job: str
    origin: str
    key: Key
    files: list[ResultFile]
