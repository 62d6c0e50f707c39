"""The images that a worker keeps: those that nobody has used for long make room for others."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from twisted.logger import Logger

from awed.worker.containers.program import Program
from awed.worker.errors import WorkFailed
from awed.worker.workdir import UNUSED

SPACE = 50 << 30
"""Bytes that images may take where nobody says it."""


class Kept(NamedTuple):
    """A file in a directory for an image, whose time is that of the last use. *size*: bytes of the image."""

    path: Path
    size: int

    @property
    def unused(self) -> float:
        """Seconds since the last use, by the wall clock."""
        return time.time() - self.path.stat().st_mtime


def evict(kept: list[Kept], limit: int, remove: Callable[[Path], bool]) -> None:
    """Remove images until those that are left have *limit* bytes together: first the one that was used longest ago.

    Some that were used lately may be about to be used again, and stay. *remove* says whether one is gone. Blocks: for
    a thread.
    """
    size = sum(one.size for one in kept)
    for one in sorted(kept, key=lambda one: one.unused, reverse=True):
        if size <= limit or one.unused < UNUSED:
            return
        if remove(one.path):
            size -= one.size


def files_of(directory: Path) -> Iterator[Kept]:
    """The images that are files of *directory*. Blocks: for a thread."""
    return (Kept(path, path.stat().st_size) for path in directory.iterdir() if path.is_file())


class Fetched:
    """The images that Docker or Podman has fetched for this worker, which share *limit* bytes. *directory* has a file
    for each, with its size and its name, so that no other image is ever removed. All methods block: for threads."""

    _log = Logger()

    def __init__(self, program: Program, directory: Path, limit: int) -> None:
        self._program = program
        self._directory = directory
        self._limit = limit

    def used(self, image: str) -> None:
        """Note that *image* is in use."""
        with suppress(FileNotFoundError):  # it was here before, or was fetched by others
            os.utime(self._file_of(image))

    def add(self, image: str) -> None:
        """Note that *image* was fetched, and remove others if they take too much."""
        try:
            size = int(self._program.call("image", "inspect", "--format", "{{.Size}}", image))
            self._directory.mkdir(parents=True, exist_ok=True)
            self._file_of(image).write_text(f"{size} {image}")
            evict([Kept(file, int(_said(file)[0])) for file in self._directory.iterdir()], self._limit, self._remove)
        except (OSError, ValueError, WorkFailed) as error:
            self._log.warn("no images are removed: {error}", error=error)

    def _remove(self, file: Path) -> bool:
        """The engine refuses that for an image of which there is a container, whoever has made it."""
        image = _said(file)[1]
        try:
            self._program.call("image", "rm", image)
            self._log.info("the image {image} was removed, as it was not used for long", image=image)
        except WorkFailed as failure:
            if self._program.has(image):
                self._log.warn("{failure}", failure=failure)
                return False
        file.unlink(missing_ok=True)
        return True

    def _file_of(self, image: str) -> Path:
        return self._directory / sha256(image.encode()).hexdigest()


def _said(file: Path) -> tuple[str, str]:
    size, _, image = file.read_text().partition(" ")
    return size, image
