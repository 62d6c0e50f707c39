"""The files that take what commands say."""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

STDOUT_NAME = "awe_stdout.txt"
STDERR_NAME = "awe_stderr.txt"
"""Where they lie in the work directory once the command has ended. A document may declare them as outputs."""

LIMIT = 1 << 20
"""How many bytes of each are reported: the last ones."""


class Log:
    """A file that takes one stream of one command after another. Each opens it anew, by its *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._moved = False
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)

    def read(self) -> bytes:
        """What was written; if that is long the last bytes, and a line that says so.

        On the reactor: it was written a moment ago, so it is in memory, and a thread would cost more.
        """
        size = os.fstat(self._file).st_size
        if size <= LIMIT:
            return os.pread(self._file, size, 0) if size else b""
        return b"[the last %d of %d bytes]\n" % (LIMIT, size) + os.pread(self._file, LIMIT, size - LIMIT)

    def move(self, path: Path) -> None:
        """Give it away. Raises :class:`OSError` if that is not possible."""
        os.replace(self.path, path)
        self._moved = True

    def clear(self) -> bool:
        """Make it empty for the next command. False if it is gone, or large, or open in a process that ran away."""
        size = os.fstat(self._file).st_size
        if self._moved or size > LIMIT or not self._is_ours_alone():
            return False
        if size:
            os.ftruncate(self._file, 0)
        return True

    def close(self) -> None:
        os.close(self._file)

    def _is_ours_alone(self) -> bool:
        """A lease is granted while nobody else has the file open, and where the file system knows of leases."""
        try:
            fcntl.fcntl(self._file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            return False
        fcntl.fcntl(self._file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return True


class LogFiles:
    """The logs of a worker's commands, in one *directory*, used again: to make and remove files costs far more.

    *remove* takes away those that cannot be used again.
    """

    def __init__(self, directory: Path, remove: Callable[[Path], None]) -> None:
        self._directory = directory
        self._remove = remove
        self._names = count(1)
        self._free: list[Log] = []

    def take(self) -> Log:
        """An empty one."""
        return self._free.pop() if self._free else Log(self._directory / str(next(self._names)))

    def give_back(self, log: Log) -> None:
        """Nobody reads it any more."""
        if log.clear():
            self._free.append(log)
        else:
            log.close()
            self._remove(log.path)

    def close(self) -> None:
        """No command runs any more."""
        for log in self._free:
            log.close()


class Logs:
    """stdout and stderr of one command."""

    def __init__(self, files: LogFiles) -> None:
        self._files = files
        self.stdout = files.take()
        self.stderr = files.take()

    def read(self) -> tuple[bytes, bytes]:
        """The end of both."""
        return self.stdout.read(), self.stderr.read()

    def publish(self, directory: Path) -> None:
        """Move them into the command's *directory*. Not before its end: until then an input may have the name, an
        output of an earlier task."""
        for log, name in ((self.stdout, STDOUT_NAME), (self.stderr, STDERR_NAME)):
            with suppress(OSError):  # the command has removed its directory
                log.move(directory / name)

    def close(self) -> None:
        self._files.give_back(self.stdout)
        self._files.give_back(self.stderr)
