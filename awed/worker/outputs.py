"""Checks that a command has made the files that its workunit declares as outputs."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from msgspec.structs import replace

from awed.model.job import IO
from awed.model.tes import WILDCARDS
from awed.worker.errors import WorkFailed
from awed.worker.paths import inside, path_of
from awed.worker.patterns import files_of
from awed.worker.urls import is_directory


class Output(NamedTuple):
    """A declared output as the command left it; *path* is None without a file, *size* is in bytes."""

    io: IO
    path: Path | None = None
    size: int = 0


def find_outputs(root: Path, declared: Iterable[IO]) -> list[Output]:
    """The *declared* outputs as the command left them in the work directory *root*.

    Blocks: for a thread. Raises :class:`WorkFailed` with one text for each kind of fault, which names the files.
    """
    found: list[Output] = []
    faults: dict[str, list[str]] = {}
    for io in declared:
        for one in _each(root, io):
            output, fault = _look_at(root, one)
            if fault:
                faults.setdefault(fault, []).append(os.path.join(one.directory, one.filename))
            found.append(output)
    if faults:
        raise WorkFailed(*(f"{fault}: {_listed(names)}" for fault, names in faults.items()))
    return found


_NAMED = 20
"""Files with one fault that are named."""


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def needs_file(io: IO) -> bool:
    """Whether *io* needs a file; some outputs only set attributes of a node, or share another node's file."""
    return not io.nofile and io.type not in ("update", "copy")


def _each(root: Path, io: IO) -> list[IO]:
    """*io* itself; if its URL is that of a directory all files below its path, or that match it, each with its URL.

    Without any it is *io*, which is then missing.
    """
    if not io.is_elsewhere or not is_directory(io.url):
        return [io]
    top, pattern = inside(root, io.directory) if io.directory else root, io.filename.rstrip("/")
    below = top if WILDCARDS.search(pattern) else top / pattern
    return [
        replace(io, filename=str(file.relative_to(top)), url=io.url + quote(os.fsencode(file.relative_to(below))))
        for file in files_of(root, top, pattern)
    ] or [io]


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
