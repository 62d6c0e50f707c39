"""The shell around the scheduler: keeps store, data plane and waiting clients in step with it."""

from collections.abc import Callable
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from awed.model.errors import AwedError, JobNotFound
from awed.model.events import Event
from awed.model.records import Batch, JobRecord
from awed.model.work import Workunit
from awed.scheduler.core import Scheduler
from awed.scheduler.state import Limits
from awed.service.committer import Committer, Soon, at_once
from awed.service.effects import Effects
from awed.service.files import ShockFor, TaskFiles
from awed.service.observer import Observer
from awed.service.waiting import Ask, WaitingRoom
from awed.store.interface import IStore
from awed.tx.locks import Alone

SERVER_UUID = "server_uuid"
"""The key of the store's meta data under which it keeps the id that workers know the server by."""


class Shell:
    """The scheduler and what must follow it. Call :meth:`start` first, :meth:`stop` last.

    The verbs (:mod:`awed.service.engine`) change the scheduler and then await :meth:`_settle`.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        shock_for: ShockFor,
        limits: Limits,
        reactor: IReactorTime,
        now: Callable[[], datetime],
        patience: float = 15.0,
        soon: Soon = at_once,
        observer: Observer | None = None,
    ) -> None:
        """*patience*: seconds that a request waits for the store. *soon*: see :class:`Committer`. *observer* is told
        what happens."""
        self._store = store
        self._now = now
        self._reactor = reactor
        self._soon = soon
        self._going_on = False
        self._observer = observer or Observer()
        self._alone = Alone()
        """By job id: who decides by what the store says of a job must not be overtaken before that is changed."""
        self._scheduler = Scheduler(limits)
        changes = self._scheduler.changes
        self._committer = Committer(
            store=store,
            take=self._scheduler.take_changes,
            changed=lambda: bool(changes),
            reactor=reactor,
            patience=patience,
            soon=soon,
            observer=self._observer,
        )
        self._waiting = WaitingRoom(self._checkout_now, reactor)
        self._effects = Effects(
            scheduler=self._scheduler,
            files=TaskFiles(shock_for),
            token=self._token,
            answered=self._follow,
            now=now,
            reactor=reactor,
            observer=self._observer,
        )
        self.server_uuid = ""
        self.heartbeat_limit = limits.heartbeat

    async def start(self) -> None:
        """Take in what the opened store holds, and let it go on."""
        stored = await self._store.load()
        self.server_uuid = stored.meta[SERVER_UUID]
        self._scheduler.restore(stored, self._now())
        self._log.info(
            "restored {jobs} unfinished jobs with {tasks} tasks, {out} workunits that were out, {clients} clients",
            jobs=len(stored.jobs),
            tasks=len(stored.tasks),
            out=len(stored.work),
            clients=len(stored.clients),
        )
        if stored.jobs:
            self._observer.happened([Event("SR", self._now(), text=f"{len(stored.jobs)} unfinished jobs")])
        await self._settle()

    def turn_away(self) -> None:
        """The server is about to stop: whoever waits for work, or comes to wait, is told to ask again."""
        self._waiting.close()

    async def stop(self) -> None:
        await self._effects.stop()
        await self._committer.stop()

    async def tick(self) -> None:
        """What is due by now: lost clients go, jobs start whose time has come. Call it every second or so."""
        now = self._now()
        for client_id in self._scheduler.clients.remove_lost(now):
            self._log.warn("client {client} was silent for too long: its work is queued again", client=client_id)
        self._scheduler.start_due(now)
        self._follow()

    async def commit(self, batch: Batch) -> None:
        """Make records durable that the scheduler knows nothing of (nodes, groups, accounts)."""
        await self._committer.commit(batch)

    def _follow(self) -> None:
        """Let the world follow the core: hand out, perform, tell, and see to it that a commit is under way."""
        fresh = self._scheduler.take_fresh_work()
        if fresh:
            self._waiting.hand_out(fresh)
        self._effects.perform(self._scheduler.take_effects())
        self._observer.happened(self._scheduler.take_events())
        self._committer.begin()
        if self._scheduler.is_starting and not self._going_on:
            self._going_on = True
            self._soon(self._go_on)

    def _go_on(self) -> None:
        self._going_on = False
        self._scheduler.go_on(self._now())
        self._follow()

    async def _settle(self) -> None:
        self._follow()
        await self._committer.durable()

    async def _durably(self, change: Callable[[], object]) -> None:
        """Change the scheduler, and wait until that is durable. A refusal waits as well: it may rest on what is not
        durable yet, and whoever repeats a request would take it for done."""
        try:
            change()
        except AwedError:
            await self._committer.durable()
            raise
        await self._settle()

    async def _token(self, job_id: str) -> str:
        await self._committer.durable()
        secret = await self._store.secret(job_id)
        return secret.token if secret else ""

    async def job(self, job_id: str) -> JobRecord:
        """A job with its tasks, wherever it is. :class:`JobNotFound`."""
        await self._committer.durable()
        held = self._held(job_id)
        if held is not None:
            return held
        record = await self._store.job(job_id)
        if record is None:
            raise JobNotFound(job_id)
        return record

    def _held(self, job_id: str) -> JobRecord | None:
        if job_id not in self._scheduler.job_ids:
            return None
        entry = self._scheduler.jobs.get(job_id)
        return JobRecord(job=entry.job, acl=entry.acl)

    def _checkout_now(self, ask: Ask) -> list[Workunit]:
        work = self._scheduler.work
        if ask.most is None:
            return [work.checkout(ask.client_id, ask.offer, self._now())]
        return work.checkout_many(ask.client_id, ask.offer, ask.most, self._now())
