"""Limits the memory and disk of a running command, and measures how much of them it uses.

The kernel limits the memory where the worker can make control groups (``cgroups``). Elsewhere, and for disk, the
guard measures the usage every now and then, and has the command killed that uses more.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from awed.model.attempts import Cause
from awed.model.quantities import rough_size
from awed.model.resources import DISK, MEMORY
from awed.tx.threads import InThread
from awed.worker.cgroups import Group, Groups
from awed.worker.machine import Allotment
from awed.worker.process import Exit, Running
from awed.worker.usage import descendants, disk_of, exact_memory_of, memory_of

FIRST = 0.2
"""Seconds from the start of a command to the first measurement: shorter commands cost nothing."""

OFTEN, SELDOM = 0.2, 2.0
"""Seconds between two measurements of what the guard limits, and of what it does not."""


@dataclass(frozen=True)
class Guarding:
    """What all guards share. *groups*: makes control groups for commands; None if that is not possible."""

    clock: IReactorTime
    in_thread: InThread
    groups: Groups | None = None


class Excess(NamedTuple):
    """The limit that a command exceeded, and the text for its report."""

    cause: Cause
    text: str


class Guard:
    """Guards the command of *process*, whose files are in *places*. *excess* is set once it exceeds a limit."""

    _log = Logger()

    def __init__(self, process: Running, allotment: Allotment, places: Sequence[Path], shared: Guarding) -> None:
        self._process = process
        self._most = {name: allotment.said[name] for name in (MEMORY, DISK) if name in allotment.said}
        self._places = places
        self._shared = shared
        self._group = self._grouped() if MEMORY in self._most and not process.limits_memory else None
        self._is_limited = MEMORY not in self._most or self._group is not None
        self._looks: list[LoopingCall] = []
        self._begin: IDelayedCall | None = None
        self.memory = 0
        """The most bytes of memory that were measured."""
        self.disk = 0
        """The most bytes of disk that were measured."""
        self.excess: Excess | None = None

    def _grouped(self) -> Group | None:
        """Move the command into a new control group; the group, None if that is not possible."""
        groups = self._shared.groups
        if groups is None:
            return None
        try:
            return groups.make(int(self._most[MEMORY]), self._process.pid)
        except OSError as error:
            self._log.warn("no control group for command {pid}: {error}", pid=self._process.pid, error=error)
            return None

    def start(self, exceeded: Callable[[], object]) -> None:
        """Begin to measure. *exceeded* is called once, when the command exceeds a limit; the guard then stops."""
        self._exceeded = exceeded
        self._begin = self._shared.clock.callLater(FIRST, self._begin_looks)

    async def finish(self, exit: Exit, has_files: bool) -> Excess | None:
        """Measure for the last time, after the command has ended by itself; the limit that it exceeded, if any.

        *exit*: how it ended. *has_files*: whether there may be files in its directory.
        """
        looked = bool(self._looks)
        self._stop_looks()
        if exit.out_of_memory or (self._group is not None and self._group.has_killed):
            most = self._most[MEMORY]
            self.memory = max(self.memory, int(most))
            self._exceeds(Cause.MEMORY, most, most)
        if looked or has_files or DISK in self._most:
            await self._look_at_disk()
        return self.excess

    def stop(self) -> None:
        """Stop measuring, and remove the control group. To call when the command has ended in any way."""
        self._stop_looks()
        if self._group is not None:
            self._group.remove()

    def _stop_looks(self) -> None:
        if self._begin is not None and self._begin.active():
            self._begin.cancel()
        for look in self._looks:
            if look.running:
                look.stop()

    def _begin_looks(self) -> None:
        memory = SELDOM if self._is_limited else OFTEN
        disk = OFTEN if DISK in self._most else SELDOM
        for period, look in ((memory, self._look_at_memory), (disk, self._look_at_disk)):
            looks = LoopingCall(self._careful, look)
            looks.clock = self._shared.clock
            self._looks.append(looks)
            looks.start(period).addErrback(lambda failure: self._log.failure("a guard failed", failure))

    async def _careful(self, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        known = self.excess
        await look()
        if known is None and self.excess is not None:
            self._stop_looks()
            self._exceeded()

    async def _look_at_memory(self) -> None:
        in_thread = self._shared.in_thread
        pids = await in_thread(descendants, await self._process.roots())
        used = await in_thread(memory_of, pids)
        most = self._most.get(MEMORY, used)
        if used > most:
            used = await in_thread(exact_memory_of, pids) or used
        self.memory = max(self.memory, used)
        if used > most and not self._is_limited:
            self._exceeds(Cause.MEMORY, used, most)

    async def _look_at_disk(self) -> None:
        used = await self._shared.in_thread(disk_of, self._places)
        self.disk = max(self.disk, used)
        most = self._most.get(DISK, used)
        if used > most:
            self._exceeds(Cause.DISK, used, most)

    def _exceeds(self, cause: Cause, used: float, most: float) -> None:
        if self.excess is None:
            saw = f" ({rough_size(used)})" if used > most else ""
            text = f"killed: it used more {cause} than the {rough_size(most)} that its task asks for{saw}"
            self.excess = Excess(cause, text)
