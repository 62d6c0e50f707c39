"""Measures the memory of processes, and the disk used by directories. All functions block: for threads."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

_BLOCK = 512
"""Bytes of a block in ``st_blocks``, whatever the block size of the file system is."""


def descendants(roots: Iterable[int]) -> list[int]:
    """The process ids *roots*, and those of all their descendants."""
    found: list[int] = []
    rest = list(roots)
    while rest:
        pid = rest.pop()
        found.append(pid)
        rest += _children(PROC / str(pid))
    return found


def _children(process: Path) -> Iterator[int]:
    for thread in process.glob("task/*"):
        with suppress(OSError):  # the thread has ended
            yield from map(int, (thread / "children").read_text().split())


def memory_of(pids: Iterable[int]) -> int:
    """Bytes of memory of processes, without pages of files. Memory that several of them share counts for each."""
    return sum(_kilobytes(PROC / str(pid) / "status", (b"RssAnon:", b"RssShmem:")) for pid in pids) << 10


def exact_memory_of(pids: Iterable[int]) -> int:
    """As :func:`memory_of`, but memory that several processes share counts once. Takes much longer."""
    return sum(_kilobytes(PROC / str(pid) / "smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:")) for pid in pids) << 10


def _kilobytes(file: Path, names: tuple[bytes, ...]) -> int:
    """The sum of the fields *names* of a file in ``/proc``, in kB; 0 for a process that has ended.

    Bytes, for the name that a process gives itself need not be UTF-8; a line feed in it is escaped.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))


def disk_of(paths: Iterable[Path]) -> int:
    """Bytes of disk that *paths* use, with all that is in directories. A file with several names counts once."""
    seen: set[tuple[int, int]] = set()
    used, rest = 0, list(map(os.fspath, paths))
    while rest:
        path = rest.pop()
        with suppress(OSError):  # the file is gone by now, or the command has closed the directory to others
            status = os.lstat(path)
            if (status.st_dev, status.st_ino) in seen:
                continue
            if status.st_nlink > 1:
                seen.add((status.st_dev, status.st_ino))
            used += status.st_blocks * _BLOCK
            if os.path.isdir(path) and not os.path.islink(path):
                with os.scandir(path) as entries:
                    rest += [entry.path for entry in entries]
    return used
