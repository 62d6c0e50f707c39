"""Programs under test: real processes, whose lines and end can be waited for."""

import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import cast

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import IProcessTransport, IReactorProcess, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

ROOT = Path(__file__).parents[2]
"""The project's folder."""

PATIENCE = 30.0
"""Seconds after which a test gives up waiting for a program."""


class Program(ProcessProtocol):
    """A child process, which finds the project as it lies here unless it is given an *environment*. What it says on
    stdout and stderr is taken together.
    """

    transport: IProcessTransport

    def __init__(
        self, command: Sequence[str | Path], directory: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.output = ""
        self._waiting: list[Deferred[None]] = []
        self._status: int | None = None
        words = [str(word) for word in command]
        search = f"{os.environ['PATH']}:{Path(sys.executable).parent}"  # awe-cwl-runner is beside this Python
        usual = {**os.environ, "PATH": search, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        environ = environment or usual
        with chdir(directory):  # by *path* Twisted would fork, which a process with threads must not
            cast(IReactorProcess, global_reactor).spawnProcess(self, words[0], words, environ)

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        self.output += data.decode(errors="replace")
        self._wake()

    def processEnded(self, reason: Failure) -> None:
        end = cast(ProcessTerminated, reason.value)  # ProcessDone has the same attributes.
        self._status = end.exitCode if end.signal is None else -end.signal
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    async def _change(self, patience: float = PATIENCE) -> None:
        """Wait until there is output, or the end."""
        deferred: Deferred[None] = Deferred()
        self._waiting.append(deferred)
        try:
            await deferred.addTimeout(patience, cast(IReactorTime, global_reactor))
        except TimeoutError:
            raise AssertionError(f"nothing new for {patience:.0f} s:\n{self.output}") from None

    @property
    def runs(self) -> bool:
        return self._status is None

    def signal(self, name: str) -> None:
        """Send it a signal (``TERM``, ``KILL``, ...), if it still runs."""
        if self.runs:
            self.transport.signalProcess(signal.Signals[f"SIG{name}"])

    async def said(self, pattern: str) -> re.Match[str]:
        """Wait until its output matches; an AssertionError with its output if it ends without."""
        while (match := re.search(pattern, self.output, re.MULTILINE)) is None:
            assert self.runs, f"ended with status {self._status} before it said {pattern}:\n{self.output}"
            await self._change()
        return match

    async def ended(self, patience: float = PATIENCE) -> int:
        """Wait for its end: the exit status, or minus the number of the signal that ended it. An AssertionError if it
        says nothing for *patience* seconds.
        """
        while self._status is None:
            await self._change(patience)
        return self._status
