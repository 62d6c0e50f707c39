"""The ids of a job and of its tasks, as documents have them."""

from collections.abc import Sequence

from msgspec import UnsetType

from awed.model.ids import is_uuid, task_id, task_name_fault
from awed.workflow.faults import Faults, quoted


def check_job_id(sent: str, faults: Faults) -> None:
    """Note a job's id that is no UUID."""
    if not is_uuid(sent):
        faults.add(("id",), f"Job-Id format wrong: {quoted(sent)}")


def check_parent(sent: str | UnsetType, faults: Faults) -> None:
    """Note the id of a run, if a job names one, that is no UUID."""
    if sent and not is_uuid(sent):
        faults.at(("info", "parent"), f"{quoted(sent)} is not the id of a job, which is a UUID")


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
    fault = task_name_fault(name)
    return f"{quoted(name)} {fault}" if name and fault else fault
