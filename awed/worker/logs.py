"""The files that take a command's output."""

import os
from contextlib import suppress
from pathlib import Path

STDOUT_NAME = "awe_stdout.txt"
STDERR_NAME = "awe_stderr.txt"
"""Where they lie in the work directory once the command has ended. A document may declare them as outputs."""

LIMIT = 1 << 20
"""How many bytes of each are reported: the last ones."""


class Logs:
    """stdout and stderr of one command. Read from the descriptors: the command may do with the names what it will."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.stdout = _created(_hidden(directory, STDOUT_NAME))
        self.stderr = _created(_hidden(directory, STDERR_NAME))

    def read(self) -> tuple[bytes, bytes]:
        """The end of both."""
        return tail(self.stdout), tail(self.stderr)

    def publish(self) -> None:
        """Give them their names. Not before: until then an input may have the name, an output of an earlier task."""
        for name in (STDOUT_NAME, STDERR_NAME):
            with suppress(OSError):  # the command has removed them
                os.replace(_hidden(self._directory, name), self._directory / name)

    def close(self) -> None:
        """No more of them is read. What still has its hidden name is removed, unless that would take long."""
        for file, name in ((self.stdout, STDOUT_NAME), (self.stderr, STDERR_NAME)):
            small = os.fstat(file).st_size <= LIMIT
            os.close(file)
            if small:
                with suppress(OSError):
                    os.unlink(_hidden(self._directory, name))


def tail(descriptor: int, limit: int = LIMIT) -> bytes:
    """What was written to the open file; of a long one the last *limit* bytes, and a line that says so.

    On the reactor: it was written a moment ago, so it is in memory, and a thread would cost more.
    """
    size = os.fstat(descriptor).st_size
    if size <= limit:
        return os.pread(descriptor, size, 0) if size else b""
    return b"[the last %d of %d bytes]\n" % (limit, size) + os.pread(descriptor, limit, size - limit)


def _hidden(directory: Path, name: str) -> str:
    return f"{directory}/.{name}"


def _created(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
