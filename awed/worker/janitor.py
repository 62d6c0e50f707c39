"""Removes the directories of finished workunits, and makes room on disk."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec
from uuid import uuid4

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from awed.tx.threads import InThread
from awed.worker.cache import Cache
from awed.worker.workdir import Workdir, open_up

KEPT_AT_MOST = 100
"""How many directories of failed workunits are kept, however recent they are."""

SWEEP_PERIOD = 600.0
"""Seconds between two removals of what was kept long enough, and of the trash."""

BATCH_PERIOD = 0.2
"""Seconds for which paths to remove are gathered. Removing one can take milliseconds on a busy disk, so a thread
removes them, many in one call."""


P = ParamSpec("P")


class Janitor(Service):
    """Keeps the directories of failed workunits for *keep* seconds while there is room, and removes all other
    directories and files that it is given."""

    _log = Logger()

    def __init__(self, workdir: Workdir, cache: Cache, clock: IReactorTime, in_thread: InThread, keep: float) -> None:
        self._workdir = workdir
        self._cache = cache
        self._clock = clock
        self._in_thread = in_thread
        self._keep = keep
        self._kept: deque[tuple[float, Path]] = deque()
        """Directories of failed workunits, each with its time in seconds by *clock*; oldest first."""
        self._doomed: list[Path] = []
        self._round: IDelayedCall | None = None
        self._turn = DeferredLock()
        self._sweeps = LoopingCall(self._sweep)
        self._sweeps.clock = clock

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        now = self._clock.seconds()
        self._kept.extend((now - max(0.0, age), path) for age, path in self._workdir.kept())
        self._sweeps.start(SWEEP_PERIOD)

    def stopService(self) -> Deferred[None]:
        super().stopService()  # type: ignore[no-untyped-call]
        self._sweeps.stop()
        if self._round:
            self._round.cancel()
        self._doomed += self._workdir.spare
        return self._clear()

    async def room(self, wanted: int = 0) -> int:
        """Bytes of disk that commands may use: the free ones, and those of the cache.

        If free disk is scarce, or would be once *wanted* bytes are taken, directories of failed workunits, then files
        of the cache, then container images are removed first, oldest first.
        """
        while self._workdir.is_low(wanted) and self._kept:
            await self._clean(remove, [self._kept.popleft()[1]])
        if self._workdir.is_low(wanted):
            await self._in_thread(self._cache.evict, wanted)
            await self._in_thread(self._workdir.evict_images, wanted)
        return self._workdir.available() + self._cache.size

    def take(self, directory: Path, failed: bool) -> None:
        """Keep, put by or remove the *directory* of a workunit that is over. *failed*: whether it failed."""
        try:
            if failed and self._keep and not self._workdir.is_low():
                self._kept.append((self._clock.seconds(), self._workdir.keep(directory)))
            elif not self._workdir.put_by(directory):
                self.remove(directory)
        except OSError as error:  # the command may have removed it
            self._log.warn("cannot tidy up {path}: {error}", path=directory, error=error)

    def remove(self, path: Path) -> None:
        """Remove a file or directory within ``BATCH_PERIOD``."""
        self._doomed.append(path)
        if self._round is None:
            self._round = self._clock.callLater(BATCH_PERIOD, self._clear)

    def _clear(self) -> Deferred[None]:
        self._round = None
        doomed, self._doomed = self._doomed, []
        return Deferred.fromCoroutine(self._clean(remove, doomed))

    async def _sweep(self) -> None:
        oldest, expired = self._clock.seconds() - self._keep, list[Path]()
        while self._kept and (self._kept[0][0] < oldest or len(self._kept) > KEPT_AT_MOST):
            expired.append(self._kept.popleft()[1])
        await self._clean(sweep, self._workdir.trash, expired)

    async def _clean(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call *function* in a thread, after the calls before it: :meth:`stopService` waits for all of them."""
        await self._turn.acquire()
        try:
            await self._in_thread(function, *args, **kwargs)
        except OSError as error:
            self._log.warn("cannot clean up in {path}: {error}", path=self._workdir.root, error=error)
        finally:
            self._turn.release()


def remove(paths: Iterable[Path]) -> None:
    """Remove files, and directories with all their content. Blocks: for a thread.

    Raises the first :class:`OSError` after everything else is removed.
    """
    errors: list[OSError] = []
    for path in paths:
        _remove(path, errors)
    if errors:
        raise errors[0]


def sweep(trash: Path, expired: Iterable[Path]) -> None:
    """Empty the directory *trash*, and remove the paths *expired*. Blocks: for a thread. Raises :class:`OSError`."""
    remove([*trash.iterdir(), *expired])


def _remove(path: Path, errors: list[OSError]) -> None:
    """Remove *path*, and gather what goes wrong in *errors*.

    Each directory below is moved next to *path* before it is emptied, so that no path is too long for the system.
    """
    rest = [path]
    while rest:
        place = rest.pop()
        with _noted(errors):
            if not open_up(place):
                place.unlink()
                continue
            for entry in os.scandir(place):
                with _noted(errors):
                    if entry.is_dir(follow_symlinks=False):
                        open_up(Path(entry))
                        rest.append(Path(entry).rename(path.with_name(uuid4().hex)))
                    else:
                        os.unlink(entry)
            place.rmdir()


@contextmanager
def _noted(errors: list[OSError]) -> Iterator[None]:
    """Context in which an :class:`OSError` is added to *errors* and not raised; a missing file is none."""
    try:
        yield
    except FileNotFoundError:  # a process of the command has removed it
        pass
    except OSError as error:
        errors.append(error)
