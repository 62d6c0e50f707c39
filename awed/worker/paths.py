"""The paths of a workunit's files, always inside its work directory, whatever the document says."""

import os
from pathlib import Path

from awed.model.job import IO
from awed.worker.errors import WorkFailed


def inside(root: Path, *names: str) -> Path:
    """The path of *names*, joined, below *root*, which is an absolute path without symbolic links.

    Raises :class:`WorkFailed` if they lead out of *root* by ``..``, as an absolute path, or through a symbolic link.
    """
    wanted = os.path.join(*names)
    try:
        real = os.path.realpath(root / wanted)
    except ValueError:  # a null byte
        raise WorkFailed(f"not a file name: {wanted!r}") from None
    if os.path.isabs(wanted) or not real.startswith(f"{root}{os.sep}"):
        raise WorkFailed(f"{wanted!r} is not inside of the work directory")
    return root / os.path.normpath(wanted)


def tmp_of(root: Path) -> Path:
    """Where what a command leaves in a ``/tmp`` of its own is: on disk, beside the directory *root* of its run."""
    return root.with_name(f"{root.name}.tmp")


def path_of(root: Path, io: IO) -> Path:
    """The path of the file of *io* in the work directory *root*. Raises as :func:`inside` does."""
    return inside(root, io.directory, io.filename)
