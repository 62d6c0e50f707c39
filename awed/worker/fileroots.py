"""Files at ``file`` URLs, which must lie below the roots that the command line allows.

Others may change what is below a root at any time. So it is what was opened that is checked, not just its path.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from urllib.parse import unquote_to_bytes, urlsplit
from uuid import uuid4

from awed.worker import copying
from awed.worker.copying import check
from awed.worker.errors import WorkFailed

NEVER = Event()
"""Is not set."""


class FileRoots:
    """The directories that tasks may read and write. *paths* are absolute."""

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self.paths = tuple(Path(os.path.normpath(path)) for path in paths)
        self._real = tuple(Path(os.path.realpath(path)) for path in paths)

    def has(self, path: Path) -> bool:
        """Whether *path*, which has no ``..``, lies below a root, by its name alone."""
        return any(path.is_relative_to(root) for root in self.paths)

    def path_of(self, url: str) -> Path:
        """The path that *url* names: ``file:///path``, or the path itself. Raises :class:`WorkFailed`."""
        path = _path(url)
        if not self.has(path) or not self._holds(os.path.realpath(path)):
            roots = ", ".join(map(str, self.paths)) or "there is none"
            raise WorkFailed(f"{url} is not below a --file-root of this worker ({roots})")
        return path

    def require(self, descriptor: int, path: Path) -> None:
        """Raises :class:`WorkFailed` if what was opened at *path* is not below a root."""
        if not self._holds(os.readlink(f"/proc/self/fd/{descriptor}")):
            raise WorkFailed(f"{path} leads out of the --file-root")

    def _holds(self, real: str) -> bool:
        return any(Path(real).is_relative_to(root) for root in self._real)

    def copy_file(self, source: Path, target: Path, stop: Event = NEVER) -> None:
        """Copy the plain file *source* below a root to *target*. Blocks: for a thread. Raises :class:`WorkFailed`,
        :class:`OSError`, and :class:`~awed.worker.copying.Stopped` once *stop* is set."""
        with opened(source) as descriptor:
            self.require(descriptor, source)
            _copy(descriptor, target, stop)

    def copy_directory(self, source: Path, target: Path, stop: Event = NEVER) -> None:
        """Copy all that is below the directory *source*, symbolic links as they are. Likewise."""
        top = os.open(source, os.O_DIRECTORY)
        try:
            for found, directories, files, descriptor in os.fwalk(".", onerror=_raise, dir_fd=top):
                check(stop)
                self.require(descriptor, source / found)
                (target / found).mkdir(parents=True, exist_ok=True)
                links = {name for name in (*directories, *files) if _is_link(name, descriptor)}
                for name in links:
                    os.symlink(os.readlink(name, dir_fd=descriptor), target / found / name)
                # Where a link was copied nothing is put below it, even if it is a directory by now.
                directories[:] = [name for name in directories if name not in links]
                for name in files:
                    if name not in links:
                        with opened(Path(name), descriptor) as file:
                            _copy(file, target / found / name, stop)
        finally:
            os.close(top)

    @contextmanager
    def directory(self, path: Path) -> Iterator[int]:
        """The descriptor of the directory *path* below a root, which is made. Likewise.

        Each directory on the way is looked at before anything is made in it.
        """
        root = next((root for root in self.paths if path.is_relative_to(root)), None)
        if root is None:
            raise WorkFailed(f"{path} is not below a --file-root")
        here = os.open(root, os.O_DIRECTORY)
        try:
            for name in path.relative_to(root).parts:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=here)
                below = os.open(name, os.O_DIRECTORY, dir_fd=here)
                os.close(here)
                here = below
                self.require(here, path)
            yield here
        finally:
            os.close(here)

    def deliver(self, source: Path, target: Path, stop: Event = NEVER) -> None:
        """Put a copy of the plain file *source* to *target*, below a root, once it is complete. Likewise."""
        arriving = f".{uuid4().hex}.part"  # for others may bring the same file at the same time
        with self.directory(target.parent) as directory, opened(source) as descriptor:
            if _is_at(descriptor, target.name, directory):
                return  # it is there already
            try:
                _copy(descriptor, Path(arriving), stop, directory)
                os.rename(arriving, target.name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(arriving, dir_fd=directory)
                raise


def _raise(error: OSError) -> None:
    raise error


def _is_link(name: str, directory: int) -> bool:
    return stat.S_ISLNK(os.lstat(name, dir_fd=directory).st_mode)


def _path(url: str) -> Path:
    if url.startswith("/"):
        path = url
    else:
        parts = urlsplit(url)
        if parts.scheme.lower() != "file" or parts.netloc not in ("", "localhost"):
            raise WorkFailed(f"this worker has no way to {parts.scheme or 'such'} URLs")
        path = os.fsdecode(unquote_to_bytes(parts.path))
    if not path.startswith("/") or "\0" in path:
        raise WorkFailed(f"{url} is not the URL of a file")
    return Path(os.path.normpath(path))


@contextmanager
def opened(path: Path, directory: int | None = None) -> Iterator[int]:
    """The descriptor of a plain file, to read. Raises :class:`WorkFailed` for anything else, and :class:`OSError`.

    ``O_NONBLOCK``, because to open a FIFO could take for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=directory)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise WorkFailed(f"{path} is not a plain file")
        yield descriptor
    finally:
        os.close(descriptor)


def _copy(descriptor: int, target: Path, stop: Event, directory: int | None = None) -> None:
    """As much as there is now: others may go on to write."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o777 | stat.S_IWUSR
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(target, flags, mode, dir_fd=directory), "wb") as copy:
        os.fchmod(copy.fileno(), mode)
        with open(descriptor, "rb", closefd=False) as file:
            copying.copy(file, copy, stop, os.fstat(descriptor).st_size)


def _is_at(descriptor: int, name: str, directory: int) -> bool:
    try:
        there = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)
