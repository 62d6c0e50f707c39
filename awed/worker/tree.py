"""The absolute paths of a TES task: folders of a directory of its run, which its commands see at the root."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from awed.model.tes import WILDCARDS
from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots, opened
from awed.worker.patterns import bound, fits

_MOST_LINKS = 40
"""Symbolic links on one path, as for Linux."""

_ROOT = PurePosixPath("/")


class Tree:
    """*base*: the directory. Paths below one of *roots* are where they are. Other paths may not lead out of *base*,
    whatever symbolic links the commands make."""

    def __init__(self, base: Path, roots: FileRoots) -> None:
        self.base = base
        self.roots = roots

    def real(self, path: str) -> Path:
        """Where a *path* of the task is, or would be, with symbolic links followed as its commands see them.

        Raises :class:`WorkFailed` for too many of them, and :class:`OSError`.
        """
        here, rest, links = _ROOT, deque(PurePosixPath(path).parts[1:]), 0
        while rest:
            name = rest.popleft()
            if name == "..":
                here = here.parent
                continue
            place = self._place(here / name)
            if not place.is_symlink():
                here /= name
                continue
            links += 1
            if links > _MOST_LINKS:
                raise WorkFailed(f"{path} has too many symbolic links")
            target = PurePosixPath(os.readlink(place))
            here = _ROOT if target.is_absolute() else here
            rest.extendleft(reversed([part for part in target.parts if part != "/"]))
        return self._place(here)

    def is_shared(self, path: str) -> bool:
        """Whether *path* is below a root, where others may change everything at any time."""
        return self.roots.has(self.real(path))

    def make(self, path: str) -> Path:
        """:meth:`real`, of which the parent is made."""
        place = self.real(path)
        self._have(place.parent)
        return place

    def make_directory(self, path: str) -> None:
        """Have a directory at *path*. Raises :class:`WorkFailed`, :class:`OSError`."""
        self._have(self.real(path))

    def _have(self, directory: Path) -> None:
        with self._directory(directory):
            pass

    @contextmanager
    def _directory(self, place: Path) -> Iterator[int]:
        """The descriptor of the directory *place*, which is made."""
        if self.roots.has(place):
            with self.roots.directory(place) as descriptor:
                yield descriptor
            return
        place.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_DIRECTORY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """The descriptor of the plain file at *path*, to read. Raises :class:`WorkFailed`, :class:`OSError`."""
        place = self.real(path)
        with opened(place) as descriptor:
            if self.roots.has(place):  # others may have changed what is there meanwhile
                self.roots.require(descriptor, place)
            yield descriptor

    @contextmanager
    def written(self, path: str) -> Iterator[BinaryIO]:
        """The file at *path*, emptied, to write. Likewise."""
        place = self.real(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
        with (
            self._directory(place.parent) as directory,
            open(os.open(place.name, flags, 0o644, dir_fd=directory), "wb") as file,
        ):
            yield file

    def matching(self, pattern: str) -> list[str]:
        """The paths of the task that match *pattern*, in alphabetical order. Raises :class:`WorkFailed`,
        :class:`OSError`.

        Links are followed as commands see them, so that nothing is looked at that they cannot see.
        """
        found = [""]
        for part in PurePosixPath(pattern).parts[1:]:
            found = [f"{path}/{name}" for path in found for name in self._named(path or "/", part)]
            bound(len(found), pattern)
        return sorted(path for path in found if os.path.lexists(self.real(path)))

    def _named(self, directory: str, part: str) -> list[str]:
        """The names in the *directory* that *part* of a pattern stands for."""
        if not WILDCARDS.search(part):
            return [part]
        place = self.real(directory)
        return fits(os.listdir(place), part) if place.is_dir() else []

    def files(self, path: str) -> Iterator[str]:
        """The paths of all files below the directory at *path*, and of what else is no directory.

        Links to directories are followed as commands see them, but not to one in which they lie. Likewise.
        """
        return (one for one in self._everything(path) if not one.endswith("/"))

    def everything(self, path: str) -> Iterator[str]:
        """The paths of all plain files at or below *path*, and of empty directories, with a ``/`` at their end.
        Likewise."""
        found = self._everything(path)
        return (one for one in found if one.endswith("/") or self.real(one).is_file())

    def _everything(self, path: str) -> Iterator[str]:
        rest: list[tuple[str, tuple[Path, ...]]] = [(path, ())]
        for number in count(1):
            if not rest:
                return
            bound(number, path)
            here, above = rest.pop()
            place = self.real(here)
            if not place.is_dir():
                yield here
            elif place not in above:
                names = sorted(os.listdir(place), reverse=True)
                rest += [(f"{here}/{name}", (*above, place)) for name in names]
                if not names:
                    yield f"{here}/"

    def _place(self, path: PurePosixPath) -> Path:
        absolute = Path(path)
        return absolute if self.roots.has(absolute) else self.base / path.relative_to("/")
