"""Files that many workunits read, fetched once for each worker."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from twisted.internet.defer import DeferredLock

from awed.tx.threads import InThread
from awed.worker.workdir import ARRIVING

LIMIT = 20 << 30
"""Bytes that the cache may hold; what was not used for longest goes first."""


class Cache:
    """Immutable files by key, hard-linked into work directories, so that what is evicted stays where it is in use."""

    def __init__(self, directory: Path, in_thread: InThread, limit: int = LIMIT) -> None:
        self._directory = directory
        self._in_thread = in_thread
        self._limit = limit
        self._locks: dict[str, DeferredLock] = {}

    async def link(self, key: str, path: Path, fetch: Callable[[Path], Awaitable[None]]) -> None:
        """Put the file *key* at *path*; *fetch* writes it to the path it is given, if it is not here yet."""
        lock = self._locks.setdefault(key, DeferredLock())
        await lock.acquire()
        try:
            cached = self._directory / key
            if not cached.exists():
                await self._add(cached, fetch)
            os.utime(cached)
            os.link(cached, path)
        finally:
            lock.release()
            if not lock.locked:
                self._locks.pop(key, None)

    async def _add(self, cached: Path, fetch: Callable[[Path], Awaitable[None]]) -> None:
        arriving = cached.with_name(cached.name + ARRIVING)
        await fetch(arriving)
        arriving.chmod(0o444)  # shared: a command that wrote into it would change it for all
        arriving.rename(cached)
        await self._in_thread(evict, self._directory, self._limit, cached)


def evict(directory: Path, limit: int, newest: Path) -> None:
    """Remove what was used longest ago until no more than *limit* bytes are left; *newest* stays. Blocks."""
    files = [(entry.stat(), Path(entry.path)) for entry in os.scandir(directory) if not entry.name.endswith(ARRIVING)]
    total = sum(stat.st_size for stat, _ in files)
    for stat, path in sorted(files, key=lambda file: file[0].st_mtime):
        if total > limit and path != newest:
            path.unlink(missing_ok=True)
            total -= stat.st_size
