"""What processes use of a machine: their memory, and the disk below a directory. All functions block: for threads."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

_BLOCK = 512
"""Bytes of a block as the system counts them, whatever those of the file system are."""


def descendants(roots: Iterable[int], proc: Path = PROC) -> list[int]:
    """The process ids *roots*, and those of their children, of the children of these, and so on."""
    found: list[int] = []
    rest = list(roots)
    while rest:
        pid = rest.pop()
        found.append(pid)
        rest += _children(proc / str(pid))
    return found


def _children(process: Path) -> Iterator[int]:
    for thread in process.glob("task/*"):
        with suppress(OSError):  # the thread has ended
            yield from map(int, (thread / "children").read_text().split())


def memory_of(pids: Iterable[int], proc: Path = PROC) -> int:
    """Bytes of memory that processes have for themselves, pages of files apart. What several of them share counts for
    each."""
    return sum(_kilobytes(proc / str(pid) / "status", ("RssAnon:", "RssShmem:")) for pid in pids) << 10


def exact_memory_of(pids: Iterable[int], proc: Path = PROC) -> int:
    """The same, but what several share counts once. Takes much longer."""
    return sum(_kilobytes(proc / str(pid) / "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")) for pid in pids) << 10


def _kilobytes(file: Path, names: tuple[str, ...]) -> int:
    """The sum of the fields *names*, 0 for a process that has ended."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))


def disk_of(paths: Iterable[Path]) -> int:
    """Bytes of disk of files, and of directories with all that is in them. A file with several names counts once."""
    seen: set[tuple[int, int]] = set()
    used, rest = 0, list(map(os.fspath, paths))
    while rest:
        path = rest.pop()
        with suppress(OSError):  # it is gone by now, or the command has closed it
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
