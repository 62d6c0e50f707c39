"""Processes that commands leave behind, in whatever group or session they are."""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from awed.worker.arguments import CLIENT_VARIABLE, RUN_VARIABLES

POLL = 0.02
"""Seconds between two looks whether what was killed is gone."""

PATIENCE = 2.0
"""Seconds after which what cannot be killed is given up."""

PROC = Path("/proc")


class Orphans:
    """Children of this process that it did not start: commands started them, and did not wait for them.

    They are this process's if it has called :func:`~awed.worker.prctl.adopt_orphans`. Each is wanted as long as a
    command runs that can be where it came from. By the variables in its environment it belongs to one run; one that
    has thrown these away, to any command that was there when it began.
    """

    _log = Logger()

    def __init__(self, client: str, clock: IReactorTime) -> None:
        self._client = client
        self._clock = clock
        self._others = set(_children())
        """Not to be killed: whoever became this process had them, or it was tried in vain."""
        self._runs: dict[int, list[str]] = {}
        """Process ids of commands, with the variables that mark their runs."""

    def began(self, command: int, environ: Mapping[str, str]) -> None:
        """The command with this process id runs."""
        self._runs[command] = [f"{name}={environ.get(name, '')}" for name in RUN_VARIABLES]

    def ended(self, command: int) -> None:
        """It runs no more, and what it left is not wanted."""
        self._runs.pop(command, None)

    def reap(self) -> list[int]:
        """Let go of those that have ended; which have not."""
        orphans = [pid for pid in _children() if pid not in self._runs and pid not in self._others]
        return [pid for pid in orphans if os.waitpid(pid, os.WNOHANG) == (0, 0)]

    async def kill(self) -> None:
        """Kill those that no command wants, and wait until they are gone."""
        deadline = self._clock.seconds() + PATIENCE
        while unwanted := [pid for pid in self.reap() if not self._is_wanted(pid)]:
            if self._clock.seconds() > deadline:
                self._log.warn("processes that a command left cannot be killed: {pids}", pids=unwanted)
                self._others.update(unwanted)
                return
            for pid in unwanted:
                with suppress(PermissionError):  # it runs as somebody else
                    os.kill(pid, signal.SIGKILL)
            await deferLater(self._clock, POLL)

    def _is_wanted(self, pid: int) -> bool:
        environ = _environ(PROC / str(pid))
        if f"{CLIENT_VARIABLE}={self._client}" in environ:
            return any(environ.issuperset(marks) for marks in self._runs.values())
        return any(_began(command) <= _began(pid) for command in self._runs)


def kill_leftovers(client: str, proc: Path = PROC) -> int:
    """Kill the process groups of commands that were started for *client*; how many processes there were.

    They are known by a variable in their environment, so nothing is to be recorded for each command. Where there is
    no /proc, nothing is found.
    """
    mark = f"{CLIENT_VARIABLE}={client}"
    found = [int(entry.name) for entry in proc.glob("[0-9]*") if mark in _environ(entry)]
    for pid in found:
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), signal.SIGKILL)
    return len(found)


def _children() -> list[int]:
    """The children of the main thread, which starts the commands and gets the orphans. Asked for each command."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb", buffering=0) as file:
            return [int(child) for child in file.readall().split()]
    except FileNotFoundError:  # a kernel without this file
        own = str(os.getpid())
        return [int(entry.name) for entry in PROC.glob("[0-9]*") if _stat(entry)[1:2] == [own]]


def _environ(process: Path) -> set[str]:
    try:
        return set((process / "environ").read_text(errors="surrogateescape").split("\0"))
    except OSError:  # another user's, or gone
        return set()


def _began(pid: int) -> int:
    """When it began, in ticks of the system's clock; 0 if it is gone."""
    stat = _stat(PROC / str(pid))
    return int(stat[19]) if stat else 0


def _stat(process: Path) -> list[str]:
    """What the system tells of a process, from its state on; empty if it is gone."""
    try:
        return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
