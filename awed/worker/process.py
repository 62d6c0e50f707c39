"""A running command: one process with all its children, in a session of its own, and how all of that is ended."""

import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import NamedTuple

from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from awed.tx.locks import Condition
from awed.worker.errors import WorkFailed
from awed.worker.logs import Logs
from awed.worker.orphans import Orphans

GROUP_POLL = 0.1
"""Seconds between two looks whether the children of a terminated command are gone; they cannot be waited for."""


_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores and a command must not."""


class Exit(NamedTuple):
    """How a command ended: its exit status, or minus the signal that killed it; and its peak memory in bytes.

    *max_rss* is 0 for a command that used no more than this process itself: the kernel counts from there.
    """

    status: int
    max_rss: int


@implementer(IReadDescriptor)
class Process:
    """A command that was started. Its end is seen by a pidfd, which the reactor watches like a socket.

    Not ``reactor.spawnProcess``: it has no session of its own to offer, forks slowly, and tells of a program that
    cannot be executed only by an exit status.
    """

    def __init__(self, reactor: IReactorFDSet, orphans: Orphans, pid: int) -> None:
        self._reactor = reactor
        self._orphans = orphans
        self.pid = pid
        """The process id, which is also that of its group and session."""
        self._pidfd = os.pidfd_open(pid)
        self._exit: Exit | None = None
        self._ended = Condition()
        self._terminating = False
        reactor.addReader(self)

    async def ended(self) -> Exit:
        """Waits until the command has ended; what it left running is killed by then."""
        exit = await self._own_end()
        await self._orphans.kill()
        return exit

    async def _own_end(self) -> Exit:
        while self._exit is None:
            await self._ended.wait()
        return self._exit

    async def kill(self, clock: IReactorTime, grace: float) -> Exit:
        """Ends the whole group: SIGTERM, and SIGKILL for what is left after *grace* seconds; then what left it."""
        if self._exit is None:
            self._terminating = True
            self.signal(signal.SIGTERM)
            last = clock.callLater(grace, self.signal, signal.SIGKILL)
            try:
                await self._own_end()
                while last.active() and self.signal(0):
                    await deferLater(clock, GROUP_POLL)
                    self._orphans.reap()
            finally:
                if last.active():
                    last.cancel()
        self._orphans.ended(self.pid)
        return await self.ended()

    def signal(self, number: int) -> bool:
        """Send a signal to the whole group (0: none, only look); whether there is anybody left in it."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:  # somebody is left who changed user
            return True
        return True

    # IReadDescriptor

    def fileno(self) -> int:
        return self._pidfd

    def logPrefix(self) -> str:
        return f"command {self.pid}"

    def doRead(self) -> None:
        """The command has ended. It is reaped last: until then nobody else can get its group's id."""
        self._reactor.removeReader(self)
        os.close(self._pidfd)
        if not self._terminating:
            self.signal(signal.SIGKILL)
            self._orphans.ended(self.pid)
        _, status, usage = os.wait4(self.pid, 0)
        own = resource.getrusage(resource.RUSAGE_SELF)
        max_rss = usage.ru_maxrss * 1024 if usage.ru_maxrss > own.ru_maxrss else 0
        self._exit = Exit(os.waitstatus_to_exitcode(status), max_rss)
        self._ended.notify()

    def connectionLost(self, reason: Failure) -> None:
        """Nothing to do: the reactor calls this for its readers when it is torn down."""


Start = Callable[[list[str], Mapping[str, str], Path, Logs], Process]
""":func:`start` for a certain reactor and its orphans."""


def start(
    reactor: IReactorFDSet,
    argv: list[str],
    environ: Mapping[str, str],
    directory: Path,
    logs: Logs,
    *,
    orphans: Orphans,
) -> Process:
    """Run a command in *directory* with its output going to *logs*. What it leaves running is among *orphans*.

    Raises :class:`WorkFailed` if there is no such program or it cannot be executed.
    """
    try:
        pid = _spawn(argv, environ, directory, logs)
    except (OSError, ValueError) as error:
        raise WorkFailed(_why_not(argv[0], environ, error)) from error
    try:
        process = Process(reactor, orphans, pid)
    except OSError as error:  # too many open files: a command that nobody watches must not run
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise WorkFailed(f"cannot watch {argv[0]}: {error.strerror}") from error
    orphans.began(pid, environ)
    return process


@contextmanager
def kept_to(cpus: frozenset[int] | None) -> Iterator[None]:
    """What this thread starts within is kept to these processors."""
    if not cpus:
        yield
        return
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def _spawn(argv: list[str], environ: Mapping[str, str], directory: Path, logs: Logs) -> int:
    """At half of what ``subprocess`` costs the worker. It has no word for the directory, which is inherited: no other
    thread of a worker may use a relative path. All descriptors that Python opens close themselves.
    """
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, logs.stdout.path, os.O_WRONLY | os.O_APPEND, 0),
        (os.POSIX_SPAWN_OPEN, 2, logs.stderr.path, os.O_WRONLY | os.O_APPEND, 0),
    ]
    with chdir(directory):
        program = argv[0] if "/" in argv[0] else shutil.which(argv[0], path=environ["PATH"])
        if program is None:
            raise FileNotFoundError(argv[0])
        return os.posix_spawn(program, argv, environ, file_actions=files, setsid=True, setsigdef=_IGNORED)


def _why_not(program: str, environ: Mapping[str, str], error: Exception) -> str:
    if not isinstance(error, OSError):  # a null byte in an argument
        return f"cannot execute {program}: {error}"
    if isinstance(error, FileNotFoundError):
        if shutil.which(program, path=environ.get("PATH")) is None:
            return f"command not found: {program}"
        return f"cannot execute {program}: the interpreter that it names is missing"
    return f"cannot execute {program}: {error.strerror}"


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {-status}"
    return f"killed by signal {-status} ({name})"
