"""Calls of ``prctl(2)``, for which Python has no function."""

import ctypes
import os

_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36


def keep_to_itself() -> None:
    """Let no other process read this one's memory, environment or open files, unless it is root's.

    Raises :class:`OSError`.
    """
    _prctl(_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Make this process, not process 1, the parent of orphans among its descendants. Raises :class:`OSError`."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    """Raises :class:`OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, *(ctypes.c_ulong(argument) for argument in (value, 0, 0, 0))):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
