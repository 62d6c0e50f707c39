"""Files that many workunits read; a worker downloads each of them once."""

import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from awed.tx.files import md5_of
from awed.tx.threads import InThread
from awed.worker.workdir import ARRIVING

LIMIT = 20 << 30
"""Bytes that the cache may hold; beyond this, the least recently used files are removed."""


class Cache:
    """Files by key, as ``<key>.<md5>``. Each run gets a copy of its own, which its command may change.

    A file is used only if its content has the md5 in its name. That is checked before the first use, and again when
    its status on disk has changed. *is_low* says whether disk is scarce once the given number of bytes is taken;
    *limit* is in bytes.
    """

    _log = Logger()

    def __init__(
        self, directory: Path, in_thread: InThread, is_low: Callable[[int], bool], limit: int = LIMIT
    ) -> None:
        self._directory = directory
        self._in_thread = in_thread
        self._is_low = is_low
        self._limit = limit
        self.size = 0
        """Bytes of all files."""
        self._locks: dict[str, DeferredLock] = {}
        self._intact: dict[Path, tuple[int, ...]] = {}
        self.evict()

    async def copy(self, key: str, path: Path, fetch: Callable[[Path], Awaitable[None]]) -> None:
        """Put a copy of the file *key* at *path*, which must not exist.

        If the cache lacks the file, *fetch* downloads it to *path*, and the cache takes a copy. Raises what *fetch*
        raises, and :class:`OSError`.
        """
        lock = self._locks.setdefault(key, DeferredLock())
        await lock.acquire()
        try:
            if not await self._in_thread(self._copied, key, path):
                await fetch(path)
                await self._in_thread(self._add, key, path)
        finally:
            lock.release()
            if not lock.locked:
                self._locks.pop(key, None)

    def _copied(self, key: str, path: Path) -> bool:
        """Copy the file *key* to *path*; False if it is not in the cache. Damaged files are removed."""
        for cached in self._directory.glob(f"{key}.*"):
            with suppress(FileNotFoundError), cached.open("rb", buffering=0) as file:
                if self._is_intact(cached, file):
                    copy(file, path)
                    os.utime(file.fileno())
                    self._intact[cached] = _seen(file)
                    return True
                self._log.warn("{path} is damaged, it is fetched anew", path=cached)
                cached.unlink()
        return False

    def _is_intact(self, cached: Path, file: BinaryIO) -> bool:
        return self._intact.get(cached) == _seen(file) or cached.name.endswith(f".{md5_of(cached)}")

    def _add(self, key: str, path: Path) -> None:
        """Keep a copy of *path*. It is synced before it gets its name, so a power cut leaves no half of a file."""
        arriving = self._directory / f"{uuid4().hex}{ARRIVING}"
        try:
            if self._is_low(size := path.stat().st_size):
                self.evict(size)
            with path.open("rb", buffering=0) as file:
                copy(file, arriving)
            with arriving.open("rb") as file:
                os.fsync(file.fileno())
            arriving.chmod(0o444)
            cached = self._directory / f"{key}.{md5_of(arriving)}"
            arriving.rename(cached)
            self.evict()
        except OSError as error:
            arriving.unlink(missing_ok=True)
            self._log.warn("{path} is not kept for others: {error}", path=path, error=error)

    def evict(self, wanted: int = 0) -> None:
        """Remove the least recently used files until the cache is within its limit and *wanted* bytes have room.

        Blocks: for a thread.
        """
        entries = [entry for entry in os.scandir(self._directory) if not entry.name.endswith(ARRIVING)]
        files = sorted(((entry.stat(), Path(entry)) for entry in entries), key=lambda file: file[0].st_mtime)
        self.size = sum(stat.st_size for stat, _ in files)
        for stat, path in files:
            if self.size <= self._limit and not self._is_low(wanted):
                return
            path.unlink(missing_ok=True)
            self._intact.pop(path, None)
            self.size -= stat.st_size


def copy(file: BinaryIO, path: Path) -> None:
    """Copy an unbuffered file to *path*, which must be new. Blocks: for a thread.

    Where the file system can, both share the disk until one of them is written to.
    """
    with path.open("xb", buffering=0) as target:
        with suppress(OSError):  # some file systems cannot; any other fault shows again below
            while os.copy_file_range(file.fileno(), target.fileno(), 1 << 30):
                pass
        shutil.copyfileobj(file, target, 1 << 20)


def _seen(file: BinaryIO) -> tuple[int, ...]:
    """The inode, size and times of *file*, which differ once it has been changed."""
    stat = os.fstat(file.fileno())
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
