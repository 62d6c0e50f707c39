"""The event log and the access log: files with a line of JSON for each record, which are rotated."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from twisted.logger import Logger
from twisted.python.logfile import LogFile

from awed.model.events import WORDS, Event
from awed.model.records import Batch
from awed.service.observer import Observer
from awed.tx.threads import InThread

FILE_SIZE = 10 * 1024 * 1024
"""Bytes after which a file is rotated."""

FILES_KEPT = 10
"""Rotated files that are kept."""


class Journal:
    """Appends records to the file *path*. They are written at each :meth:`flush`, many at a time.

    Records that cannot be written, because the disk is full, are lost, which is logged.
    """

    _log = Logger()

    def __init__(self, path: Path, in_thread: InThread) -> None:
        self._path = path
        self._in_thread = in_thread
        self._file: LogFile | None = None
        self._waiting: list[Struct] = []

    def write(self, records: Iterable[Struct]) -> None:
        """Note records for the next :meth:`flush`. Does not block."""
        self._waiting.extend(records)

    async def flush(self) -> None:
        """Write the noted records to the file. Must not be called while an earlier call is under way."""
        records, self._waiting = self._waiting, []
        if not records:
            return
        try:
            await self._in_thread(self._append, records)
        except OSError as error:
            self._log.error("{path}: lines are lost: {error}", path=self._path, error=error)

    def _append(self, records: list[Struct]) -> None:
        if self._file is None:
            self._file = LogFile(
                self._path.name,
                str(self._path.parent),
                rotateLength=FILE_SIZE,
                maxRotatedFiles=FILES_KEPT,
                defaultMode=0o640,
            )
        self._file.write(msgspec.json.Encoder().encode_lines(records).decode())

    async def close(self) -> None:
        """Write the noted records and close the file."""
        await self.flush()
        if self._file is not None:
            await self._in_thread(self._file.close)


class EventJournal(Observer):
    """Writes all events to the event log."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def committed(self, batch: Batch, seconds: float) -> None:
        self._journal.write(event_lines(batch.events))


class EventLine(Struct, omit_defaults=True):
    """A line of the event log. *code*: the original's code; *event*: its meaning; *ids*: what the event is about."""

    time: datetime
    code: str
    event: str
    ids: dict[str, str]
    text: str = ""


def event_lines(events: Iterable[Event]) -> Iterable[EventLine]:
    """The lines of *events* in the event log."""
    for event in events:
        yield EventLine(event.time, event.code, WORDS[event.code], event.ids, event.text)
