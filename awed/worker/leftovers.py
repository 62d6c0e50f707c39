"""Commands that outlived the worker which started them: it was killed, and they were not."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from awed.worker.arguments import CLIENT_VARIABLE


def kill_leftovers(client: str, proc: Path = Path("/proc")) -> int:
    """Kill the process groups of commands that were started for *client*; how many processes there were.

    They are known by a variable in their environment, so nothing is to be recorded for each command, and none is
    missed that ran away from its group. Where there is no /proc, nothing is found.
    """
    mark = f"{CLIENT_VARIABLE}={client}".encode()
    found = [int(entry.name) for entry in proc.glob("[0-9]*") if mark in _environ(entry)]
    for pid in found:
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), signal.SIGKILL)
    return len(found)


def _environ(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or gone
        return []
