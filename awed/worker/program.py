"""How ``awe-worker`` runs: it makes its directory its own, works until it is to leave, and ends whatever hangs."""

import os
import resource
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Timer
from types import FrameType
from typing import Any, TextIO

from twisted.internet.task import LoopingCall
from twisted.logger import FilteringLogObserver, Logger, LogLevel, LogLevelFilterPredicate, globalLogBeginner

from awed.tx.loglines import observer
from awed.tx.timers import use_monotonic_time
from awed.worker.assembly import Settings, assemble
from awed.worker.errors import WorkdirInUse, WorkerRefused, WorkFailed
from awed.worker.machine import machine_of
from awed.worker.orphans import Orphans, kill_leftovers
from awed.worker.prctl import adopt_orphans
from awed.worker.workdir import Workdir
from awed.worker.worker import Worker

REAP_PERIOD = 1.0
"""Seconds between two looks for orphan processes that have ended."""

LAST_PATIENCE = 15.0
"""Seconds after which a worker ends without waiting for a thread or process that hangs. They count from its last
step, or from the third signal to end."""

_log = Logger()


def log_to(file: TextIO, line: str) -> None:
    """Log to *file* what awed logs, and the warnings of Twisted. *line*: the format, a name in ``FORMATS``."""
    levels = LogLevelFilterPredicate(LogLevel.info)
    levels.setLogLevelForNamespace("twisted", LogLevel.warn)
    levels.setLogLevelForNamespace("-", LogLevel.warn)
    observers = [FilteringLogObserver(observer(file, line), [levels])]
    globalLogBeginner.beginLoggingTo(observers, redirectStandardIO=False)


async def run(reactor: Any, settings: Settings) -> None:
    """Run one worker until it leaves. Raises :class:`SystemExit` with a text if it cannot start."""
    use_monotonic_time(reactor)
    workdir = Workdir(settings.workdir)
    try:
        workdir.open()
        client = workdir.client_id()
    except (WorkdirInUse, OSError) as error:
        raise SystemExit(f"awe-worker: cannot use --workdir: {error}") from None
    os.chdir(workdir.root)  # commands start by changing from here, so this directory must not be removed meanwhile
    keep_files_from_commands()
    if killed := kill_leftovers(client):
        _log.warn("killed {count} processes that an earlier worker left behind", count=killed)
    try:
        if ended := settings.isolation.end_left(client):
            _log.warn("removed {count} containers that an earlier worker left behind", count=ended)
    except WorkFailed as failure:
        raise SystemExit(f"awe-worker: {failure}") from None
    machine = machine_of(settings.told, workdir.available(), os.environ)
    _allow_files_for(machine.most)
    adopt_orphans()
    orphans = Orphans(client, reactor)
    reaping = LoopingCall(orphans.reap)
    worker, janitor = assemble(reactor, settings, workdir, client=client, machine=machine, orphans=orphans)
    reactor.callWhenRunning(_obey_signals, reactor, worker)
    janitor.startService()
    reaping.start(REAP_PERIOD)
    worker.startService()
    try:
        await worker.left
    except WorkerRefused as refused:
        raise SystemExit(f"awe-worker: {settings.server} does not take this worker: {refused}") from None
    finally:
        _end_soon()
        reaping.stop()
        await janitor.stopService()
        workdir.close()


def _end_soon() -> None:
    """End the process ``LAST_PATIENCE`` seconds from now if it still runs: a thread in which a file system hangs
    cannot be ended by itself."""

    def end() -> None:
        _log.error("left without waiting for a file or a process that hangs")
        os._exit(1)

    timer = Timer(LAST_PATIENCE, end)
    timer.daemon = True
    timer.start()


def keep_files_from_commands() -> None:
    """Let commands not inherit the files that this process inherited. Those that Python opens are not inherited."""
    for entry in Path("/proc/self/fd").glob("*"):
        if int(entry.name) > 2:
            with suppress(OSError):  # the descriptor that listed the directory is closed by now
                os.set_inheritable(int(entry.name), False)


def _allow_files_for(commands: int) -> None:
    """Raise the limit on open files if it is too low for so many commands; only then, as commands inherit it."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit < (needed := 100 + 10 * commands):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, most), most))


def _obey_signals(reactor: Any, worker: Worker) -> None:
    """Let SIGTERM and SIGINT make the *worker* leave. SIGCHLD is ignored: each command has a pidfd that tells."""
    times = count(1)

    def leave(number: int, frame: FrameType | None) -> None:
        if next(times) == 3:
            _end_soon()
        reactor.callFromThread(worker.leave)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
