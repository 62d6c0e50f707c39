"""A file on its way from a host to the disk."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from awed.tx.files import Md5, write_all

Admit = Callable[[int, int], object]
"""Is told how many bytes a file has with those to be written now, and how many these are; raises to refuse them."""


class Arrival:
    """What has come of a file so far. Its methods block, and may be called from any thread.

    *etag* names the version that was begun, "" if the rest of it cannot be asked for.
    """

    def __init__(self, path: Path, admit: Admit | None = None) -> None:
        self.path = path
        self._admit = admit
        self.size = 0
        self.etag = ""
        self._md5 = Md5()
        self._file: BinaryIO | None = None
        self._lock = Lock()
        self._discarded = False

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def begin(self, at: int) -> None:
        """Bytes from offset *at* on are about to come: 0, or where the last try broke off."""
        with self._lock:
            if at == 0:
                self.size = 0
                self._md5 = Md5()
            self._file = self.path.open("ab" if at else "wb", buffering=0)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        with self._lock:
            if self._discarded or self._file is None:
                return
            if self._admit is not None:
                self._admit(self.size + len(data), len(data))
            self._md5.update(data)
            write_all(self._file, data)
            self.size += len(data)

    def finish(self) -> int:
        """No more comes for now; how many bytes there are."""
        with self._lock:
            self._close()
            return self.size

    def discard(self) -> None:
        """Give up: remove the file."""
        with self._lock:
            self._discarded = True
            self._close()
            self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
