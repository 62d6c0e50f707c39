"""Packing of files while they are read: one compressed file, or an archive of several."""

import gzip
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any, NamedTuple, Protocol

from awed.tx.files import Pieces, Slice

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""The earliest time that a file in a zip archive can have."""

_OVERHEAD = 1024
"""To begin and end a file takes about as long as to pack so many bytes."""


class Member(NamedTuple):
    """A file to be packed: its name, when it was made, and where its bytes are."""

    name: str
    made: datetime
    slices: Sequence[Slice]

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return sum(piece.length for piece in self.slices)


class Packer:
    """A :class:`~awed.tx.streams.Source` of *members*, packed by *packing*. The methods block."""

    def __init__(self, members: Iterable[Member], packing: str) -> None:
        self._sink = _Sink()
        self._writer = _WRITERS[packing](self._sink)
        self._steps = self._write(members)

    def read(self, size: int) -> bytes:
        """Pack about the next *size* bytes of files, more if that yields no output yet. Empty at the end."""
        for cost in self._steps:
            size -= cost
            if size <= 0 and self._sink.size:
                break
        return self._sink.take()

    def close(self) -> None:
        """Stop, and close the file that is being read."""
        self._steps.close()

    def _write(self, members: Iterable[Member]) -> Generator[int, None, None]:
        """Pack step by step. Each step yields its cost, in bytes of files."""
        for member in members:
            self._writer.begin(member)
            try:
                for data in Pieces(member.slices):
                    self._writer.write(data)
                    yield len(data)
            finally:
                self._writer.end()
            yield _OVERHEAD
        self._writer.close()


class Archive:
    """A zip archive that is made while it is sent: :meth:`begin` a file, :meth:`packed` as often as needed, at last
    :meth:`finish`; :meth:`close` in any case. The methods block, and may be called from any thread."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = _Zip(self._sink)
        self._is_open = False
        self._lock = Lock()

    def begin(self, name: str, made: datetime) -> None:
        """Begin the next file."""
        with self._lock:
            self._end()
            self._zip.begin(Member(name, made, ()))
            self._is_open = True

    def packed(self, data: bytes) -> bytes:
        """Add *data* to the file. Returns what there is to send."""
        with self._lock:
            self._zip.write(data)
            return self._sink.take()

    def finish(self) -> bytes:
        """Returns the rest of the archive."""
        self.close()
        return self._sink.take()

    def close(self) -> None:
        """Nothing more comes: also if the archive is left unfinished, as zipfile complains of an open file."""
        with self._lock:
            self._end()
            self._zip.close()

    def _end(self) -> None:
        if self._is_open:
            self._is_open = False
            self._zip.end()


class _Sink:
    """A file to write to that keeps the bytes until they are taken. It cannot seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is buffered elsewhere."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return data


class _Writer(Protocol):
    """Writes members one after the other: ``begin``, ``write`` as often as needed, ``end``; at last ``close``."""

    def begin(self, member: Member) -> None: ...
    def write(self, data: bytes) -> object: ...
    def end(self) -> None: ...
    def close(self) -> None: ...


class _Gzip:
    def __init__(self, sink: Any) -> None:
        self._sink = sink

    def begin(self, member: Member) -> None:
        self._file = gzip.GzipFile(member.name, "wb", 6, self._sink)
        self.write = self._file.write

    def end(self) -> None:
        self._file.close()

    def close(self) -> None:
        """Nothing follows on the last member."""


class _Zip:
    def __init__(self, sink: Any) -> None:
        self._archive = zipfile.ZipFile(sink, "w")

    def begin(self, member: Member) -> None:
        entry = zipfile.ZipInfo(member.name, max(member.made, EARLIEST).timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._file = self._archive.open(entry, "w", force_zip64=True)
        self.write = self._file.write

    def end(self) -> None:
        self._file.close()

    def close(self) -> None:
        self._archive.close()


class _Tar:
    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self.write = sink.write

    def begin(self, member: Member) -> None:
        entry = tarfile.TarInfo(member.name)
        entry.size, entry.mtime = member.size, int(member.made.timestamp())
        self._padding = -member.size % tarfile.BLOCKSIZE
        self.write(entry.tobuf(tarfile.PAX_FORMAT))

    def end(self) -> None:
        self.write(bytes(self._padding))

    def close(self) -> None:
        self.write(bytes(2 * tarfile.BLOCKSIZE))


class _TarGz(_Tar):
    def __init__(self, sink: Any) -> None:
        super().__init__(gzip.GzipFile("", "wb", 6, sink))

    def close(self) -> None:
        super().close()
        self._sink.close()


PACKINGS = ("gzip", "zip")
"""Packings of one file."""

ARCHIVES = ("zip", "tar", "tar.gz")
"""Packings of several files."""

_WRITERS: Mapping[str, Callable[[Any], _Writer]] = {"gzip": _Gzip, "zip": _Zip, "tar": _Tar, "tar.gz": _TarGz}
