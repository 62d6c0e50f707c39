"""The files for the stdout and stderr of commands."""

import fcntl
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from awed.model.work import Cut
from awed.wire.reports import Stream

STDOUT_NAME = "awe_stdout.txt"
STDERR_NAME = "awe_stderr.txt"
"""Their names in the work directory once the command has ended. A document may declare them as outputs."""

LIMIT = 1 << 20
"""How many bytes of each stream are reported to a server that does not say how many it keeps."""

_LINE = 80
"""Bytes of the line in a log that says what is left out."""

_REUSED = 1 << 20
"""Bytes up to which a file is reused."""


class Log:
    """A file for stdout or stderr, used for one command after another. Each command opens it by its *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._moved = False
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return os.fstat(self._file).st_size

    def read(self, limit: int) -> tuple[bytes, Cut | None]:
        """What was written; of more than *limit* bytes the first and the last, and a line between them that says so.

        For the reactor's thread: the file was just written, so it is in memory, and a thread would cost more.
        """
        size = self.size
        if size <= limit:
            return self.piece(0, size) if size else b"", None
        head = limit // 4
        tail = limit - head - _LINE
        line = (b"\n[%d of %d bytes are left out here]" % (size - head - tail, size)).ljust(_LINE - 1) + b"\n"
        return self.piece(0, head) + line + self.piece(size - tail, tail), Cut(size, head, _LINE)

    def piece(self, offset: int, length: int) -> bytes:
        """So many bytes of it, or fewer at the end."""
        return os.pread(self._file, length, offset)

    def move(self, path: Path) -> None:
        """Move the file to *path*; no further command uses it. Raises :class:`OSError`."""
        os.replace(self.path, path)
        self._moved = True

    def clear(self) -> bool:
        """Make the file empty for the next command. False if it was moved, is large, or is open in a process."""
        size = os.fstat(self._file).st_size
        if self._moved or size > _REUSED or not self._is_ours_alone():
            return False
        if size:
            os.ftruncate(self._file, 0)
        return True

    def close(self) -> None:
        os.close(self._file)

    def _is_ours_alone(self) -> bool:
        """Whether no other process has the file open; False also where the file system has no leases.

        A write lease is granted only to the sole process that has a file open.
        """
        try:
            fcntl.fcntl(self._file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            return False
        fcntl.fcntl(self._file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return True


class LogFiles:
    """The files for the output of commands, in one *directory*. They are reused: making and removing files costs
    more.

    *remove* is called with the path of a file that cannot be reused. *limit*: how many bytes of each are reported.
    """

    limit = LIMIT

    def __init__(self, directory: Path, remove: Callable[[Path], None]) -> None:
        self._directory = directory
        self._remove = remove
        self._names = count(1)
        self._free: list[Log] = []

    def take(self) -> Log:
        """An empty file for one stream of a command. Raises :class:`OSError`."""
        return self._free.pop() if self._free else Log(self._directory / str(next(self._names)))

    def give_back(self, log: Log) -> None:
        """Reuse or remove *log*, which is no longer read."""
        if log.clear():
            self._free.append(log)
        else:
            log.close()
            self._remove(log.path)

    def close(self) -> None:
        """Close the files that are free; to call when no command runs."""
        for log in self._free:
            log.close()


class Said(NamedTuple):
    """What a command said, and how that was shortened where it was too long."""

    stdout: bytes = b""
    stderr: bytes = b""
    cuts: Mapping[str, Cut] = {}


class Outputs:
    """Where a command writes to."""

    def __init__(self, stdout: Log, stderr: Log) -> None:
        self.stdout = stdout
        self.stderr = stderr


class Logs(Outputs):
    """The files for stdout and stderr of one command. Raises :class:`OSError` if one cannot be made."""

    def __init__(self, files: LogFiles) -> None:
        self._files = files
        super().__init__(files.take(), files.take())
        self.sent: dict[Stream, int] = {}
        """How much of each the server has had while commands run, one after another."""

    @property
    def paths(self) -> tuple[Path, Path]:
        """The paths of stdout and stderr, until :meth:`publish`."""
        return self.stdout.path, self.stderr.path

    @property
    def streams(self) -> Mapping[Stream, Log]:
        """Both, by name."""
        return {"stdout": self.stdout, "stderr": self.stderr}

    def read(self) -> "Said":
        """What is reported of both."""
        limit = self._files.limit
        read = {name: log.read(limit) for name, log in self.streams.items()}
        cuts: dict[str, Cut] = {name: cut for name, (_, cut) in read.items() if cut is not None}
        return Said(read["stdout"][0], read["stderr"][0], cuts)

    def publish(self, directory: Path) -> None:
        """Move the files into the command's *directory*. Not before its end, as an input may have the same name: the
        output of an earlier task."""
        for log, name in ((self.stdout, STDOUT_NAME), (self.stderr, STDERR_NAME)):
            with suppress(OSError):  # the command may have removed its directory
                log.move(directory / name)

    def close(self) -> None:
        self._files.give_back(self.stdout)
        self._files.give_back(self.stderr)
