"""What Linux lets a process say of itself, and Python has no word for."""

import ctypes
import os

_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36


def keep_to_itself() -> None:
    """Let no other process of the same user look into this one: its memory, environment and open files. Root may."""
    _prctl(_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Let the orphans among our descendants become our children, and not those of process 1."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    """Raises :class:`OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, *(ctypes.c_ulong(argument) for argument in (value, 0, 0, 0))):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
