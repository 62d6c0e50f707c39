"""Performs the effects that the scheduler asks for, and brings it the answers."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from awed.model.errors import AwedError, StoreAway, Unavailable
from awed.model.job import IO, Task
from awed.model.records import DeleteNodes
from awed.model.reuse import Result
from awed.model.times import Moment
from awed.scheduler.changes import Check, Effect, Prepare, TaskEffect, about
from awed.scheduler.core import Scheduler
from awed.scheduler.tasks import Prepared
from awed.service.files import Access, DataToken, Missing, TaskFiles
from awed.service.observer import Observer
from awed.service.reuse import Finder
from awed.shock.interface import WAITS
from awed.tx.pauses import Pauses

PAUSES = Pauses(2.0, 45.0, growth=3.0, most=4)
"""Between the tries of an effect whose data host does not answer."""

PATIENCE = 180.0
"""Seconds from the first failure after which no new try begins and the task is suspended.

A try gives up on a dead host after 20 seconds and on a silent one after 80, so this takes three to four minutes.
"""

STORE_PAUSE = 5.0
"""Seconds between the tries while the daemon's own store does not answer. Their number is not limited."""

DELETION_PAUSES = Pauses(60.0, 3600.0)
"""Between the tries to delete nodes of a host that does not answer."""

DELETION_PATIENCE = 24 * 3600.0
"""Seconds after which nodes of a host that does not answer are not deleted any more."""

FAULT = "a fault of the server, about which its log tells more"
"""Why a task is suspended after an unexpected exception."""

T = TypeVar("T")


class Effects:
    """Performs effects concurrently.

    *token*: finds the data token of a job, once all earlier changes are durable. *answered*: called after each answer
    that the scheduler took. If an effect is void by the time it is done, because the job was suspended or deleted,
    the nodes that it made are deleted.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        files: TaskFiles,
        token: Callable[[str], Awaitable[DataToken]],
        result: Callable[[str], Awaitable[Result | None]],
        answered: Callable[[], object],
        now: Callable[[], Moment],
        reactor: IReactorTime,
        observer: Observer,
    ) -> None:
        self._scheduler = scheduler
        self._files = files
        self._token = token
        self._result = result
        self._answered = answered
        self._now = now
        self._reactor = reactor
        self._observer = observer
        self._under_way: dict[Deferred[None], Effect] = {}

    def perform(self, effects: Iterable[Effect]) -> None:
        """Begin to perform *effects*."""
        for effect in effects:
            work = Deferred.fromCoroutine(self._safely(effect))
            if not work.called:
                self._under_way[work] = effect
                work.addBoth(self._done, work)

    def _done(self, result: None, work: Deferred[None]) -> None:
        self._under_way.pop(work, None)

    async def stop(self) -> None:
        """Cancel all effects under way. The scheduler asks for them again after a restart."""
        under_way = list(self._under_way)
        for work in under_way:
            work.cancel()
        await DeferredList(under_way, consumeErrors=True)

    async def _safely(self, effect: Effect) -> None:
        begun = self._reactor.seconds()
        WAITS.set(partial(self._waits, effect))
        try:
            match effect:
                case Prepare():
                    await self._prepare(effect)
                case Check():
                    await self._check(effect)
                case DeleteNodes():
                    await self._delete(effect)
        except CancelledError:
            return
        except Exception:
            self._log.failure("files, {kind}: failed", kind=type(effect).__name__.lower(), **about(effect))
            self._give_up(effect)
        self._observer.performed(effect, self._reactor.seconds() - begun)

    def _waits(self, effect: Effect, cause: str, pause: float) -> None:
        """Log that a data host is waited for, and note it at the task."""
        self._log.warn("{cause}; next try in {pause:g} s", cause=cause, pause=pause, **about(effect))
        if isinstance(effect, TaskEffect) and self._scheduler.tasks.waits(effect, cause, pause, self._now()):
            self._answered()

    def _give_up(self, effect: Effect) -> None:
        """Suspend the task after an unexpected exception, so that it does not wait for an answer for ever."""
        if isinstance(effect, TaskEffect) and self._scheduler.tasks.failed(effect, FAULT, self._now()):
            self._answered()

    async def _prepare(self, effect: Prepare) -> None:
        tasks = self._scheduler.tasks
        task = tasks.get(effect)
        if task is None:
            return
        before = {io.node for io in task.outputs}

        wish = tasks.wish(effect.taskid)
        finder = Finder(wish, self._result) if wish else None

        async def once(task: Task) -> Prepared:
            access = await self._access(task.jobid, effect)
            return await self._files.prepare(task, tasks.origins(task.taskid), access, finder)

        prepared = await self._tried(task, once, effect)
        if prepared is None:
            return
        if not tasks.prepared(effect, prepared, self._now()):
            made = [io for io in prepared.outputs if io.is_made and io.node not in before]
            tasks.unneeded(task.jobid, effect.owner, made)
        self._answered()

    async def _check(self, effect: Check) -> None:
        tasks = self._scheduler.tasks
        task = tasks.get(effect)
        if task is None:
            return

        async def once(task: Task) -> tuple[list[IO], dict[str, str]]:
            return await self._files.check(task, await self._access(task.jobid, effect))

        found = await self._tried(task, once, effect)
        if found is not None:
            outputs, md5s = found
            tasks.checked(effect, outputs, self._now(), md5s)
            self._answered()

    async def _tried(self, task: Task, once: Callable[[Task], Awaitable[T]], effect: TaskEffect) -> T | None:
        """The result of *once*, tried again while the data host does not answer.

        None if it failed, which the scheduler has been told.
        """
        tasks = self._scheduler.tasks
        pauses = PAUSES.within(PATIENCE, self._reactor.seconds)
        while True:
            try:
                return await once(task)
            except Missing as missing:
                reason = "; ".join(missing.texts)
                tasks.outputs_missing(effect, missing.ranks, reason, self._now())
                break
            except AwedError as error:
                pause = _pause(error, pauses)
                if pause is None:
                    tasks.failed(effect, "; ".join(error.texts), self._now())
                    break
                if not isinstance(error, StoreAway):
                    self._waits(effect, "; ".join(error.texts), pause)
                await deferLater(self._reactor, pause)
        self._answered()
        return None

    async def _access(self, job_id: str, effect: Effect) -> Access:
        return Access(await self._token(job_id), effect.owner)

    async def _delete(self, deletion: DeleteNodes) -> None:
        """Delete nodes, again and again where hosts do not answer. Then the record of the deletion is removed."""
        access = await self._with_store(lambda: self._access(deletion.jobid, deletion))
        pauses = DELETION_PAUSES.within(DELETION_PATIENCE, self._reactor.seconds)
        left = deletion.nodes
        while left := await self._undeleted(deletion.jobid, left, access):
            pause = next(pauses, None)
            if pause is None:
                self._log.warn("job {job}: {number} nodes stay", job=deletion.jobid, number=len(left))
                break
            await deferLater(self._reactor, pause)
        self._scheduler.tasks.deleted(deletion)
        self._answered()

    async def _undeleted(self, job_id: str, nodes: list[tuple[str, str]], access: Access) -> list[tuple[str, str]]:
        """Delete nodes. Returns those whose host does not answer."""
        away: set[str] = set()
        for host, node_id in nodes:
            if host in away:
                continue
            try:
                await self._with_store(partial(self._files.delete, host, node_id, access))
            except AwedError as error:
                self._log.warn("job {job}: could not delete a node: {error}", job=job_id, error=error)
                if isinstance(error, Unavailable):
                    away.add(host)
        return [node for node in nodes if node[0] in away]

    async def _with_store(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of *call*, tried again while the daemon's own store does not answer."""
        while True:
            try:
                return await call()
            except StoreAway:
                await deferLater(self._reactor, STORE_PAUSE)


def _pause(error: AwedError, pauses: Iterator[float]) -> float | None:
    """Seconds after which what failed with *error* is tried again, None if it is not."""
    if isinstance(error, StoreAway):
        return STORE_PAUSE
    return next(pauses, None) if isinstance(error, Unavailable) else None
