"""Checks of a task's files: names, sizes and attributes, and that none would overwrite another."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from awed.model.job import IO, SCRIPT_NAME, PartInfo
from awed.workflow.document import Files, SentTask, entries
from awed.workflow.faults import Faults, Place, cut, quoted, shown
from awed.workflow.values import LARGEST, MOST_WORK, check_attributes, check_number, check_path


def check_files(task: SentTask, task_id: str, place: Place, faults: Faults) -> None:
    """Note missing, repeated and impossible file names, sizes and attributes, and faults of ``partinfo``.

    Changes directories that mean the working directory itself to "", in place.
    """
    for kind, files in (("inputs", task.inputs), ("outputs", task.outputs), ("predata", task.predata)):
        seen: set[str] = set()
        for key, io in entries(files):
            _check_file(io, (*place, kind, key), faults)
            if io.filename and io.filename in seen:
                text = f"invalid {kind}: task {task_id} contains multiple {kind} with filename={cut(io.filename)}"
                faults.add((*place, kind, key, "filename"), text)
            seen.add(io.filename)
    if isinstance(task.partinfo, PartInfo):
        check_number(task.partinfo.maxpartsize_mb, 0, MOST_WORK, (*place, "partinfo", "maxpartsize_mb"), faults)


def check_paths(task: SentTask, place: Place, faults: Faults) -> None:
    """Note files that a worker would write to one path before the command starts, and files below another file."""
    taken: dict[PurePosixPath, Place] = {}
    if task.cmd.cmd_script:
        taken[PurePosixPath(SCRIPT_NAME)] = (*place, "cmd", "cmd_script")
    for path, where in (*_paths("inputs", task.inputs, place), *_paths("predata", task.predata, place)):
        if (first := taken.setdefault(path, where)) != where:
            faults.at(where, f"{quoted(str(path))} is the path of {shown(first)} already")
    for path, where in (*taken.items(), *_paths("outputs", task.outputs, place)):
        for parent in path.parents:
            if parent in taken:
                file = f"{quoted(str(parent))}, a file ({shown(taken[parent])})"
                faults.at(where, f"{quoted(str(path))} lies below {file}")


def _paths(kind: str, files: Files, place: Place) -> Iterator[tuple[PurePosixPath, Place]]:
    """The paths of *files* in the working directory, each with its place in the document.

    Only the last of several files with the same name, as :func:`check_files` notes these.
    """
    named = {io.filename: (key, io) for key, io in entries(files)}
    for key, io in named.values():
        if io.filename and (kind == "predata" or not io.nofile):
            yield PurePosixPath(io.directory, io.filename), (*place, kind, key, "filename")
        if io.attrfile and kind != "predata":
            yield PurePosixPath(io.attrfile), (*place, kind, key, "attrfile")


def _check_file(io: IO, place: Place, faults: Faults) -> None:
    if not io.filename:
        faults.at((*place, "filename"), "missing")
    io.directory = _plain_directory(io.directory)
    for name in ("filename", "directory", "attrfile", "shockfilename"):
        check_path(getattr(io, name), (*place, name), faults)
    check_number(io.size, 0, LARGEST, (*place, "size"), faults)
    check_attributes(io.nodeattr, (*place, "nodeattr"), faults)


def _plain_directory(sent: str) -> str:
    return "" if sent in (".", "./") else sent.removesuffix("/") or sent
