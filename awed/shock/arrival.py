"""A download that can be continued after it broke off."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from awed.tx.files import Md5, write_all

Admit = Callable[[int, int], object]
"""Called before bytes are written, with the size that the file will then have and how many bytes these are. Raises an
exception to refuse them."""


class Arrival:
    """A file that is being downloaded to *path*. The methods block, and may be called from any thread.

    *size*: bytes that have arrived. *etag*: ETag of the version that was begun, "" if a download cannot be continued.
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
        """The MD5 of what has arrived, in hex."""
        return self._md5.hexdigest()

    def begin(self, at: int) -> None:
        """Prepare for bytes from offset *at* on: 0, or :attr:`size` to continue where the last try broke off."""
        with self._lock:
            if at == 0:
                self.size = 0
                self._md5 = Md5()
            self._file = self.path.open("ab" if at else "wb", buffering=0)

    def feed(self, data: bytes) -> None:
        """Write the next bytes. Raises what *admit* raises, and :class:`OSError`."""
        with self._lock:
            if self._discarded or self._file is None:
                return
            if self._admit is not None:
                self._admit(self.size + len(data), len(data))
            self._md5.update(data)
            write_all(self._file, data)
            self.size += len(data)

    def finish(self) -> int:
        """Close the file at the end of a try. Returns its size in bytes."""
        with self._lock:
            self._close()
            return self.size

    def discard(self) -> None:
        """Give up and remove the file. Bytes that still arrive are ignored."""
        with self._lock:
            self._discarded = True
            self._close()
            self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
