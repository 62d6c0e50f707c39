"""The ids of a document's tasks."""

import re
from collections.abc import Sequence

from awed.model.ids import is_uuid, task_id
from awed.workflow.faults import Faults, quoted

_NAME = re.compile(r"[^\s/\\\x00-\x1f\x7f]{1,100}\Z")
"""What may stand in a path and be part of a directory's name."""


def is_name(text: str) -> bool:
    """Whether *text* can be an id that somebody chose."""
    return _NAME.match(text) is not None


def check_job_id(sent: str, faults: Faults) -> None:
    """Note an id that is no UUID."""
    if not is_uuid(sent):
        faults.add(("id",), f"Job-Id format wrong: {quoted(sent)}")


def short_name(job_id: str, sent: str) -> str:
    """``0`` for both ``0`` and ``<job id>_0``."""
    return sent.removeprefix(task_id(job_id, ""))


def check_names(names: Sequence[str], faults: Faults) -> None:
    """Note short ids that are missing, cannot be used, or are not unique."""
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        place = ("tasks", number, "taskid")
        if fault := _fault(name):
            faults.at(place, fault)
        elif first.setdefault(name, number) != number:
            faults.at(place, f"{quoted(name)} is the id of tasks[{first[name]}] already")


def _fault(name: str) -> str | None:
    if not name:
        return "missing"
    if "_" in name:
        return f'{quoted(name)} must not contain "_"'
    if not is_name(name):
        return f"{quoted(name)} must have at most 100 characters and no blanks or slashes"
    return None
