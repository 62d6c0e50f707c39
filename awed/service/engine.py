"""The engine, which the API calls: the scheduler's verbs made durable.

Each verb changes the scheduler in memory, begins what follows (effects, handing out work, the commit), and returns
when the change is durable.
"""

from contextlib import suppress

from twisted.internet.defer import Deferred, TimeoutError
from twisted.logger import Logger

from awed.model.errors import Unavailable
from awed.model.events import Event
from awed.model.records import Batch, JobRecord
from awed.model.states import JobState
from awed.scheduler.state import Follow
from awed.service.checking import CheckVerbs
from awed.service.clients import ClientVerbs
from awed.service.events import EventVerbs
from awed.service.jobs import JobVerbs
from awed.service.once import Once
from awed.service.queue import QueueVerbs
from awed.service.reasons import ReasonVerbs
from awed.service.revisions import RevisionVerbs
from awed.service.shell import Shell
from awed.service.sweeps import SweepVerbs
from awed.service.work import WorkVerbs
from awed.service.worklogs import WorkLogs

SERVER_UUID = "server_uuid"
"""The setting in the store with the server's UUID, by which workers recognise it."""

ANSWER_LIMIT = 3.0
"""Seconds within which the store must answer, for the daemon to be ready."""

HANGING = 120.0
"""Seconds after which a commit under way is taken to hang for ever."""


class Engine:
    """The verbs by subject. :meth:`start` must be called first, :meth:`stop` last."""

    _log = Logger()

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.turns = shell.turns
        self.jobs = JobVerbs(shell)
        self.checks = CheckVerbs(shell)
        self.once = Once(shell)
        self.reasons = ReasonVerbs(shell)
        self.revisions = RevisionVerbs(shell)
        self.sweeps = SweepVerbs(shell, self.revisions)
        self.work = WorkVerbs(shell)
        self.clients = ClientVerbs(shell)
        self.queue = QueueVerbs(shell)
        self.events = EventVerbs(shell)
        self.logs = WorkLogs(shell)

    @property
    def server_uuid(self) -> str:
        """The server's UUID, by which workers recognise it."""
        return self._shell.server_uuid

    @property
    def heartbeat_limit(self) -> float:
        """Seconds of silence after which a client is given up."""
        return self._shell.heartbeat_limit

    async def start(self) -> None:
        """Load what the store, which must be open, has, and go on with it."""
        stored = await self._shell.store.load()
        self._shell.server_uuid = stored.meta[SERVER_UUID]
        await self._shell.feed.start()
        self._shell.scheduler.restore(stored, self._shell.now())
        await self._follow_runs()
        await self.jobs.drafts.start()
        self.once.restore(stored.meta)
        self._log.info(
            "restored {jobs} unfinished jobs with {tasks} tasks, {out} workunits that were out, {clients} clients",
            jobs=len(stored.jobs),
            tasks=len(stored.tasks),
            out=len(stored.work),
            clients=len(stored.clients),
        )
        if stored.jobs:
            started = Event("SR", self._shell.now().time, text=f"{len(stored.jobs)} unfinished jobs")
            self._shell.scheduler.changes.event(started)
        await self._shell.live_logs.start(self._shell.is_out)
        await self._shell.settle()

    async def _follow_runs(self) -> None:
        """Have steps follow whose run was changed, when the daemon was killed before they did."""
        steps = self._shell.scheduler.steps
        for run_id in list(steps.restore()):
            run = await self._shell.store.one(JobRecord, id=run_id)
            if run is None:
                steps.lead(run_id, Follow.REMOVE)
            elif run.job.state is JobState.DELETED:
                steps.lead(run_id, Follow.DELETE)

    def turn_away(self) -> None:
        """The server is about to stop: whoever waits for work, or comes to wait, is told to ask again, and nobody
        waits for events any more."""
        self._shell.feed.close()
        self._shell.live_logs.close()
        self._shell.waiting.close()

    async def stop(self) -> None:
        await self._shell.effects.stop()
        await self._shell.committer.stop()

    async def tick(self) -> None:
        """Do what is due by now, see :meth:`awed.scheduler.core.Scheduler.tick`. To be called about every second."""
        for client_id in self._shell.scheduler.tick(self._shell.now()):
            self._log.warn("client {client} was silent for too long: its work is queued again", client=client_id)
        self._shell.follow()

    async def commit(self, batch: Batch, undo: Batch | None = None) -> None:
        """Make records durable that the scheduler does not have; see
        :meth:`awed.service.committer.Committer.commit`."""
        await self._shell.committer.commit(batch, undo)

    async def require_ready(self) -> None:
        """Raises :class:`~awed.model.errors.Unavailable`, with all reasons, if the store cannot be used now."""
        reasons = [self._shell.committer.fault] if self._shell.committer.fault else []
        try:
            await Deferred.fromCoroutine(self._shell.store.check()).addTimeout(ANSWER_LIMIT, self._shell.reactor)
        except Unavailable as error:
            reasons += error.texts
        except TimeoutError:
            reasons.append(f"the store did not answer within {ANSWER_LIMIT:.0f} s")
        if reasons:
            raise Unavailable(*reasons)

    async def lives(self) -> bool:
        """False if the store hangs in a commit. Does not return while the store answers nothing at all."""
        with suppress(Unavailable):
            await self._shell.store.check()
        return self._shell.committer.lasts < HANGING
