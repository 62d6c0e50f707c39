"""The absolute paths of a TES task: folders of a directory of its run, which its commands see at the root."""

import glob
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots, opened

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

    def make(self, path: str) -> Path:
        """:meth:`real`, of which the parent is made."""
        place = self.real(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def make_directory(self, path: str) -> None:
        """Have a directory at *path*. Raises :class:`WorkFailed`, :class:`OSError`."""
        self.real(path).mkdir(parents=True, exist_ok=True)

    @contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """The descriptor of the plain file at *path*, to read. Raises :class:`WorkFailed`, :class:`OSError`."""
        place = self.real(path)
        with opened(place) as descriptor:
            self._require(descriptor, place)
            yield descriptor

    @contextmanager
    def written(self, path: str) -> Iterator[BinaryIO]:
        """The file at *path*, emptied, to write. Likewise."""
        place = self.make(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(place, flags, 0o644), "wb") as file:
            self._require(file.fileno(), place)
            file.truncate()
            yield file

    def _require(self, descriptor: int, place: Path) -> None:
        """Others may change what is below a root meanwhile."""
        if self.roots.has(place):
            self.roots.require(descriptor, place)

    def matching(self, pattern: str) -> list[str]:
        """The paths of the task that match *pattern*, in alphabetical order."""
        is_shared = self.roots.has(Path(os.path.normpath(pattern)))
        base = "/" if is_shared else str(self.base)
        return sorted(f"/{found}" for found in glob.glob(pattern[1:], root_dir=base))

    def files(self, path: str) -> Iterator[str]:
        """The paths of all files below the directory at *path*, those that are symbolic links too."""
        top = self.real(path)
        for found, _, names in os.walk(top):
            yield from (str(PurePosixPath(path, Path(found).relative_to(top), name)) for name in sorted(names))

    def everything(self, path: str) -> Iterator[str]:
        """The paths of all plain files at or below *path*, and of empty directories, with a ``/`` at their end.

        Symbolic links are followed, but not to what they lie in. Raises :class:`WorkFailed`, :class:`OSError`.
        """
        yield from self._everything(path, ())

    def _everything(self, path: str, above: tuple[Path, ...]) -> Iterator[str]:
        place = self.real(path)
        if place.is_file():
            yield path
        elif place.is_dir() and place not in above:
            names = sorted(os.listdir(place))
            for name in names:
                yield from self._everything(f"{path}/{name}", (*above, place))
            if not names:
                yield f"{path}/"

    def _place(self, path: PurePosixPath) -> Path:
        absolute = Path(path)
        return absolute if self.roots.has(absolute) else self.base / path.relative_to("/")
