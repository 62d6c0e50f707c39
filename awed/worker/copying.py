"""Copies of files that may be larger than the disk, or grow without end. All but :func:`stoppable` blocks: for
threads."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import IO, Protocol, TypeVar

from twisted.internet.defer import CancelledError

from awed.tx.threads import InThread
from awed.worker.workdir import MIN_FREE

_PIECE = 1 << 20

T = TypeVar("T")


class Stopped(Exception):
    """The run of the workunit has ended meanwhile."""


class Readable(Protocol):
    """A file, as far as a copy needs it."""

    def read(self, size: int, /) -> bytes: ...


async def stoppable(in_thread: InThread, call: Callable[[Event], T]) -> T:
    """What *call* returns in a thread. If this is cancelled the event is set, upon which it raises Stopped."""
    stop = Event()
    try:
        return await in_thread(call, stop)
    except CancelledError:
        stop.set()
        raise


def check(stop: Event) -> None:
    """Raises :class:`Stopped` if *stop* is set."""
    if stop.is_set():
        raise Stopped


def copy(source: Readable, target: IO[bytes], stop: Event, size: int | None = None) -> None:
    """Append what is left of *source*, but at most *size* bytes, to *target*.

    Raises :class:`Stopped`, and :class:`OSError`, also where less than MIN_FREE bytes of the disk would be left to
    others. *size* None: to the end, whatever its size.
    """
    if size is not None:
        require_room(target.fileno(), size)
    rest = size
    while piece := source.read(_PIECE if rest is None else min(_PIECE, rest)):
        check(stop)
        if size is None:
            require_room(target.fileno(), len(piece))
        else:
            rest = (rest or 0) - len(piece)
        target.write(piece)


def require_room(place: int | Path, size: int) -> None:
    """Raises :class:`OSError` if *size* more bytes leave less than MIN_FREE free on the disk of *place*."""
    disk = os.statvfs(place)
    if disk.f_bavail * disk.f_frsize < size + MIN_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
