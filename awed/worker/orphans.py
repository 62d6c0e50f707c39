"""Finds and kills processes that commands leave behind, whatever group or session they are in."""

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
"""Seconds between two looks whether killed processes are gone."""

PATIENCE = 2.0
"""Seconds after which a process that cannot be killed is given up."""

PROC = Path("/proc")


class Orphans:
    """Processes that commands started and did not wait for, now children of this process.

    Requires that this process has called :func:`~awed.worker.prctl.adopt_orphans`. An orphan is wanted while a
    command runs from which it may come: that of the run that the variables in its environment name; without these
    variables, any command that was there when the orphan began. *client*: the id of this worker.
    """

    _log = Logger()

    def __init__(self, client: str, clock: IReactorTime) -> None:
        self._client = client
        self._clock = clock
        self._others = set(_children())
        """Children that are not killed: those from before this program began, and those that could not be killed."""
        self._runs: dict[int, list[str]] = {}
        """For each command by its process id, the variables that identify its run, as ``name=value``."""

    def began(self, command: int, environ: Mapping[str, str]) -> None:
        """Note that the command with the process id *command* runs with *environ*."""
        self._runs[command] = [f"{name}={environ.get(name, '')}" for name in RUN_VARIABLES]

    def ended(self, command: int) -> None:
        """Note that the command has ended: what it left is not wanted any more."""
        self._runs.pop(command, None)

    def of(self, command: int) -> list[int]:
        """The process ids of the orphans that come from *command*, by the variables in their environments."""
        marks = self._runs.get(command)
        return [pid for pid in self.reap() if marks and _environ(PROC / str(pid)).issuperset(marks)]

    def reap(self) -> list[int]:
        """Wait for the orphans that have ended; the process ids of the others."""
        orphans = [pid for pid in _children() if pid not in self._runs and pid not in self._others]
        return [pid for pid in orphans if os.waitpid(pid, os.WNOHANG) == (0, 0)]

    async def kill(self) -> None:
        """Kill the orphans that are not wanted, and wait until they are gone, at most ``PATIENCE`` seconds."""
        deadline = self._clock.seconds() + PATIENCE
        while unwanted := [pid for pid in self.reap() if not self._is_wanted(pid)]:
            if self._clock.seconds() > deadline:
                self._log.warn("processes that a command left cannot be killed: {pids}", pids=unwanted)
                self._others.update(unwanted)
                return
            for pid in unwanted:
                with suppress(PermissionError):  # the process runs as another user
                    os.kill(pid, signal.SIGKILL)
            await deferLater(self._clock, POLL)

    def _is_wanted(self, pid: int) -> bool:
        environ = _environ(PROC / str(pid))
        if f"{CLIENT_VARIABLE}={self._client}" in environ:
            return any(environ.issuperset(marks) for marks in self._runs.values())
        return any(_began(command) <= _began(pid) for command in self._runs)


def kill_leftovers(client: str) -> int:
    """Kill the process groups of commands that a worker *client* has started; how many processes were found.

    A variable in their environment identifies them, so no record of each command is needed. Without a ``/proc``,
    nothing is found.
    """
    mark = f"{CLIENT_VARIABLE}={client}"
    found = [int(entry.name) for entry in PROC.glob("[0-9]*") if mark in _environ(entry)]
    for pid in found:
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), signal.SIGKILL)
    return len(found)


def _children() -> list[int]:
    """The process ids of the main thread's children: it starts the commands and adopts the orphans.

    Must be fast: called at the end of each command.
    """
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb", buffering=0) as file:
            return [int(child) for child in file.readall().split()]
    except FileNotFoundError:  # a kernel without this file
        own = str(os.getpid())
        return [int(entry.name) for entry in PROC.glob("[0-9]*") if _stat(entry)[1:2] == [own]]


def _environ(process: Path) -> set[str]:
    try:
        return set((process / "environ").read_text(errors="surrogateescape").split("\0"))
    except OSError:  # the process is another user's, or gone
        return set()


def _began(pid: int) -> int:
    """When the process *pid* began, in clock ticks since the system's start; 0 if the process is gone."""
    stat = _stat(PROC / str(pid))
    return int(stat[19]) if stat else 0


def _stat(process: Path) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` from the state on; empty if the process is gone."""
    try:
        return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
