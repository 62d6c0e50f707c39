"""A file with the reports that the server has not settled, so that they outlive the worker.

A report is settled when the server has taken it, or refused it for good.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from awed.worker.report import Finished, Key

LIMIT = 1 << 20
"""Bytes after which the file is rewritten with just the open reports; more if these alone need half of that."""


class _Line(Struct, omit_defaults=True):
    """A line of the file: a new report, or the keys of reports that are settled."""

    report: Finished | None = None
    settled: list[Key] = []


class Journal:
    """A file of JSON lines: one for each new report, and one for each group of reports that are settled together.

    It is not synced: it outlives the worker, not a crash of the machine, after which the workunits run again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._size = 0
        self._most = LIMIT
        self.reports: dict[Key, Finished] = {}
        """The reports that are not settled, oldest first."""

    def open(self) -> None:
        """Read the reports that an earlier run of this worker left. Lines that cannot be read are skipped.

        Raises :class:`OSError` if the file cannot be read or written.
        """
        with suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                with suppress(msgspec.DecodeError, UnicodeDecodeError):
                    self._replay(msgspec.json.decode(line, type=_Line))
        self._rewrite()

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def add(self, report: Finished) -> None:
        """Add a report. Raises :class:`OSError` if it cannot be written; it is among :attr:`reports` even then."""
        self.reports[report.key] = report
        self._write(_Line(report=report))

    def settle(self, reports: Iterable[Finished]) -> None:
        """Forget *reports*. Raises :class:`OSError` if that cannot be written: the next start finds them again."""
        line = _Line(settled=[report.key for report in reports])
        self._replay(line)
        if self._size > (self._most if self.reports else LIMIT):
            self._rewrite()
        else:
            self._write(line)

    def _replay(self, line: _Line) -> None:
        if line.report is not None:
            self.reports[line.report.key] = line.report
        for key in line.settled:
            self.reports.pop(key, None)

    def _rewrite(self) -> None:
        """Write the open reports to a new file, which replaces the old one when it is complete."""
        content = b"".join(_encoded(_Line(report=report)) for report in self.reports.values())
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_bytes(content)
        fresh.replace(self._path)
        self.close()
        self._file, self._size = os.open(self._path, os.O_WRONLY | os.O_APPEND), len(content)
        self._most = max(LIMIT, 2 * len(content))

    def _write(self, line: _Line) -> None:
        """Add a line, all of it or nothing."""
        content = _encoded(line)
        if os.write(self._file, content) < len(content):
            os.ftruncate(self._file, self._size)
            raise OSError(f"no room for {len(content)} bytes in {self._path}")
        self._size += len(content)


def _encoded(line: _Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"
