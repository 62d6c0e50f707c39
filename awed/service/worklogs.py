"""Reads the logs of workunits: what a command has written so far, or what was reported."""

from msgspec import Struct

from awed.model.errors import StaleAttempt
from awed.model.ids import WorkId, parse_work_id
from awed.model.states import WorkState
from awed.model.work import Cut, WorkReport
from awed.service.livelogs import Run
from awed.service.shell import Shell
from awed.wire.reports import LogPiece

MOST = 1 << 20
"""The most bytes that are read at once."""


class LogPart(Struct, frozen=True):
    """A part of a log. *data* begins at *offset*, and the log has *end* bytes so far, both as the command wrote them.
    *attempt*: of which run, 0 if there was none. *complete*: whether nothing more will be added to the log."""

    attempt: int
    offset: int
    data: bytes
    end: int
    complete: bool


class WorkLogs:
    """Reads logs while they are written and afterwards, and takes what workers send."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._live = shell.live_logs

    async def append(self, client: str, piece: LogPiece) -> None:
        """Add what a running command has written. Raises :class:`~awed.model.errors.StaleAttempt` if *client* does
        not have this attempt of the workunit."""
        work = parse_work_id(piece.wuid)
        if self._shell.scheduler.work.holder(work) != client:
            raise StaleAttempt(f"workunit {piece.wuid} is not checked out by client {client}")
        # By the one way to write its id, by which the rings of a run are removed.
        await self._live.append(Run(str(work), piece.attempt), piece.stream, piece.offset, piece.data)

    async def read(
        self, work: WorkId, stream: str, offset: int, *, attempt: int = 0, most: int = MOST, wait: float = 0
    ) -> LogPart:
        """Up to *most* bytes from *offset* on, which counts from the end if it is below 0. *attempt*: of which run,
        0: the last one. *wait*: seconds to wait if there is nothing yet. The workunit must exist."""
        until = self._shell.reactor.seconds() + wait
        while True:
            part = await self._read(work, stream, offset, attempt, most)
            left = until - self._shell.reactor.seconds()
            if part.data or part.complete or left <= 0 or self._shell.feed.closed:
                return part
            if part.offset == part.end:  # else there is more by now than when it was read
                await self._live.news(str(work), left)

    async def _read(self, work: WorkId, stream: str, offset: int, attempt: int, most: int) -> LogPart:
        scheduler, wuid = self._shell.scheduler.work, str(work)
        record = scheduler.run(work)
        last = record.attempt if record is not None else 0
        is_out = record is not None and record.state is WorkState.CHECKOUT
        if attempt in (0, last) and (is_out or self._live.has(Run(wuid, last))):
            begin, data, end = await self._live.read(Run(wuid, last), stream, offset, most)
            return LogPart(last, begin, data, end, complete=False)
        if scheduler.is_unfinished(work) and (not last or attempt > last):
            return LogPart(attempt, 0, b"", 0, complete=False)
        return await self._reported(work, stream, offset, attempt or last, most)

    async def _reported(self, work: WorkId, stream: str, offset: int, attempt: int, most: int) -> LogPart:
        """A part of the reported log of a run. Only the log of the last run is kept."""
        await self._shell.committer.durable()
        report = await self._shell.store.one(WorkReport, job=work.job_id, task=work.task_id, rank=work.rank)
        if report is None or (attempt and report.attempt and report.attempt != attempt):
            return LogPart(attempt, 0, b"", 0, complete=True)
        begin, data, end = part_of(report.written(stream), report.cuts.get(stream), offset)
        return LogPart(report.attempt, begin, data[:most], end, complete=True)


def part_of(data: bytes, cut: Cut | None, offset: int) -> tuple[int, bytes, int]:
    """The offset where the bytes begin, the bytes of the log *data* from *offset* on up to a gap, and the size of the
    whole log. *offset* counts from the end if it is below 0. *cut*: where the log was shortened."""
    if offset < 0:
        offset = max(0, offset + (len(data) if cut is None else cut.size))
    if cut is None:
        begin = min(offset, len(data))
        return begin, data[begin:], len(data)
    if offset < cut.head:
        return offset, data[offset : cut.head], cut.size
    tail = data[cut.head + cut.line :]
    begin = min(max(offset, cut.size - len(tail)), cut.size)
    return begin, tail[len(tail) - (cut.size - begin) :], cut.size
