"""Files packed while they are read: one by itself, or several in an archive."""

import gzip
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from awed.tx.files import Pieces, Slice

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""No file in a zip archive is older."""

_OVERHEAD = 1024
"""As many bytes of a file it costs to begin one and to end it."""


class Member(NamedTuple):
    """A file to be packed: its name, and when it was made."""

    name: str
    made: datetime
    slices: Sequence[Slice]

    @property
    def size(self) -> int:
        return sum(piece.length for piece in self.slices)


class Packer:
    """What *members* are when packed, to be read. Its methods block, and are not called side by side."""

    def __init__(self, members: Iterable[Member], packing: str) -> None:
        self._sink = _Sink()
        self._writer = _WRITERS[packing](self._sink)
        self._steps = self._write(members)

    def read(self, size: int) -> bytes:
        """What the next *size* bytes are when packed, or more of them if that is nothing yet; none at the end."""
        for cost in self._steps:
            size -= cost
            if size <= 0 and self._sink.size:
                break
        return self._sink.take()

    def close(self) -> None:
        """Close the file that is read."""
        self._steps.close()

    def _write(self, members: Iterable[Member]) -> Generator[int, None, None]:
        """Step by step; what each costs, in bytes of a file."""
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


class _Sink:
    """What is written to it is taken away again; it cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return data


class _Writer(Protocol):
    """Writes one member after the other, each between its begin and its end."""

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
        """Each member is whole by itself."""


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
"""Of one file."""

ARCHIVES = ("zip", "tar", "tar.gz")
"""Of several."""

_WRITERS: Mapping[str, Callable[[Any], _Writer]] = {"gzip": _Gzip, "zip": _Zip, "tar": _Tar, "tar.gz": _TarGz}
