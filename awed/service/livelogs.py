"""Logs of running commands: the last bytes of each stream of each run, in files of a fixed size."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from awed.model.errors import StaleAttempt
from awed.model.ids import job_of
from awed.model.records import Batch
from awed.model.states import WorkState
from awed.model.work import WorkRecord
from awed.service.observer import Observer
from awed.service.ring import HEAD, Head, Ring
from awed.tx.files import check_space, shortage_told
from awed.tx.locks import Condition, PerKey, unbroken
from awed.tx.threads import InThread


class Run(NamedTuple):
    """Identifies one run of a workunit."""

    wuid: str
    attempt: int


class LiveLogs(Observer):
    """The rings of all runs that are under way, in *folder*, each of *size* bytes. Only names and offsets are in
    memory. They leave *min_free* bytes of the disk. To use after :meth:`start`."""

    _log = Logger()

    def __init__(
        self, folder: Path, size: int, in_thread: InThread, reactor: IReactorTime, min_free: int = 0
    ) -> None:
        self._folder = folder
        self._size = size
        self._min_free = min_free
        self._in_thread = in_thread
        self._reactor = reactor
        self._rings: dict[str, dict[str, Ring]] = {}
        """The rings by workunit and stream; those of one workunit are all of one attempt."""
        self._of_jobs: dict[str, set[str]] = {}
        self._news: dict[str, Condition] = {}
        self._one = PerKey(1)

    async def start(self, is_out: Callable[[Run], bool]) -> None:
        """Keep the rings that an earlier daemon left of runs for which *is_out* is true, and remove the others."""
        self._is_out = is_out
        for ring in await self._in_thread(_found, self._folder, self._size):
            if is_out(Run(ring.head.wuid, ring.head.attempt)):
                self._hold(ring)
            else:
                await self._in_thread(_remove, [ring.path])

    async def append(self, run: Run, stream: str, offset: int, data: bytes) -> None:
        """Add *data* to a stream of a run.

        Raises :class:`StaleAttempt` if the run is over, :class:`~awed.model.errors.NoSpace`, and :class:`OSError`.
        """
        async with self._one.place(run.wuid):
            if not self._is_out(run):
                raise StaleAttempt(f"attempt {run.attempt} of workunit {run.wuid} is over")
            ring = self._rings.get(run.wuid, {}).get(stream)
            if ring is None or ring.head.attempt != run.attempt:
                ring = Ring(self._path(run, stream), Head(run.wuid, run.attempt, stream, self._size))
                self._hold(ring)
            try:
                await unbroken(self._in_thread(self._write, ring, offset, data))
            finally:
                self._notify([run.wuid])

    def _write(self, ring: Ring, offset: int, data: bytes) -> None:
        if ring.head.end < ring.head.size:  # its file is to grow
            check_space(self._folder, len(data), self._min_free)
        with shortage_told():
            ring.write(offset, data)

    def has(self, run: Run) -> bool:
        """Whether anything is kept of a run."""
        return any(ring.head.attempt == run.attempt for ring in self._rings.get(run.wuid, {}).values())

    async def read(self, run: Run, stream: str, offset: int, most: int) -> tuple[int, bytes, int]:
        """The offset where the bytes begin, up to *most* bytes of a stream from *offset* on, and the stream's end so
        far. Raises :class:`OSError`."""
        ring = self._rings.get(run.wuid, {}).get(stream)
        if ring is None or ring.head.attempt != run.attempt:
            return 0, b"", 0
        begin, data = await self._in_thread(ring.read, offset, most)
        return begin, data, ring.head.end

    async def news(self, wuid: str, seconds: float) -> None:
        """Wait until there is something new of a workunit, at most so many *seconds*."""
        news = self._news.setdefault(wuid, Condition())
        try:
            with suppress(TimeoutError):
                await news.wait().addTimeout(seconds, self._reactor)
        finally:
            if not news and self._news.get(wuid) is news:  # others may wait for another one by now
                del self._news[wuid]

    def close(self) -> None:
        """Wake all who wait, at the end of the daemon."""
        self._notify(list(self._news))

    def committed(self, batch: Batch, seconds: float) -> None:
        """Remove the files of runs that are over."""
        if self._rings:
            jobs = (wuid for job_id in batch.gone_jobs for wuid in self._of_jobs.get(job_id, ()))
            for wuid in {*batch.gone_work, *(report.wuid for report in batch.reports), *jobs}:
                self._drop(wuid)
            for record in batch.work:
                self._drop(record.wuid, unless=record)
        if self._news:
            changed = [*batch.gone_work, *(record.wuid for record in batch.work)]
            self._notify([wuid for wuid in changed if wuid in self._news])

    def _hold(self, ring: Ring) -> None:
        head = ring.head
        rings = self._rings.setdefault(head.wuid, {})
        rings[head.stream] = ring
        self._of_jobs.setdefault(job_of(head.wuid), set()).add(head.wuid)

    def _drop(self, wuid: str, unless: WorkRecord | None = None) -> None:
        """Forget and remove the rings of a workunit, *unless* this record says that their attempt is under way."""
        rings = self._rings.get(wuid)
        if rings is None:
            return
        is_under_way = unless is not None and (unless.client or unless.state is WorkState.CHECKOUT)
        if unless and is_under_way and all(ring.head.attempt >= unless.attempt for ring in rings.values()):
            return
        del self._rings[wuid]
        of_job = self._of_jobs[job_of(wuid)]
        of_job.discard(wuid)
        if not of_job:
            del self._of_jobs[job_of(wuid)]
        Deferred.fromCoroutine(self._removed(wuid, [ring.path for ring in rings.values()]))

    async def _removed(self, wuid: str, paths: list[Path]) -> None:
        try:
            async with self._one.place(wuid):  # append() may be writing
                await self._in_thread(_remove, paths)
        except OSError as error:
            self._log.warn("the log of a run that is over cannot be removed: {error}", error=error)

    def _notify(self, wuids: Iterable[str]) -> None:
        for wuid in wuids:
            if wuid in self._news:
                self._reactor.callLater(0, self._news[wuid].notify)

    def _path(self, run: Run, stream: str) -> Path:
        name = hashlib.sha256(f"{run.wuid} {run.attempt} {stream}".encode()).hexdigest()
        return self._folder / name


def _found(folder: Path, size: int) -> list[Ring]:
    """The rings in *folder*, which is made if need be. Other files, and rings of another size, are removed."""
    folder.mkdir(mode=0o700, exist_ok=True)
    rings = []
    for path in folder.iterdir():
        try:
            with path.open("rb") as file:
                head = msgspec.json.decode(file.read(HEAD).partition(b"\n")[0], type=Head)
            usable = head.size == size
        except msgspec.MsgspecError:
            usable = False
        if usable:
            rings.append(Ring(path, head))
        else:
            path.unlink()
    return rings


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
