"""Files and their md5 side by side: an md5 takes longer than the writing, so that neither waits for the other."""

import hashlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from awed.streams import write_all

LARGE = 128 * 1024
"""Bytes that are worth the way to another thread."""

STRIDE = 8 * 1024 * 1024
"""Bytes of a file after which their way to the disk begins."""


class Md5:
    """An md5 to which large pieces are added in a thread of its own, while the caller goes on."""

    def __init__(self) -> None:
        self._digest = hashlib.md5(usedforsecurity=False)
        self._thread: ThreadPoolExecutor | None = None
        self._added: Future[None] | None = None

    def update(self, data: bytes) -> None:
        """Add the next piece, which must not change any more. Waits until no other piece than this is under way."""
        before = self._added
        if self._thread is None and len(data) < LARGE:
            self._digest.update(data)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "md5")  # its thread ends with it
        self._added = self._thread.submit(self._digest.update, data)
        if before is not None:
            before.result()

    def hexdigest(self) -> str:
        """The md5 of all that was added."""
        if self._added is not None:
            self._added.result()
        return self._digest.hexdigest()


class HashedFile:
    """Writes *file* from its begin on, and knows the size and the md5 of what it wrote. Blocks.

    The bytes go to the disk as they come, so that to make the file durable in the end does not take long.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.size = 0
        self._file = file
        self._md5 = Md5()
        self._on_its_way = 0

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def write(self, data: bytes) -> None:
        """Write the next bytes."""
        self._md5.update(data)
        write_all(self._file, data)
        self.size += len(data)
        if self.size - self._on_its_way >= STRIDE:
            self._write_back()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write_back(self) -> None:
        """Let the system begin to write what is in memory only. This call does not wait for it."""
        length = self.size - self._on_its_way
        os.posix_fadvise(self._file.fileno(), self._on_its_way, length, os.POSIX_FADV_DONTNEED)
        self._on_its_way = self.size
