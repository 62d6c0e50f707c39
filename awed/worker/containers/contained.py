"""A command in a container of an engine."""

import os
import signal
from contextlib import suppress
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from awed.worker.errors import WorkFailed
from awed.worker.logs import Logs
from awed.worker.process import Exit, Process
from awed.worker.usage import descendants

_KILLED = 128 + signal.SIGKILL

_SAID = 1000
"""Bytes of the end of what an engine wrote that a failure tells."""


LOOK = 0.5
"""Seconds between two looks at the processor time: what is used after the last one is not known, as the engine
removes the control group when the container has ended."""


class State(NamedTuple):
    """A container. *pid*: of its first process, 0 if that does not run. *exit*: its exit status, if it has ended."""

    status: str
    exit: int
    out_of_memory: bool
    pid: int


class Engine(Protocol):
    """What is asked of an engine."""

    async def state(self, name: str) -> State: ...

    async def cpu(self, pid: int) -> float: ...

    async def remove(self, name: str) -> None: ...


class Contained:
    """The container *name*. *attached*: the engine's program that runs as long as it. *limits_memory*: whether the
    engine limits its memory."""

    _log = Logger()

    def __init__(
        self, engine: Engine, name: str, attached: Process, logs: Logs, clock: IReactorTime, *, limits_memory: bool
    ) -> None:
        self._engine = engine
        self._name = name
        self._attached = attached
        self._logs = logs
        self.limits_memory = limits_memory
        self.pid = attached.pid
        self._first = 0
        """The process id of the container's first process, as soon as it is known."""
        self._cpu = 0.0
        self._looks = LoopingCall(self._look)
        self._looks.clock = clock
        looking = self._looks.start(LOOK, now=False)
        looking.addErrback(lambda failure: self._log.failure("no look at a container", failure))

    async def _look(self) -> None:
        for pid in await self.roots():
            self._cpu = max(self._cpu, await self._engine.cpu(pid))

    async def roots(self) -> list[int]:
        """The container's first process. The engine's own are not counted."""
        if not self._first:
            with suppress(WorkFailed):  # it is gone
                self._first = (await self._engine.state(self._name)).pid
        return [self._first] if self._first else []

    async def ended(self) -> Exit:
        exit = await self._attached.exited()
        self._stop_looks()
        try:
            state = await self._engine.state(self._name)
        except WorkFailed:  # somebody has removed it
            state = State("removed", exit.status, False, 0)
        await self._engine.remove(self._name)
        await self._attached.ended()
        if state.status == "created":
            return Exit(self._not_started())
        # Podman does not always see that the kernel ended it for the limit.
        lacked = self.limits_memory and (state.out_of_memory or exit.status == _KILLED)
        return Exit(exit.status, cpu=self._cpu, out_of_memory=lacked)

    def _stop_looks(self) -> None:
        if self._looks.running:
            self._looks.stop()

    def _not_started(self) -> int:
        """The exit status for a program that is not there. Raises :class:`WorkFailed` if it was not that."""
        stderr = self._logs.stderr
        said = stderr.piece(max(0, stderr.size - _SAID), _SAID).decode(errors="replace").strip()
        if any(words in said for words in ("not found", "no such file", "No such file")):
            return 127
        raise WorkFailed(f"the container was not started: {said}")

    async def kill(self, clock: IReactorTime, grace: float) -> Exit:
        for pid in descendants(await self.roots()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM)
        ended = Deferred.fromCoroutine(self._attached.exited())
        ended.addTimeout(grace, clock)
        with suppress(TimeoutError):
            await ended
        self._stop_looks()
        await self._engine.remove(self._name)
        exit = await self._attached.kill(clock, grace)
        return Exit(exit.status, cpu=self._cpu)
