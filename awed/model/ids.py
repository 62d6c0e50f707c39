"""Ids: a job is a UUID, a task ``<job>_<task name>``, a workunit ``<task>_<rank>``."""

import base64
import binascii
import re
import uuid
from typing import NamedTuple

from awed.model.errors import Invalid

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_NAME = re.compile(r"[^\s/\\\x00-\x1f\x7f]{1,100}\Z")
"""Such an id can stand in the path of a URL and be a part of a directory's name."""

_RANK = re.compile(r"[0-9]{1,9}\Z")
_BASE64 = "base64:"


class WorkId(NamedTuple):
    """The parts of a workunit's id. *rank* is 0 if the task has one workunit, else 1..totalwork."""

    job_id: str
    task_name: str
    rank: int

    @property
    def task_id(self) -> str:
        return task_id(self.job_id, self.task_name)

    def __str__(self) -> str:
        return f"{self.job_id}_{self.task_name}_{self.rank}"


def new_id() -> str:
    """A fresh UUID v4 as text."""
    return str(uuid.uuid4())


def is_uuid(text: str) -> bool:
    return _UUID.match(text) is not None


def is_name(text: str) -> bool:
    """Whether *text* may be an id that is not made by the server: at most 100 characters, no blanks or slashes."""
    return _NAME.match(text) is not None


def task_name_fault(name: str) -> str | None:
    """Why a document cannot give a task this *name*, as what follows on the name in a sentence; None if it can."""
    if not name:
        return "missing"
    if "_" in name:
        return 'must not contain "_"'
    return None if is_name(name) else "must have at most 100 characters and no blanks or slashes"


def task_id(job_id: str, task_name: str) -> str:
    return f"{job_id}_{task_name}"


def task_name(task_id: str) -> str:
    """The name that the submitted document gives the task."""
    return task_id.rpartition("_")[2]


def job_of(part_id: str) -> str:
    """The id of the job to which a task's or a workunit's id belongs."""
    return part_id.partition("_")[0]


def work_id(task_id: str, rank: int) -> str:
    return f"{task_id}_{rank}"


def parse_work_id(text: str) -> WorkId:
    """Parse a workunit's id as it stands in the path of a URL: plain, or as ``base64:`` and the encoded id.

    Raises :class:`~awed.model.errors.Invalid`.
    """
    parts = _unwrapped(text).split("_")
    if len(parts) != 3 or not all(parts) or not _RANK.match(parts[2]):
        raise Invalid(f"invalid work id: {text}")
    return WorkId(parts[0], parts[1], int(parts[2]))


def _unwrapped(text: str) -> str:
    if not text.startswith(_BASE64):
        return text
    try:
        return base64.b64decode(text[len(_BASE64) :], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid(f"invalid work id: {text}") from None
