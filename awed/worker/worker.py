"""The worker: registers, asks for work while it has room, sends heartbeats, and signs off."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from msgspec import structs
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from awed.client import work as calls
from awed.client.asynchronous import Server
from awed.model.client import Heartbeat
from awed.model.errors import (
    AwedError,
    ClientBusy,
    ClientNotFound,
    ClientSuspended,
    NothingToDo,
    Unauthorized,
    Unavailable,
)
from awed.model.work import ReportStatus
from awed.tx.locks import Condition
from awed.tx.timers import Pulse
from awed.wire.clients import Busyness, Profile, holding
from awed.worker.errors import WorkerRefused
from awed.worker.lifetime import Lifetime
from awed.worker.logs import LogFiles
from awed.worker.machine import Machine
from awed.worker.outage import Outage
from awed.worker.outbox import Outbox
from awed.worker.report import Finished, refusal
from awed.worker.runs import Lack, Prefetch, Run, Runs
from awed.worker.workdir import MIN_FREE

HEARTBEAT = 10.0
"""Seconds between two heartbeats; fewer if the server's limit for heartbeats is low."""

SHORTEST_PATIENCE = 1.0
"""The least seconds to wait for the answer to a heartbeat, however low the server's limit for heartbeats is."""

EARLY = 1.0
"""Seconds: a server that says sooner than this that there is no work is asked again only after this time."""

TROUBLE_PAUSE = 10.0
"""Seconds until a worker that lacks disk, or whose checkout was refused, tries again."""

BACKLOG = 256
"""The number of reports not yet settled from which no more work is taken."""

TELLING = 0.1
"""Seconds that a command must have run for its success to be logged. Lines on short ones would drown all others."""

FAREWELL = 60.0
"""Seconds for which a worker that leaves tries to deliver its last reports and to sign off."""


class Worker(Service):
    """Runs workunits until it is to leave; *left* fires when it has left, or fails with :class:`WorkerRefused`.

    One coroutine registers and checks out, so no checkout's answer arrives during a registration, which would requeue
    that work. *changed* is notified when reports are settled; *room* returns the bytes of disk for commands;
    *heartbeat* is in seconds.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        profile: Profile,
        server: Server,
        outage: Outage,
        outbox: Outbox,
        changed: Condition,
        run: Run,
        logs: LogFiles,
        machine: Machine,
        prefetch: Prefetch,
        room: Callable[[], Awaitable[int]],
        lifetime: Lifetime,
        clock: IReactorTime,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._profile = profile
        self._client = profile.id
        self._server = server
        self._outage = outage
        self._outbox = outbox
        self._changed = changed
        self._runs = Runs(
            run,
            self._finished,
            machine=machine,
            prefetch=prefetch,
            fits=lambda work: lifetime.holds(work.walltime or 0),
            stuck=self._interrupt,
            clock=clock,
        )
        self._room = room
        self._logs = logs
        self._lifetime = lifetime
        self._clock = clock
        self._pulse = Pulse(clock, self._heartbeat, heartbeat)
        self._patience = calls.PATIENCE
        self._server_uuid = ""
        self._registered = False
        self._draining = False
        self._trouble = ""
        self._idle_for = ""
        self._step: Deferred[None] | None = None
        self.left: Deferred[None] = Deferred()

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._outbox.load()
        self._pulse.start()
        self._lifetime.start(drain=self.drain, hand_back=self._runs.discard_all, busy=lambda: bool(self._holds()))
        Deferred.fromCoroutine(self._live()).chainDeferred(self.left)

    def stopService(self) -> Deferred[None]:
        super().stopService()  # type: ignore[no-untyped-call]
        self.abandon()
        return self.left

    def drain(self) -> None:
        """Take no more work; finish what runs, report and sign off."""
        if not self._draining:
            self._draining = True
            self._runs.run_out()
            if count := len(self._runs):
                what = "the running workunit is" if count == 1 else f"{count} running workunits are"
                self._log.info("leaving when {what} finished; ^C again kills what runs and hands it back", what=what)
            else:
                self._log.info("leaving")
            self._interrupt()

    def leave(self) -> None:
        """Leave for a signal: the first call drains, every further one abandons."""
        if self._draining:
            self.abandon()
        else:
            self.drain()

    def abandon(self) -> None:
        """Leave at once: kill what runs and hand it back; if nothing runs, break off the current call."""
        self.drain()
        if self._runs:
            self._runs.discard_all()
        else:
            self._interrupt()

    async def _live(self) -> None:
        try:
            while self._runs or not self._draining:
                await self._interruptible(self._next())
            await self._interruptible(self._farewell())
        finally:
            self._pulse.stop()
            self._lifetime.stop()
            self._outbox.close()

    async def _interruptible(self, step: Coroutine[Deferred[Any], Any, None]) -> None:
        self._step = Deferred.fromCoroutine(step)
        try:
            await self._step
        except CancelledError:
            self._registered = False

    def _interrupt(self) -> None:
        """Cancel the current step. The answer to a checkout may be lost, so the next step is to register."""
        if self._step is not None:
            self._step.cancel()

    async def _next(self) -> None:
        """Take one step: register, ask for work, or wait for a change."""
        try:
            if not self._registered:
                await self._register()
            elif (lack := self._lack()).most:
                await self._fetch(lack)
            else:
                await self._changed.wait()
        except AwedError as error:
            # The answer to a checkout may be lost. A registration tells the server which work this worker has.
            self._registered = False
            await self._outage.pause(error)

    def _lack(self) -> Lack:
        """How many workunits to ask for now."""
        return Lack(0, 0) if self._draining or len(self._outbox) >= BACKLOG else self._runs.lack()

    def _holds(self) -> set[str]:
        """Ids of the workunits that are here: that run, are in hand, or whose reports are not settled."""
        return self._runs.wuids() | self._outbox.waiting()

    async def _register(self) -> None:
        profile = structs.replace(self._profile, current_work=holding(self._holds()))
        try:
            registration = await self._server.ask(calls.register(profile, self._patience))
        except Unavailable:
            raise
        except AwedError as error:
            if self._server_uuid:  # it has accepted this worker before, and may again
                raise
            hint = " (see --token-file)" if isinstance(error, Unauthorized) else ""
            raise WorkerRefused(*(f"{text}{hint}" for text in error.texts)) from None
        if self._server_uuid not in ("", registration.server_uuid):
            self._log.warn("this is another server: its predecessor's work is thrown away")
            # Later, not now: the end of the last run may cancel the current step, which is this one.
            self._clock.callLater(0, self._runs.discard_all)
        self._server_uuid = registration.server_uuid
        self._registered = True
        self._logs.limit = registration.max_log
        self._log.info("registered as {name}, client {client}", name=profile.name, client=self._client)
        # So that within the limit there is time for a heartbeat that gets no answer, and for another one.
        third = registration.heartbeat_limit / 3
        self._patience = min(calls.PATIENCE, max(SHORTEST_PATIENCE, third))
        self._pulse.quicken(third)
        self._outage.quicken(third)

    async def _fetch(self, lack: Lack) -> None:
        available = await self._room()
        self._trouble = f"only {available} bytes are free in the work directory" if available < MIN_FREE else ""
        if self._trouble:
            await self._idle(self._trouble, TROUBLE_PAUSE)
            return
        asked = self._clock.seconds()
        try:
            call = calls.checkout(self._client, available, lack.most, self._lifetime.left(), ahead=lack.ahead)
            handed = await self._server.ask(call)
        except (NothingToDo, ClientBusy, ClientSuspended) as nothing:
            await self._idle(str(nothing), EARLY if self._clock.seconds() < asked + EARLY else 0)
        except (ClientNotFound, Unavailable):
            raise
        except AwedError as refused:
            await self._idle(str(refused), TROUBLE_PAUSE)
        else:
            for work in handed.unreadable:
                self._outbox.put(refusal(work.wuid, work.attempt, f"cannot read the workunit: {work.why}"))
            self._runs.take(handed.works)

    async def _idle(self, reason: str, pause: float) -> None:
        """Log the *reason* why there is no work, if it is a new one, and wait for *pause* seconds."""
        if reason != self._idle_for:
            self._log.info("no work: {reason}", reason=reason)
            self._idle_for = reason
        if pause:
            await deferLater(self._clock, pause)

    def _finished(self, finished: Finished) -> None:
        if finished.status is ReportStatus.FAIL:
            self._log.warn("{work}: failed: {reason}", work=finished.wuid, reason=finished.reason)
        elif finished.status is not ReportStatus.DONE or finished.perf.runtime >= TELLING:
            self._log.info("{work}: {status}", work=finished.wuid, status=finished.status)
        self._outbox.put(finished)
        self._lifetime.worked()
        if self._draining and not self._runs:
            self._interrupt()
        else:
            self._changed.notify()

    async def _heartbeat(self) -> None:
        if not self._registered:
            return
        holds, trouble = self._holds(), self._trouble
        busyness = Busyness(holding(holds), busy=bool(holds), healthy=not trouble, error_message=trouble)
        try:
            answer = await self._server.ask(calls.heartbeat(self._client, busyness, self._patience))
        except ClientNotFound:
            self._lose()
        except AwedError as error:
            self._outage.note(error)
        else:
            self._obey(answer)

    def _obey(self, answer: Heartbeat) -> None:
        self._runs.discard(answer.discard.split(","))
        if answer.server_uuid != self._server_uuid:
            self._lose()
        if answer.stop == self._client:
            self.drain()

    def _lose(self) -> None:
        """Register again: the server does not know this worker."""
        self._registered = False
        self._interrupt()

    async def _farewell(self) -> None:
        """Deliver the last reports, and sign off. Reports that cannot be delivered are sent at the next start."""
        with suppress(TimeoutError):
            await Deferred.fromCoroutine(self._sign_off()).addTimeout(FAREWELL, self._clock)

    async def _sign_off(self) -> None:
        while self._outbox.waiting():
            await self._changed.wait()
        try:
            await self._server.ask(calls.sign_off(self._client))
        except AwedError as error:
            self._log.info("left without signing off: {error}", error=error)
