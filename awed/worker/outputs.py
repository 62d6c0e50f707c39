"""Checks that a command has made the files that its workunit declares as outputs."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from awed.model.job import IO
from awed.worker.errors import WorkFailed
from awed.worker.paths import path_of


class Output(NamedTuple):
    """A declared output as the command left it; *path* is None without a file, *size* is in bytes."""

    io: IO
    path: Path | None = None
    size: int = 0


def find_outputs(root: Path, declared: Iterable[IO]) -> list[Output]:
    """The *declared* outputs as the command left them in the work directory *root*.

    Raises :class:`WorkFailed` with one text for each kind of fault, which names all files with that fault.
    """
    found: list[Output] = []
    faults: dict[str, list[str]] = {}
    for io in declared:
        output, fault = _look_at(root, io)
        if fault:
            faults.setdefault(fault, []).append(os.path.join(io.directory, io.filename))
        found.append(output)
    if faults:
        raise WorkFailed(*(f"{fault}: {', '.join(names)}" for fault, names in faults.items()))
    return found


def needs_file(io: IO) -> bool:
    """Whether *io* needs a file; some outputs only set attributes of a node, or share another node's file."""
    return not io.nofile and io.type not in ("update", "copy")


def _look_at(root: Path, io: IO) -> tuple[Output, str]:
    """The output, and what is wrong with it ("" if nothing)."""
    if not needs_file(io):
        return Output(io), ""
    try:
        path = path_of(root, io)
        found = path.stat()
    except WorkFailed:
        return Output(io), "output files outside of the work directory"
    except OSError:
        return Output(io), "" if io.is_optional else "missing output files"
    if not stat.S_ISREG(found.st_mode):
        return Output(io), "outputs that are not plain files"
    if io.nonzero and not found.st_size:
        return Output(io), "empty output files"
    return Output(io, path, found.st_size), ""
