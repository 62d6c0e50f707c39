"""Removes the directories of finished workunits."""

import os
import shutil
from collections.abc import Awaitable
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from awed.threads import InThread
from awed.worker.workdir import Workdir

KEPT_AT_MOST = 100
"""How many directories of failed workunits are kept, however young."""

SWEEP_PERIOD = 600.0

FEW = 5
SMALL = 1 << 20


class Janitor(Service):
    """Keeps the directories of failed workunits for *keep* seconds, and removes all others as they come."""

    _log = Logger()

    def __init__(self, workdir: Workdir, clock: IReactorTime, in_thread: InThread, keep: float) -> None:
        self._workdir = workdir
        self._clock = clock
        self._in_thread = in_thread
        self._keep = keep
        self._turn = DeferredLock()
        self._sweeps = LoopingCall(self._clean)
        self._sweeps.clock = clock

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._sweeps.start(SWEEP_PERIOD)

    def stopService(self) -> Awaitable[object]:
        super().stopService()  # type: ignore[no-untyped-call]
        self._sweeps.stop()
        return self._turn.run(lambda: None)

    def take(self, directory: Path, failed: bool) -> None:
        """The workunit that ran in *directory* is over."""
        try:
            if failed and self._keep:
                self._workdir.keep(directory)
            elif not _removed_at_once(directory):
                self._workdir.discard(directory)
                Deferred.fromCoroutine(self._clean())
        except OSError as error:  # the command may have removed it, or have taken our rights to it
            self._log.warn("cannot clear {path} away: {error}", path=directory, error=error)

    async def _clean(self) -> None:
        """One at a time, so that stopping can wait for it."""
        await self._turn.acquire()
        try:
            await self._in_thread(clean, self._workdir, self._clock.seconds() - self._keep)
        except OSError as error:
            self._log.warn("cannot clean up in {path}: {error}", path=self._workdir.root, error=error)
        finally:
            self._turn.release()


def clean(workdir: Workdir, oldest: float) -> None:
    """Empty the trash, and remove what failed before the moment *oldest*, or is too much. Blocks: for a thread."""
    for left in workdir.trash.iterdir():
        shutil.rmtree(left, ignore_errors=True)
    kept = sorted(((path.stat().st_mtime, path) for path in workdir.failed.iterdir()), reverse=True)
    for number, (moment, path) in enumerate(kept):
        if moment < oldest or number >= KEPT_AT_MOST:
            shutil.rmtree(path, ignore_errors=True)


def _removed_at_once(directory: Path) -> bool:
    """Remove a directory that holds next to nothing, which is quicker than in a thread. False: it holds more."""
    entries = list(os.scandir(directory))
    if len(entries) > FEW or not all(_is_small(entry) for entry in entries):
        return False
    for entry in entries:
        os.unlink(entry.path)
    os.rmdir(directory)
    return True


def _is_small(entry: "os.DirEntry[str]") -> bool:
    return entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_size < SMALL
