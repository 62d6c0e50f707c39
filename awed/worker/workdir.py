"""The directory of a worker: its id, its lock, and all that it keeps on disk."""

import fcntl
import os
import stat
import time
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from twisted.logger import Logger

from awed.model.ids import is_uuid, new_id
from awed.worker.errors import WorkdirInUse

ARRIVING = ".part"
"""The end of the name of a file that is being copied into the cache."""

MIN_FREE = 64 << 20
"""Bytes of free disk below which a worker takes no work: it would fail here, and may succeed elsewhere."""

ROOM = 1 << 30
"""Bytes of disk to keep free for commands; a twentieth of the disk if that is less, but at least 2 * ``MIN_FREE``."""

UNUSED = 3600.0
"""Seconds after its last use from which on a container image may be removed."""

LONGEST = 200
"""Characters of a quoted id that a file name may hold. File systems allow 255, and more is appended."""


class Workdir:
    """The layout below one root::

    id                      the client id, always the same
    lock                    held by the worker that runs here; contains its process id
    work/<wuid>.<attempt>   the directory of a running workunit
    logs/...                stdout and stderr of running commands
    failed/...              directories of failed workunits, for people to look into
    trash/...               what is about to be removed
    reports.jsonl           reports that the server has not settled
    cache/<key>.<md5>       predata, and inputs that are to be cached
    images/<digest>.sif     container images of Apptainer
    images/<engine>/...     which images Docker or Podman has fetched for this worker
    """

    _log = Logger()

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.work = self.root / "work"
        self.logs = self.root / "logs"
        self.failed = self.root / "failed"
        self.trash = self.root / "trash"
        self.reports = self.root / "reports.jsonl"
        self.cache = self.root / "cache"
        self.images = self.root / "images"
        self.spare: list[Path] = []
        """Empty directories of workunits that are over, for others to use."""

    def open(self) -> None:
        """Make the directories, take the lock, and discard the running workunits of a worker that was killed.

        Raises :class:`WorkdirInUse` if a worker runs here, :class:`OSError` if nothing can be written here.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (self.work, self.logs, self.failed, self.trash, self.cache, self.images):
            directory.mkdir(exist_ok=True)
        self._lock = _locked(self.root / "lock")
        for left in (*self.work.iterdir(), *self.logs.iterdir(), *self.cache.glob(f"*{ARRIVING}")):
            try:
                self.discard(left)
            except OSError as error:
                self._log.warn("cannot put aside what an earlier worker left: {error}", error=error)

    def close(self) -> None:
        """Release the lock."""
        os.close(self._lock)

    def client_id(self) -> str:
        """The id under which this worker registers; made at its first start here. Raises :class:`OSError`."""
        file = self.root / "id"
        known = file.read_text().strip() if file.exists() else ""
        if not is_uuid(known):
            known = new_id()
            file.write_text(f"{known}\n")
        return known

    def available(self) -> int:
        """Free disk in bytes."""
        disk = os.statvfs(self.root)
        return disk.f_bavail * disk.f_frsize

    def is_low(self, wanted: int = 0) -> bool:
        """Whether less than the room for commands is free once *wanted* bytes are taken."""
        disk = os.statvfs(self.root)
        room = max(2 * MIN_FREE, min(ROOM, disk.f_blocks * disk.f_frsize // 20))
        return self.available() < wanted + room

    def evict_images(self, wanted: int = 0) -> None:
        """Remove container images, those that were used longest ago first, until *wanted* bytes have room. Some that
        were used lately may be about to be used again, and stay. Blocks: for a thread."""
        files = (path for path in self.images.iterdir() if path.is_file())
        used = sorted((time.time() - image.stat().st_mtime, image) for image in files)
        for age, image in reversed(used):
            if age < UNUSED or not self.is_low(wanted):
                return
            image.unlink()

    def make(self, wuid: str, attempt: int, *, fresh: bool = True) -> Path:
        """An empty directory for a run of a workunit; *fresh*: newly made, not one of :attr:`spare`."""
        directory = self.work / file_name(wuid, attempt)
        if os.path.lexists(directory):
            self.discard(directory)
        if self.spare and not fresh:
            self.spare.pop().rename(directory)
        else:
            directory.mkdir()
        return directory

    def put_by(self, directory: Path) -> bool:
        """Add *directory* to :attr:`spare` if it is empty and has its first mode; whether it was added. To make and
        remove a directory can take milliseconds."""
        if directory.lstat().st_mode != self.work.stat().st_mode or os.listdir(directory):
            return False
        self.spare.append(directory)
        return True

    def discard(self, directory: Path) -> None:
        """Move a directory into the trash, which the janitor empties."""
        open_up(directory)
        directory.rename(_unused(self.trash / directory.name))

    def keep(self, directory: Path) -> Path:
        """Move the directory of a failed workunit to where it is kept; its new path."""
        open_up(directory)
        kept = _unused(self.failed / directory.name)
        directory.rename(kept)
        os.utime(kept, follow_symlinks=False)
        return kept

    def kept(self) -> list[tuple[float, Path]]:
        """The directories of failed workunits, each with its age in seconds by the wall clock; oldest first."""
        now = time.time()
        return sorted(((now - path.lstat().st_mtime, path) for path in self.failed.iterdir()), reverse=True)


def file_name(wuid: str, attempt: int) -> str:
    """A file name for one run of a workunit, unique and valid whatever its id holds and however long the id is."""
    name = quote(wuid, safe="")
    if len(name) > LONGEST:
        name = f"{name[: LONGEST // 2]}.{sha256(wuid.encode()).hexdigest()}"
    return f"{name}.{attempt}"


def open_up(path: Path) -> bool:
    """Whether *path* is a directory, which is then writable for its owner even if a command has changed its mode."""
    mode = path.lstat().st_mode
    if not stat.S_ISDIR(mode):
        return False
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        path.chmod(stat.S_IRWXU)
    return True


def _unused(path: Path) -> Path:
    number, candidate = 0, path
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.name}.{number}")
    return candidate


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 100, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise WorkdirInUse(f"{path.parent} is in use by another worker, process {holder}") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
