"""Checks of single values: numbers, attributes, environment variables, paths."""

from typing import Any

from msgspec import UNSET, UnsetType, json

from awed.model.attempts import CAUSES, Retry, seconds_of
from awed.model.hook import Notify, faults_of
from awed.model.job import Info
from awed.model.resources import Said, amount_of, check_name
from awed.model.reuse import MODES
from awed.workflow.document import SentInfo, SentTask
from awed.workflow.faults import Faults, Place, quoted, walk

MOST_WORK = 1_000_000
"""Workunits of a task, MB of ``maxworksize`` and of a part."""

LONGEST_WALLTIME = 10**9
"""Seconds; some thirty years."""

MOST_TRIES = 1000
"""The most further tries after failures of one cause, and the largest factor."""

MOST_RESOURCES = 32
"""The most resources that a document may name in one place."""

MOST_NESTED = 50
"""Levels of attributes. Databases and JSON parsers have limits not far above."""

MOST_SECRET = 32 * 1024
"""Bytes of a task's private environment variables as JSON. They travel in a header, which HTTP clients limit."""

LARGEST = 2**63 - 1
"""The largest integer that databases hold."""

LONGEST_NAME = 255
"""Bytes of a file name, the limit of common file systems."""

LONGEST_PATH = 1024
"""Bytes of a path. Linux allows 4096, but the worker's and the workunit's own directories come before it."""


def check_info(info: SentInfo | Info, faults: Faults) -> None:
    """Note faults of a job's priority and attributes."""
    check_number(info.priority, -LARGEST, LARGEST, ("info", "priority"), faults)
    check_attributes(info.userattr, ("info", "userattr"), faults)
    check_resources(info.resources, ("info", "resources"), faults)
    check_retry(info.retry, ("info", "retry"), faults)
    _check_reuse(info.reuse, ("info", "reuse"), faults)


def check_task(task: SentTask, place: Place, faults: Faults) -> None:
    """Note faults of a task's command, environment variables, numbers and attributes."""
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
    check_resources(task.resources, (*place, "resources"), faults)
    check_retry(task.retry, (*place, "retry"), faults)
    _check_reuse(task.reuse, (*place, "reuse"), faults)


def check_notify(notify: Notify | UnsetType, place: Place, faults: Faults) -> None:
    """Note faults of whom a job is to be told to, if that is said."""
    for name, text in faults_of(notify) if notify is not UNSET else ():
        faults.at((*place, name), text)


def check_retry(retry: Retry | UnsetType, place: Place, faults: Faults) -> None:
    """Note faults of what is said of further tries, if anything is."""
    if not retry:
        return
    for cause in CAUSES:
        check_number(getattr(retry, cause) or 0, 0, MOST_TRIES, (*place, cause), faults)
    for name in ("wait", "wait_max"):
        _check_pause(getattr(retry, name) or 0, (*place, name), faults)
    for name in ("memory_factor", "time_factor"):
        factor = getattr(retry, name)
        if factor is not UNSET and not 1 <= factor <= MOST_TRIES:
            faults.at((*place, name), f"must be a number from 1 to {MOST_TRIES}")


def _check_pause(said: float | str, place: Place, faults: Faults) -> None:
    try:
        if 0 <= seconds_of(said) <= LONGEST_WALLTIME:
            return
    except ValueError:
        pass
    faults.at(place, f"{quoted(str(said))} must be seconds, at least 0, or a text as 10s, 5m, 1h or 1d")


def check_resources(said: Said | UnsetType, place: Place, faults: Faults) -> None:
    """Note faults of the names and amounts of resources, if any are *said*."""
    if not said:
        return
    if len(said) > MOST_RESOURCES:
        faults.at(place, f"names more than {MOST_RESOURCES} kinds of resources")
    for name, amount in said.items():
        try:
            check_name(name)
            amount_of(name, amount)
        except ValueError as error:
            faults.at((*place, name), f"{quoted(str(amount))}: {error}")


def _check_reuse(said: str | UnsetType, place: Place, faults: Faults) -> None:
    if said and said not in MODES:
        faults.at(place, f"{quoted(said)} is none of {', '.join(MODES)}")


def _check_variables(environ: dict[str, str], place: Place, faults: Faults) -> None:
    for name in environ:
        if not name or "=" in name:
            begin, equals, _ = name.partition("=")  # what follows is the value, which may be a secret
            faults.at(place, f"{quoted(begin + equals)} cannot be the name of a variable")


def check_number(value: int, least: int, most: int, place: Place, faults: Faults) -> None:
    """Note a *value* that is not between *least* and *most*, both inclusive."""
    if value < least:
        faults.at(place, f"must be at least {least}")
    elif value > most:
        faults.at(place, f"must be at most {most}")


def check_attributes(attributes: dict[str, Any], place: Place, faults: Faults) -> None:
    """Note attributes that are nested too deeply to be stored, and integers beyond 64 bits."""
    if not attributes:  # most tasks and files have none
        return
    for inner, value in walk(attributes, place):
        if len(inner) - len(place) > MOST_NESTED:
            faults.at(place, f"nested more than {MOST_NESTED} levels deep")
            return
        if isinstance(value, int):
            check_number(value, -LARGEST, LARGEST, inner, faults)


def check_path(path: str, place: Place, faults: Faults) -> None:
    """Note a *path*, unless it is "", that could lead out of the workunit's directory or that file systems refuse."""
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
