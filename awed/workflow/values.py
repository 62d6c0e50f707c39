"""Limits of single values: numbers, attributes, names of files."""

from typing import Any

from msgspec import json

from awed.model.job import Info
from awed.workflow.document import SentInfo, SentTask
from awed.workflow.faults import Faults, Place, quoted, walk

MOST_WORK = 1_000_000
"""Workunits of a task, and MB of a part."""

LONGEST_WALLTIME = 10**9
"""Seconds, some thirty years."""

MOST_NESTED = 50
"""Levels of attributes. Databases and readers of documents have limits not far above."""

MOST_SECRET = 32 * 1024
"""Bytes of a task's private variables as JSON: workers are told them in a header, and few take longer ones."""

LARGEST = 2**63 - 1
LONGEST_NAME = 255
"""Bytes of a file name; no usual file system takes more."""

LONGEST_PATH = 1024
"""Bytes of a path. Linux takes 4096, of which a worker's own directory and that of the workunit are a part."""


def check_info(info: SentInfo | Info, faults: Faults) -> None:
    """Note what is wrong with the values of a job's info."""
    check_number(info.priority, -LARGEST, LARGEST, ("info", "priority"), faults)
    check_attributes(info.userattr, ("info", "userattr"), faults)


def check_task(task: SentTask, place: Place, faults: Faults) -> None:
    """Note what is wrong with a task's command and numbers."""
    if not task.cmd.name:
        faults.at((*place, "cmd", "name"), "missing")
    _check_variables(task.cmd.environ.public, (*place, "cmd", "environ", "public"), faults)
    _check_variables(task.cmd.environ.private, (*place, "cmd", "environ", "private"), faults)
    if task.cmd.environ.private and len(json.encode(task.cmd.environ.private)) > MOST_SECRET:
        faults.at((*place, "cmd", "environ", "private"), f"more than {MOST_SECRET} bytes of JSON")
    check_number(task.totalwork, -LARGEST, MOST_WORK, (*place, "totalwork"), faults)
    check_number(task.maxworksize, 0, MOST_WORK, (*place, "maxworksize"), faults)
    check_number(task.walltime or 0, 0, LONGEST_WALLTIME, (*place, "walltime"), faults)
    check_attributes(task.userattr, (*place, "userattr"), faults)


def _check_variables(environ: dict[str, str], place: Place, faults: Faults) -> None:
    for name in environ:
        if not name or "=" in name:
            begin, equals, _ = name.partition("=")  # what follows may be a secret
            faults.at(place, f"{quoted(begin + equals)} cannot be the name of a variable")


def check_number(value: int, least: int, most: int, place: Place, faults: Faults) -> None:
    """Note a number that is not in the range, both ends of which are allowed."""
    if value < least:
        faults.at(place, f"must be at least {least}")
    elif value > most:
        faults.at(place, f"must be at most {most}")


def check_attributes(attributes: dict[str, Any], place: Place, faults: Faults) -> None:
    """Note values of free attributes that could not be stored."""
    if not attributes:  # as most are
        return
    for inner, value in walk(attributes, place):
        if len(inner) - len(place) > MOST_NESTED:
            faults.at(place, f"nested more than {MOST_NESTED} levels deep")
            return
        if isinstance(value, int):
            check_number(value, -LARGEST, LARGEST, inner, faults)


def check_path(path: str, place: Place, faults: Faults) -> None:
    """Note a path, if there is one, that could lead out of a workunit's directory or that no disk takes."""
    if not path:
        return
    parts = path.split("/")
    if path.startswith("/"):
        faults.at(place, f"{quoted(path)} is absolute")
    elif ".." in parts:
        faults.at(place, f"{quoted(path)} leaves its directory")
    elif "" in parts or parts[-1] == ".":
        faults.at(place, f"{quoted(path)} has an empty part")
    elif len(path.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in parts):
        faults.at(place, f"{quoted(path)} is too long")
