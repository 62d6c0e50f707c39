"""Starts commands, each in a session of its own, and ends them with all their children."""

import os
import resource
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from awed.tx.locks import Condition
from awed.worker.errors import WorkFailed
from awed.worker.logs import Outputs
from awed.worker.orphans import Orphans

GROUP_POLL = 0.1
"""Seconds between two looks whether the children of a terminated command are gone: nothing tells when they end."""


_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores, and that a command must not ignore."""


Files = list[tuple[Any, ...]]


class Exit(NamedTuple):
    """How a command ended, and what it used, together with the children for which it waited.

    *status*: its exit status, or minus the number of the signal that killed it. *max_rss*: peak memory of the largest
    process, in bytes; 0 if it used no more than this process, where the kernel's count begins. *cpu*: seconds of
    processor time. *read* and *written*: bytes, also of pipes and sockets. *out_of_memory*: whether it was killed
    because it, or a process of it, used more memory than it may.
    """

    status: int
    max_rss: int = 0
    cpu: float = 0.0
    read: int = 0
    written: int = 0
    out_of_memory: bool = False


class Running(Protocol):
    """A command that was started. *limits_memory*: whether what runs it was told to limit its memory, which not every
    engine can do."""

    pid: int
    limits_memory: bool

    async def roots(self) -> list[int]:
        """The process ids from which all processes of the command descend, as far as they are known."""

    async def ended(self) -> Exit:
        """How the command ended, as soon as it has, and once all that it left running is killed."""

    async def kill(self, clock: IReactorTime, grace: float) -> Exit:
        """End the command and all that it started, by force after *grace* seconds; how it ended."""


@implementer(IReadDescriptor)
class Process:
    """A command that was started. The reactor watches its pidfd, like a socket, for its end.

    Not ``reactor.spawnProcess``, which starts no session for the command, forks slowly, and reports a program that
    cannot be executed just by an exit status.
    """

    limits_memory = False

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
        exit = await self.exited()
        await self._orphans.kill()
        return exit

    async def exited(self) -> Exit:
        """How the command ended, as soon as it has; what it left may still run."""
        while self._exit is None:
            await self._ended.wait()
        return self._exit

    async def kill(self, clock: IReactorTime, grace: float) -> Exit:
        """End the command; how it ended.

        SIGTERM for its process group, SIGKILL for what is left of the group after *grace* seconds, and then for the
        processes that left the group.
        """
        if self._exit is None:
            self._terminating = True
            self.signal(signal.SIGTERM)
            last = clock.callLater(grace, self.signal, signal.SIGKILL)
            try:
                await self.exited()
                while last.active() and self.signal(0):
                    await deferLater(clock, GROUP_POLL)
                    self._orphans.reap()
            finally:
                if last.active():
                    last.cancel()
        self._orphans.ended(self.pid)
        return await self.ended()

    async def roots(self) -> list[int]:
        """Its own process id, and those of its orphans."""
        return [self.pid, *self._orphans.of(self.pid)]

    def signal(self, number: int) -> bool:
        """Send the signal *number* (0: none) to the process group; whether any process is left in it."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:  # a process is left that runs as another user
            return True
        return True

    # IReadDescriptor

    def fileno(self) -> int:
        return self._pidfd

    def logPrefix(self) -> str:
        return f"command {self.pid}"

    def doRead(self) -> None:
        """The command has ended. It is reaped last: until then no other group can get its id."""
        self._reactor.removeReader(self)
        os.close(self._pidfd)
        if not self._terminating:
            self.signal(signal.SIGKILL)
            self._orphans.ended(self.pid)
        read, written = transferred(self.pid)
        _, status, usage = os.wait4(self.pid, 0)
        own = resource.getrusage(resource.RUSAGE_SELF)
        max_rss = usage.ru_maxrss * 1024 if usage.ru_maxrss > own.ru_maxrss else 0
        cpu = round(usage.ru_utime + usage.ru_stime, 3)
        self._exit = Exit(os.waitstatus_to_exitcode(status), max_rss, cpu, read, written)
        self._ended.notify()

    def connectionLost(self, reason: Failure) -> None:
        """Does nothing: the reactor calls this for its readers when it stops."""


def transferred(pid: int) -> tuple[int, int]:
    """Bytes that the process *pid* and the children for which it waited have read and written; 0 if unknown."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0, 0
    counts = {name: int(count) for name, _, count in (line.partition(":") for line in lines)}
    return counts.get("rchar", 0), counts.get("wchar", 0)


class Start(Protocol):
    """:func:`start` for a certain reactor and its orphans."""

    def __call__(
        self,
        argv: list[str],
        environ: Mapping[str, str],
        directory: Path,
        logs: Outputs,
        *,
        stdin: int | None = None,
        third: int | None = None,
        cpus: frozenset[int] | None = None,
    ) -> Process: ...


def start(
    reactor: IReactorFDSet,
    argv: list[str],
    environ: Mapping[str, str],
    directory: Path,
    logs: Outputs,
    *,
    orphans: Orphans,
    stdin: int | None = None,
    third: int | None = None,
    cpus: frozenset[int] | None = None,
) -> Process:
    """Start the program *argv* in *directory*, with its output in *logs*. *orphans* is told of its start and end.
    *stdin*: the descriptor of its input, None for an empty one. *third*: one that it has as number 3, None for
    none. *cpus*: the processors to which it is bound, None for all.

    Raises :class:`WorkFailed` if the program does not exist, or cannot be executed or watched.
    """
    try:
        with _kept_to(cpus):
            pid = _spawn(argv, environ, directory, _files(logs, stdin, third))
    except (OSError, ValueError) as error:
        raise WorkFailed(_why_not(argv[0], environ, error)) from error
    try:
        process = Process(reactor, orphans, pid)
    except OSError as error:  # too many open files: a command that is not watched must not run
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise WorkFailed(f"cannot watch {argv[0]}: {error.strerror}") from error
    orphans.began(pid, environ)
    return process


@contextmanager
def _kept_to(cpus: frozenset[int] | None) -> Iterator[None]:
    """Context in which the commands that this thread starts are bound to the processors *cpus*; None: no change."""
    if not cpus:
        yield
        return
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def _files(logs: Outputs, stdin: int | None, third: int | None) -> Files:
    """What ``posix_spawn`` is to do for the files of a command."""
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0) if stdin is None else (os.POSIX_SPAWN_DUP2, stdin, 0),
        (os.POSIX_SPAWN_OPEN, 1, logs.stdout.path, os.O_WRONLY | os.O_APPEND, 0),
        (os.POSIX_SPAWN_OPEN, 2, logs.stderr.path, os.O_WRONLY | os.O_APPEND, 0),
        *([] if third is None else [(os.POSIX_SPAWN_DUP2, third, 3)]),
    ]


def _spawn(argv: list[str], environ: Mapping[str, str], directory: Path, files: Files) -> int:
    """Start a process by ``posix_spawn``, at half of what ``subprocess`` costs; its process id. Raises
    :class:`OSError`, or :class:`ValueError` for a null byte in an argument.

    The process inherits the current directory, which is changed for the time of the call: no other thread of a worker
    may use a relative path. Descriptors that Python opens are closed in the process.
    """
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
    """The *status* of an :class:`Exit` in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {-status}"
    return f"killed by signal {-status} ({name})"
