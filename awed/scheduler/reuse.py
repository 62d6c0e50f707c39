"""Reuse of results: which tasks may use one, and the results that finished tasks leave."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

import msgspec

from awed.model.ids import task_name
from awed.model.job import NO_NODE
from awed.model.reuse import READS, WRITES, Key, Result, ResultFile
from awed.scheduler.entries import TaskEntry


class Wish(NamedTuple):
    """How to recognise a task. *user*: the submitter, *name*: of the job; *reads*: whether it may use a result.
    *groups*: see :func:`groups_part`."""

    user: str
    name: str
    reads: bool
    groups: str


def wish_of(entry: TaskEntry) -> Wish | None:
    """How to recognise a task; None if its document has no ``reuse``."""
    if not entry.reuse:
        return None
    is_anew = entry.reusing is not None and entry.reusing.anew
    reads = entry.reuse in READS and not is_anew
    return Wish(entry.job.submitter, entry.job.job.info.name, reads, groups_part(entry))


GROUPS = "groups"
"""The part of a key for the groups: a user who names some trusts no others with the result."""


def groups_part(entry: TaskEntry) -> str:
    """The digest of the names of the client groups that a task is for."""
    names = entry.task.clientgroups or entry.job.job.info.clientgroups
    return _digest(sorted({name for name in names.split(",") if name}))


def moved(entry: TaskEntry) -> bool:
    """Whether a task is for other groups than it was recognised by. Then it leaves no result: who may change the
    groups of a job may not choose what the submitter's other jobs use."""
    key = entry.reusing.key if entry.reusing is not None else {}
    return bool(key) and key.get(GROUPS) != groups_part(entry)


def results_of(entry: TaskEntry, md5s: Mapping[str, str]) -> Iterator[Result]:
    """The results that a completed task leaves: by its key, and by its name. *md5s*: of its outputs, by file name.

    Empty if the document does not allow others to use them, or the task cannot be recognised.
    """
    if entry.reuse not in WRITES or entry.reusing is None or not entry.reusing.key:
        return
    task, user, key = entry.task, entry.job.submitter, entry.reusing.key
    origin = task.reused[0].rpartition("_")[0] if task.reused else task.taskid
    files = [ResultFile(io.filename, io.node, md5s.get(io.filename, "")) for io in task.outputs if io.node != NO_NODE]
    for id in (result_id(user, key), latest_id(user, entry.job.job.info.name, task_name(task.taskid))):
        yield Result(id, task.jobid, origin, key, files)


def result_id(user: str, key: Key) -> str:
    """The id of the result of *user* for tasks with this key."""
    return _digest(["key", user, sorted(key.items())])


def latest_id(user: str, job_name: str, task_name: str) -> str:
    """The id of the latest result of *user* for the task with this name in jobs with this name."""
    return _digest(["latest", user, job_name, task_name])


def _digest(value: object) -> str:
    return sha256(msgspec.json.encode(value)).hexdigest()
