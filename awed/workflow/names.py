"""The ids of a job and of its tasks, as documents have them."""

import re
from collections.abc import Sequence

from awed.model.ids import is_uuid, task_id
from awed.workflow.faults import Faults, quoted

_NAME = re.compile(r"[^\s/\\\x00-\x1f\x7f]{1,100}\Z")
"""Such an id can stand in the path of a URL and be a part of a directory's name."""


def is_name(text: str) -> bool:
    """Whether *text* may be an id that is not made by the server: at most 100 characters, no blanks or slashes."""
    return _NAME.match(text) is not None


def check_job_id(sent: str, faults: Faults) -> None:
    """Note a job's id that is no UUID."""
    if not is_uuid(sent):
        faults.add(("id",), f"Job-Id format wrong: {quoted(sent)}")


def short_name(job_id: str, sent: str) -> str:
    """The short id of a task: ``0`` if *sent* is ``0`` or ``<job id>_0``."""
    return sent.removeprefix(task_id(job_id, ""))


def check_names(names: Sequence[str], faults: Faults) -> None:
    """Note short ids of tasks that are missing, invalid or not unique."""
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
