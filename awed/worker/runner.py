"""Runs one workunit: makes its directory, downloads, executes, uploads, and makes the report."""

import errno
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import UNSET
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from awed.client import work as calls
from awed.client.asynchronous import Server
from awed.client.calls import Call
from awed.model.addresses import has_user
from awed.model.attempts import Cause
from awed.model.errors import AwedError
from awed.model.job import SCRIPT_NAME
from awed.model.resources import CORES, DISK, MEMORY
from awed.model.tes import TesTask
from awed.model.work import Perf, ReportStatus, Workunit
from awed.shock.interface import WAITS
from awed.tx.loglines import encodable
from awed.tx.threads import InThread
from awed.wire.headers import Tokens
from awed.worker.arguments import command_line, environment
from awed.worker.containers.interface import Containers, Place, View
from awed.worker.errors import WorkFailed
from awed.worker.executors import Command, Executors
from awed.worker.files import Access, FileMover
from awed.worker.guard import Excess, Guard, Guarding
from awed.worker.janitor import Janitor
from awed.worker.logs import LogFiles, Logs, Said
from awed.worker.machine import Allotment
from awed.worker.outage import Outage
from awed.worker.outputs import find_outputs
from awed.worker.paths import inside, path_of, tmp_of
from awed.worker.process import Exit, Running, how_it_ended
from awed.worker.report import Finished, Key
from awed.worker.tail import Tail
from awed.worker.urls import Urls
from awed.worker.workdir import Workdir

KILL_GRACE = 10.0
"""Seconds that a command has between SIGTERM and SIGKILL."""

_LACKING = {
    errno.ENOSPC: Cause.DISK,
    errno.EDQUOT: Cause.DISK,
    errno.ENOMEM: Cause.MEMORY,
    errno.EAGAIN: Cause.MEMORY,
}

T = TypeVar("T")


@dataclass(frozen=True)
class Equipment:
    """What all runs of a worker share.

    *now* is the wall clock, *inherited* the worker's own environment; *grace* is in seconds.
    """

    server: Server
    outage: Outage
    files: FileMover
    workdir: Workdir
    janitor: Janitor
    logs: LogFiles
    tail: Tail
    containers: Containers
    urls: Urls
    in_thread: InThread
    guarding: Guarding
    clock: IReactorTime
    now: Callable[[], datetime]
    inherited: Mapping[str, str]
    grace: float = KILL_GRACE


class Runner:
    """Runs one workunit. If :meth:`run` is cancelled, it kills the command and reports the work as ``discarded``."""

    _log = Logger()

    def __init__(self, work: Workunit, allotment: Allotment, equipment: Equipment) -> None:
        self._work = work
        self._allotment = allotment
        self._with = equipment
        self._perf = Perf(client_id=work.client)
        self._notes: list[str] = []
        self._exit: Exit | None = None
        self._cause = Cause.START
        """The cause to report if the current step fails."""
        self._directory: Path | None = None
        self._logs: Logs | None = None
        self._ran: list[tuple[Exit, Guard]] = []
        self._executors: Executors | None = None
        self._until: float | None = None
        """When the walltime is over, by the clock."""

    async def run(self) -> Finished:
        """Run the workunit; the report on it, which also tells of any failure."""
        WAITS.set(self._waits)
        perf = self._perf
        perf.queued = perf.checkout = int(self._with.now().timestamp())
        status, lasted = await self._timed(self._outcome())
        perf.deliver = int(self._with.now().timestamp())
        perf.clientresp = round(lasted)
        said = self._leave(status)
        self._measured()
        return Finished(
            wuid=self._work.wuid,
            attempt=self._work.attempt,
            status=status,
            perf=perf,
            exitstatus=self._exit and self._exit.status,
            cause=None if status is ReportStatus.DONE else self._cause,
            worknotes=encodable("\n".join(self._notes)),
            stdout=said.stdout,
            stderr=said.stderr,
            cuts=dict(said.cuts),
            tes=self._executors.end() if self._executors else UNSET,
        )

    def _measured(self) -> None:
        """Set what the task asked for, and what the command used, in the performance record."""
        perf, asked = self._perf, self._allotment.amounts
        perf.asked_cores = asked[CORES]
        perf.asked_memory, perf.asked_disk = (int(asked.get(name, 0)) for name in (MEMORY, DISK))
        if not self._ran:
            return
        exits, guards = zip(*self._ran, strict=True)
        memory = max(*(exit.max_rss for exit in exits), *(guard.memory for guard in guards))
        perf.max_mem_usage = perf.max_memory_total_rss = memory
        perf.max_disk_usage = max(guard.disk for guard in guards)
        perf.cpu_seconds = round(sum(exit.cpu for exit in exits), 3)
        perf.bytes_read = sum(exit.read for exit in exits)
        perf.bytes_written = sum(exit.written for exit in exits)

    def _waits(self, cause: str, pause: float) -> None:
        """Log that a data host does not answer because of *cause*; the next try is in *pause* seconds."""
        self._log.warn("{work}: {cause}; next try in {pause:g} s", work=self._work.wuid, cause=cause, pause=pause)

    async def _outcome(self) -> ReportStatus:
        try:
            await self._steps()
            return ReportStatus.DONE
        except CancelledError:
            self._cause = Cause.DISCARDED
            return ReportStatus.DISCARDED
        except AwedError as failure:
            self._lacks(failure.__cause__)
            self._notes += failure.texts
        except OSError as error:
            self._lacks(error)
            self._notes.append(str(error))
        except Exception as error:
            self._log.failure("running {work} failed", work=self._work.wuid)
            self._notes.append(f"a fault of the worker: {error!r}")
        return ReportStatus.FAIL

    def _lacks(self, error: BaseException | None) -> None:
        """Set the cause to a lack of disk or memory if *error* is one; not while inputs are fetched."""
        if isinstance(error, OSError) and self._cause is not Cause.INPUT:
            self._cause = _LACKING.get(error.errno or 0, self._cause)

    async def _steps(self) -> None:
        work, files, perf = self._work, self._with.files, self._perf
        has_files = bool(work.inputs or work.outputs or work.predata or work.tes)
        root = self._directory = self._with.workdir.make(work.wuid, work.attempt, fresh=has_files)
        self._logs = Logs(self._with.logs)
        tokens, private = await self._secrets()
        urls = self._with.urls.of(private, network=self._has_network())
        access = Access(tokens, urls)
        self._cause = Cause.INPUT
        perf.size_predata, perf.time_predata_in = await self._timed(files.fetch_predata(work, root, access))
        perf.size_infile, perf.time_data_in = await self._timed(files.fetch_inputs(work, root, access))
        if work.tes:
            await self._task(work.tes, root, self._logs, access)
            return
        if work.cmd.has_image:
            await self._prepare([work.cmd.image], root, self._logs)
        self._cause = Cause.START
        _, perf.runtime = await self._timed(self._execute(root, self._logs, private, network=urls.network))
        self._cause = Cause.OUTPUT
        outputs = await self._with.in_thread(find_outputs, root, work.outputs) if work.outputs else []
        perf.size_outfile = sum(output.size for output in outputs)
        _, perf.time_data_out = await self._timed(files.deliver(work, outputs, root, access))

    def _has_network(self) -> bool:
        """Whether the commands of the workunit have the network."""
        work, containers = self._work, self._with.containers
        if work.tes:
            return containers.has_network(work.tes.executors[0].image, work.tes.network, is_usual=True)
        return containers.has_network(work.cmd.image, work.network)

    async def _task(self, task: TesTask, root: Path, logs: Logs, access: Access) -> None:
        """Run a TES task in the work directory *root*, where the inputs of its job are."""
        perf = self._perf
        executors = self._executors = Executors(
            task,
            root,
            logs,
            urls=access.urls,
            make_node=partial(self._with.files.make_node, access=access),
            environ=environment(self._work, self._allotment, {}, self._with.inherited),
            allotment=self._allotment,
            in_thread=self._with.in_thread,
            now=self._with.now,
        )
        await executors.fetch()
        await self._prepare(dict.fromkeys(executor.image for executor in task.executors), root, logs)
        self._cause = Cause.START

        async def run(command: Command) -> Exit:
            await self._prepare([command.view.image], root, logs)  # it may have been removed meanwhile
            self._cause = Cause.START
            return await self._run(command.argv, Place(root, logs, command.environ), command.view)

        _, perf.runtime = await self._timed(executors.run(run))
        self._cause = Cause.OUTPUT
        perf.size_outfile, perf.time_data_out = await self._timed(executors.deliver())

    async def _prepare(self, images: Iterable[str], root: Path, logs: Logs) -> None:
        """Have *images* here, with the progress in *logs*, before a command of the run starts."""
        self._cause = Cause.IMAGE
        place = Place(root, logs, environment(self._work, self._allotment, {}, self._with.inherited))
        with self._followed(logs):
            began = self._with.clock.seconds()
            for image in images:
                await self._with.containers.prepare(image, place)
            self._perf.dockerprep += round(self._with.clock.seconds() - began)

    @contextmanager
    def _followed(self, logs: Logs) -> Iterator[None]:
        """Context in which readers are shown what is written to *logs*."""
        key = Key(self._work.wuid, self._work.attempt)
        self._with.tail.follow(key, logs)
        try:
            yield
        finally:
            self._with.tail.leave(key)

    async def _secrets(self) -> tuple[Tokens, dict[str, str]]:
        """The tokens and the private variables, if the workunit has any."""
        work, private = self._work, dict[str, str]()
        tokens = await self._told(calls.tokens(work.client, work.wuid)) if _needs_tokens(work) else Tokens()
        if work.cmd.has_private_env:
            private = await self._told(calls.private_environ(work.client, work.wuid))
        return tokens, private

    async def _told(self, call: Call[T]) -> T:
        return await self._with.outage.persist(lambda: self._with.server.ask(call))

    async def _execute(self, root: Path, logs: Logs, private: Mapping[str, str], *, network: bool) -> None:
        """Run the command in the work directory *root*; killed if this is cancelled.

        Raises :class:`WorkFailed` if it cannot be started, takes longer than its walltime, or does not exit with 0.
        """
        work, cmd = self._work, self._work.cmd
        environ = environment(work, self._allotment, private, self._with.inherited)
        for io in work.outputs:
            for path in (path_of(root, io), inside(root, io.attrfile or io.filename)):
                path.parent.mkdir(parents=True, exist_ok=True)
        files = {io.filename: str(path_of(root, io)) for io in (*work.outputs, *work.predata, *work.inputs)}
        argv = command_line(cmd, files, environ)
        if cmd.cmd_script:
            _write_script(root, cmd.cmd_script)
        view = View(self._allotment, cmd.image, network=network)
        exit = await self._run(argv, Place(root, logs, environ), view, publishes=True)
        if exit.status:
            raise WorkFailed(how_it_ended(exit.status))

    async def _run(self, argv: Sequence[str], place: Place, view: View, *, publishes: bool = False) -> Exit:
        """Run a command to its end; killed if this is cancelled. *publishes*: whether the logs become files.

        Raises :class:`WorkFailed` if it cannot be started, or is killed for a limit.
        """
        root, logs, _ = place
        process = await self._with.containers.start(argv, place, view)
        guard = Guard(process, self._allotment, (root, tmp_of(root), *logs.paths), self._with.guarding)
        try:
            with self._followed(logs):
                exit, excess = await self._within_limits(process, guard)
        except CancelledError:
            await process.kill(self._with.clock, self._with.grace)
            raise
        finally:
            guard.stop()
        self._exit = exit
        self._ran.append((exit, guard))
        self._cause = excess.cause if excess else Cause.SIGNAL if exit.status < 0 else Cause.EXIT
        if publishes and (self._work.outputs or exit.status):
            logs.publish(root)
        if excess:
            raise WorkFailed(excess.text)
        return exit

    async def _within_limits(self, process: Running, guard: Guard) -> tuple[Exit, Excess | None]:
        """How the command ended, and the limit for which it was killed, None if it ended by itself within all."""
        ended = Deferred.fromCoroutine(process.ended())
        if self._work.walltime:
            if self._until is None:
                self._until = self._with.clock.seconds() + self._work.walltime
            ended.addTimeout(max(0.0, self._until - self._with.clock.seconds()), self._with.clock)
        guard.start(ended.cancel)
        try:
            exit = await ended
            return exit, await guard.finish(exit, bool(self._work.inputs or self._work.outputs))
        except TimeoutError:
            excess = Excess(Cause.TIME, f"killed after {self._work.walltime} seconds, its walltime")
        except CancelledError:
            if guard.excess is None:
                raise
            excess = guard.excess
        grace = 0 if excess.cause is Cause.MEMORY else self._with.grace
        return await process.kill(self._with.clock, grace), excess

    async def _timed(self, step: Awaitable[T]) -> tuple[T, float]:
        """What *step* returns, and how many seconds it took."""
        began = self._with.clock.seconds()
        return await step, self._with.clock.seconds() - began

    def _leave(self, status: ReportStatus) -> Said:
        """Give the directory and the logs back; what is reported of stdout and stderr."""
        said = Said()
        if self._logs:
            said = self._logs.read()
            self._logs.close()
        if self._directory:
            if (tmp := tmp_of(self._directory)).exists():
                self._with.janitor.remove(tmp)
            self._with.janitor.take(self._directory, failed=status is ReportStatus.FAIL)
        return said


def _needs_tokens(work: Workunit) -> bool:
    """Whether there is a data token, or a URL of which the password may be told."""
    return work.info.auth or any(has_user(io.url) for io in (*work.inputs, *work.predata))


def _write_script(root: Path, lines: Sequence[str]) -> None:
    (root / SCRIPT_NAME).write_text("".join(f"{line}\n" for line in lines))
