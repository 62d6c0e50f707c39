"""What a task is recognised by, so that one that equals a finished one need not run."""

from msgspec import Struct

READS, WRITES = ("read", "both"), ("write", "both")
"""Values of ``reuse`` in a document: whether results are looked for, and whether they may be found."""

MODES = ("read", "write", "both")

Key = dict[str, str]
"""A digest of each part of what a task is recognised by: ``command``, ``arguments``, ``input NAME``, ..."""


class Reusing(Struct, frozen=True):
    """What is known of a task that says ``reuse``, once it is prepared.

    *key*: empty if it cannot be recognised. *unlike*: why no result was used, "" if one was, or none is there to
    compare. *anew*: somebody has it run again, whatever there is.
    """

    key: Key = {}
    unlike: str = ""
    anew: bool = False


class ResultFile(Struct, frozen=True):
    """An output that a finished task left in the daemon's node store. *md5*: "" if it left none."""

    filename: str
    node: str
    md5: str


class Result(Struct, frozen=True):
    """What a task of a job has left, found by its key or as the latest of its name.

    *id*: digest of the user and the key, or of the user and the names. *origin*: the full id of the task that ran,
    which may be of another job.
    """

    id: str
    job: str
    origin: str
    key: Key
    files: list[ResultFile]
