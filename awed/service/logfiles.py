"""Journals: what happened, one line of JSON each, in files that are rotated."""

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


class Journal:
    """Appends records to the file *path*, many at a time: those that came since the last :meth:`flush`.

    Whoever writes does not wait; lines that a full disk loses are logged.
    """

    _log = Logger()

    def __init__(self, path: Path, in_thread: InThread) -> None:
        self._path = path
        self._in_thread = in_thread
        self._file: LogFile | None = None
        self._waiting: list[Struct] = []

    def write(self, records: Iterable[Struct]) -> None:
        self._waiting.extend(records)

    async def flush(self) -> None:
        """Put what came into the file. Not to be called while an earlier call is under way."""
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
        """Write what is left."""
        await self.flush()
        if self._file is not None:
            await self._in_thread(self._file.close)


class EventJournal(Observer):
    """Writes down every event."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def committed(self, batch: Batch, seconds: float) -> None:
        self._journal.write(event_lines(batch.events))


class EventLine(Struct, omit_defaults=True):
    """An event as it stands in the journal: when, the original's code and words, what it is about, and details."""

    time: datetime
    code: str
    event: str
    ids: dict[str, str]
    text: str = ""


def event_lines(events: Iterable[Event]) -> Iterable[EventLine]:
    for event in events:
        yield EventLine(event.time, event.code, WORDS[event.code], event.ids, event.text)
