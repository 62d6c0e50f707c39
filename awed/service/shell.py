"""The shell around the scheduler: commits its changes, performs its effects and serves clients that wait."""

import gc
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from awed.model.errors import AwedError, JobNotFound
from awed.model.ids import parse_work_id
from awed.model.records import JobRecord, Secret, TaskRecord
from awed.model.reuse import Result
from awed.model.states import JobState, WorkState
from awed.model.times import Moment
from awed.model.work import Workunit
from awed.scheduler.changes import own_outputs
from awed.scheduler.core import Scheduler
from awed.scheduler.entries import JobEntry
from awed.scheduler.state import Limits
from awed.service.committer import Committer, Soon, at_once
from awed.service.effects import Effects
from awed.service.feed import Feed, Keep
from awed.service.files import DataToken, ShockFor, TaskFiles
from awed.service.livelogs import LiveLogs, Run
from awed.service.observer import Observer, Observers
from awed.service.sight import Sight
from awed.service.waiting import Ask, WaitingRoom
from awed.store.interface import IStore, JobQuery
from awed.store.paging import every
from awed.tx.locks import Alone, Condition
from awed.tx.threads import InThread
from awed.tx.turns import Turns

KEEP = Keep()


class Shell:
    """The scheduler and what follows on its changes.

    The engine's verbs change the scheduler and then await :meth:`settle`.
    """

    def __init__(
        self,
        *,
        store: IStore,
        shock_for: ShockFor,
        limits: Limits,
        reactor: IReactorTime,
        now: Callable[[], datetime],
        live_logs: LiveLogs,
        in_thread: InThread,
        patience: float = 15.0,
        soon: Soon = at_once,
        observer: Observer | None = None,
        data_hosts: Collection[str] = (),
        keep: Keep = KEEP,
    ) -> None:
        """*now*: the wall clock. *patience*: seconds for which a request waits for the store. *soon*: see
        :class:`Committer`. *data_hosts*: hosts to which all data tokens may be sent. *keep*: how long events are
        kept.
        """
        self.store = store
        self.in_thread = in_thread
        self.data_hosts = data_hosts
        self._time = now
        self.reactor = reactor
        self.turns = Turns(reactor)
        """Shared by all long loops."""
        self._soon = soon
        self._going_on = False
        self._went_on = Condition()
        self.alone = Alone()
        """Locks by job id. Verbs that read a job from the store, decide and then change it hold the job's lock."""
        self.scheduler = Scheduler(limits)
        self.live_logs = live_logs
        self.feed = Feed(store, reactor, now, keep)
        self.sight = Sight(store, self.scheduler)
        self.observer = Observers([self.feed, self.sight, live_logs, *([observer] if observer else ())])
        changes = self.scheduler.changes
        self.committer = Committer(
            store=store,
            take=self.scheduler.take_changes,
            changed=lambda: bool(changes),
            numbered=self.feed.numbered,
            reactor=reactor,
            patience=patience,
            soon=soon,
            observer=self.observer,
        )
        self.files = TaskFiles(shock_for)
        self.waiting = WaitingRoom(self.checkout_now, reactor)
        self.effects = Effects(
            scheduler=self.scheduler,
            files=self.files,
            token=self.data_token,
            result=self.result,
            answered=self.follow,
            now=self.now,
            reactor=reactor,
            observer=self.observer,
        )
        self.server_uuid = ""
        """The server's UUID, by which workers recognise it; known once the store is loaded."""
        self.heartbeat_limit = limits.heartbeat
        self._tasks_at_once = limits.tasks_at_once

    def now(self) -> Moment:
        """The present moment."""
        return Moment(self._time(), self.reactor.seconds())

    def follow(self) -> None:
        """After a change of the scheduler: hand out new work, perform effects, and begin a commit."""
        fresh = self.scheduler.take_fresh_work()
        if fresh:
            self.waiting.hand_out(fresh, self.now())
        for client_id in self.scheduler.take_freed_clients():
            self.waiting.look_again(client_id, self.now())
        for share in self.scheduler.take_eased():
            self.waiting.reopen(share, partial(self.scheduler.has_work, share))
        self.effects.perform(self.scheduler.take_effects())
        self.committer.begin()
        if self.scheduler.is_sweeping and not self._going_on:
            self._going_on = True
            Deferred.fromCoroutine(self._go_on_soon())

    async def _go_on_soon(self) -> None:
        await self.ease()
        self._soon(self._go_on)

    async def ease(self) -> None:
        """Wait for the store if many changes are pending, as a commit is encoded without a break."""
        if self.scheduler.changes.are_many:
            with suppress(AwedError):  # the requests that wait for durability get the error; this caller goes on
                await self.committer.durable()

    def _go_on(self) -> None:
        self._going_on = False
        self.scheduler.go_on(self.now())
        # A step puts new objects in the place of old ones. Python does not count these, so it would look for garbage
        # seldom, and then among very many at once.
        gc.collect(1)
        self._went_on.notify()
        self.follow()

    def let_go(self, entry: JobEntry) -> None:
        """Free an entry that does not become one of the scheduler's, some tasks at a time."""
        self.scheduler.jobs.let_go(entry)
        self.follow()

    async def swept(self, job_id: str) -> None:
        """Wait until a step that all tasks of a job take, some at a time, is done."""
        while self.scheduler.sweeps(job_id):
            await self._went_on.wait()

    async def settle(self) -> None:
        """:meth:`follow`, then wait until all changes are durable. Raises :class:`~awed.model.errors.StoreAway`."""
        self.follow()
        await self.committer.durable()

    async def durably(self, change: Callable[[], object]) -> None:
        """Call *change*, which changes the scheduler, and wait until that is durable.

        If it raises, that waits for durability too: the refusal may be because of a change that is not durable yet,
        such as the first try of the same request, which the caller would then take for done.
        """
        try:
            change()
        except AwedError:
            await self.committer.durable()
            raise
        await self.settle()

    async def data_token(self, job_id: str) -> DataToken:
        """The data token of a job, once all earlier changes are durable."""
        await self.committer.durable()
        secret = await self.store.one(Secret, job=job_id, id=job_id)
        if secret is None:
            return DataToken()
        return DataToken(secret.token, None if secret.hosts is None else {*secret.hosts, *self.data_hosts})

    async def result(self, result_id: str) -> Result | None:
        """The result of a finished task, by the id of the result; None if there is none."""
        return await self.store.one(Result, id=result_id)

    async def head(self, job_id: str) -> JobRecord:
        """A job without its tasks, finished or not. Raises :class:`~awed.model.errors.JobNotFound`."""
        await self.committer.durable()
        if (held := self.held(job_id)) is not None:
            return held.record()
        record = await self.store.one(JobRecord, id=job_id)
        if record is None:
            raise JobNotFound(job_id)
        return record

    async def job(self, job_id: str) -> JobRecord:
        """A job with its tasks, finished or not. Raises :class:`~awed.model.errors.JobNotFound`."""
        await self.committer.durable()
        if (held := self.held(job_id)) is not None:
            return held.whole()
        record = await self.store.job(job_id)
        if record is None:
            raise JobNotFound(job_id)
        return record

    def is_out(self, run: Run) -> bool:
        """Whether a client has a workunit out, as this attempt."""
        record = self.scheduler.work.run(parse_work_id(run.wuid))
        return record is not None and record.state is WorkState.CHECKOUT and record.attempt == run.attempt

    def held(self, job_id: str) -> JobEntry | None:
        """The entry of a job that the scheduler has, None for any other."""
        return self.scheduler.jobs.find(job_id)

    async def delete(self, job_id: str, full: bool) -> None:
        """Delete a job that the scheduler has, see :meth:`awed.scheduler.jobs.Jobs.delete`.

        A large one is suspended first, some tasks at a time. Raises :class:`~awed.model.errors.JobNotFound` if it was
        deleted meanwhile.
        """
        jobs = self.scheduler.jobs
        if len(jobs.get(job_id).tasks) > self._tasks_at_once:
            jobs.suspend(job_id, self.now(), "about to be deleted")
            self.follow()
            await self.swept(job_id)
        jobs.delete(job_id, self.now(), full)
        self.follow()
        await self.swept(job_id)  # so that its tasks are not counted any more

    async def remove_stored(self, job_id: str, expired: bool) -> None:
        """Remove all that is stored of a job that the scheduler does not have."""
        record = await self.store.one(JobRecord, id=job_id)
        if record is not None:
            outputs = [io async for task in every(self.store, TaskRecord, job=job_id) for io in own_outputs([task])]
            self.scheduler.jobs.remove_stored(record, outputs, self.now(), expired)

    async def remove_ended_steps(self, run_id: str) -> None:
        """Remove all that is stored of the steps of a run that have ended, and of their own steps.

        The run is removed after them: without it nobody would find them. Those that have not ended follow it.
        """
        runs = [run_id]
        while runs:
            query = JobQuery(fields={"info.parent": (runs.pop(),)}, states=(JobState.COMPLETED, JobState.DELETED))
            while steps := [record.job.id for record in (await self.store.heads(query)).records]:
                for job_id in steps:
                    await self.alone.run(job_id, self._remove_ended(job_id))
                await self.committer.durable()
                runs += steps

    async def _remove_ended(self, job_id: str) -> None:
        if self.held(job_id) is None:
            await self.remove_stored(job_id, expired=False)

    def checkout_now(self, ask: Ask) -> list[Workunit]:
        """Hand out work for *ask*. Raises what :meth:`awed.scheduler.work.Work.checkout` raises."""
        work = self.scheduler.work
        if ask.most is None:
            return [work.checkout(ask.client_id, ask.spare, self.now())]
        return work.checkout_many(ask.client_id, ask.spare, ask.most, self.now(), ask.ahead)
