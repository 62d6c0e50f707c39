"""The scheduler's verbs for workunits, made durable."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress

from twisted.internet.defer import CancelledError

from awed.model.errors import (
    AwedError,
    JobNotFound,
    LogNotFound,
    NothingToDo,
    StaleAttempt,
    Unauthorized,
    Unavailable,
)
from awed.model.ids import WorkId, parse_work_id
from awed.model.records import Secret
from awed.model.times import Moment
from awed.model.work import PerfRecord, Report, ReportStatus, WorkRecord, WorkReport, Workunit
from awed.scheduler.entries import JobEntry, TaskEntry
from awed.scheduler.requirements import Spare
from awed.scheduler.spans import Span
from awed.service.files import DataToken
from awed.service.shell import Shell
from awed.service.waiting import Ask


class WorkVerbs:
    """Hand out workunits, take reports, show workunits and logs, and the secrets for those who have workunits."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def checkout(
        self, client_id: str, available: int | None, wait: float = 0, walltime: float | None = None
    ) -> Workunit:
        """Hand out a workunit to a client, waiting up to *wait* seconds for one.

        *available*: free disk space of the client, in bytes. *walltime*: seconds from now until it leaves. Both None
        if not known. Raises what :meth:`awed.scheduler.work.Work.checkout` raises.
        """
        [unit] = await self._hand_out(Ask(client_id, self._spare(available, walltime)), wait)
        return unit

    async def checkout_many(
        self, client_id: str, available: int | None, wait: float, walltime: float | None, *, most: int, ahead: int = 0
    ) -> list[Workunit]:
        """As :meth:`checkout`, for up to *most* workunits. *ahead*: see
        :meth:`awed.scheduler.work.Work.checkout_many`."""
        return await self._hand_out(Ask(client_id, self._spare(available, walltime), most, ahead), wait)

    def _spare(self, available: int | None, walltime: float | None) -> Spare:
        return Spare(available, None if walltime is None else self._shell.reactor.seconds() + walltime)

    async def _hand_out(self, ask: Ask, wait: float) -> list[Workunit]:
        units = self._checkout_if_any(ask) if wait > 0 else self._shell.checkout_now(ask)
        if not units:
            units = await self._wait(ask, wait) or self._shell.checkout_now(ask)
        try:
            await self._shell.settle()
        except (CancelledError, Unavailable):
            self._give_back(units)
            raise
        return units

    def _wait(self, ask: Ask, seconds: float) -> Awaitable[list[Workunit]]:
        shell = self._shell
        return shell.waiting.wait(shell.scheduler.clients.get(ask.client_id), ask, seconds, shell.now())

    def _checkout_if_any(self, ask: Ask) -> list[Workunit]:
        """Work, if there is any. A method of its own, so that no exception is kept alive while the client waits."""
        with suppress(NothingToDo):
            return self._shell.checkout_now(ask)
        return []

    def _give_back(self, units: Iterable[Workunit]) -> None:
        """Queue *units* again, as the client that asked for them is gone or gets an error.

        Those that cannot be, because of what happened meanwhile, are skipped.
        """
        now = self._shell.now()
        for unit in units:
            self._take(Report(unit.wuid, unit.client, ReportStatus.DISCARDED, attempt=unit.attempt), now)
        self._shell.follow()

    async def report(self, report: Report) -> None:
        """Take a worker's report. Raises what :meth:`awed.scheduler.work.Work.report` raises."""
        await self._shell.durably(lambda: self._shell.scheduler.work.report(report, self._shell.now()))

    async def report_many(self, reports: Iterable[Report]) -> list[AwedError | None]:
        """Take several reports, each by itself. Returns for each what :meth:`report` would raise, or None."""
        now = self._shell.now()
        faults = [self._take(report, now) for report in reports]
        await self._shell.settle()
        return faults

    def _take(self, report: Report, now: Moment) -> AwedError | None:
        try:
            self._shell.scheduler.work.report(report, now)
        except AwedError as error:
            return error
        return None

    async def get(self, work_id: WorkId) -> Workunit:
        """A workunit that is queued, checked out or suspended. Raises :class:`~awed.model.errors.WorkNotFound`."""
        await self._shell.committer.durable()
        return self._shell.scheduler.work.get(work_id)

    async def spans(self, chosen: Callable[[JobEntry], bool]) -> Iterator[list[Span]]:
        """See :meth:`awed.scheduler.work.Work.spans`."""
        await self._shell.committer.durable()
        return self._shell.scheduler.work.spans(chosen)

    async def spans_of(self, job_id: str, task_name: str) -> list[Span]:
        """See :meth:`awed.scheduler.work.Work.spans_of`."""
        await self._shell.committer.durable()
        return self._shell.scheduler.work.spans_of(job_id, task_name)

    def units(self, entry: TaskEntry, ranks: Iterable[int]) -> Iterator[Workunit]:
        """See :meth:`awed.scheduler.work.Work.units`."""
        return self._shell.scheduler.work.units(entry, ranks)

    def out(self) -> Iterator[WorkRecord]:
        """The records of all workunits that are checked out."""
        return self._shell.scheduler.work.out()

    async def log(self, work_id: WorkId, name: str) -> str:
        """The log *name* of a workunit, also after its end.

        Raises :class:`~awed.model.errors.LogNotFound` if no report of it has come.
        """
        report = await self.reported(work_id)
        if report is not None:
            return str(getattr(report, name))
        if await self._shell.store.one(PerfRecord, **_whose(work_id)) is not None:
            return ""  # there was a report, without logs
        origin = await self._origin(work_id)
        if origin is None:
            raise LogNotFound(name)
        return await self.log(origin, name)

    async def _origin(self, work_id: WorkId) -> WorkId | None:
        """The workunit whose result this one has, None if it ran itself."""
        with suppress(JobNotFound):
            job = (await self._shell.job(work_id.job_id)).job
            task = next((task for task in job.tasks if task.taskid == work_id.task_id), None)
            if task is not None and task.reused and work_id.rank in task.ranks:
                return parse_work_id(task.reused[task.ranks.index(work_id.rank)])
        return None

    async def reported(self, work_id: WorkId) -> WorkReport | None:
        """The logs of the last report of a workunit, None if there is none, or none with logs."""
        await self._shell.committer.durable()
        report: WorkReport | None = await self._shell.store.one(WorkReport, **_whose(work_id))
        return report

    def is_out(self, work_id: WorkId) -> bool:
        """Whether a client has the workunit."""
        return bool(self._shell.scheduler.work.holder(work_id))

    async def data_token(self, work_id: WorkId) -> DataToken:
        """The data token of the job. The caller checks that the client has one of its workunits."""
        return await self._shell.data_token(work_id.job_id)

    async def private_env(self, work_id: WorkId) -> dict[str, str]:
        """The private environment variables of the task. The caller checks that the client has the workunit."""
        secret = await self._secret(work_id)
        return secret.environ if secret else {}

    async def passwords(self, work_id: WorkId) -> dict[str, str]:
        """The passwords of the task's inputs, by URL without password. The caller checks as for
        :meth:`private_env`."""
        secret = await self._secret(work_id)
        return secret.passwords if secret else {}

    async def _secret(self, work_id: WorkId) -> Secret | None:
        return await self._shell.store.one(Secret, job=work_id.job_id, id=work_id.task_id)

    def require_latest(self, work_id: WorkId, attempt: int) -> None:
        """Raises :class:`~awed.model.errors.StaleAttempt` if a later attempt of the workunit has begun."""
        record = self._shell.scheduler.work.run(work_id)
        if record is not None and record.attempt > attempt:
            later = f"workunit {work_id} was given to another worker, as attempt {record.attempt}"
            raise StaleAttempt(f"{later}: attempt {attempt} is over")

    def require_holder(self, work_id: WorkId, client_id: str) -> None:
        """Raises :class:`~awed.model.errors.Unauthorized` unless the client has the workunit."""
        if not client_id or self._shell.scheduler.work.holder(work_id) != client_id:
            raise Unauthorized(f"workunit {work_id} is not checked out by client {client_id}")


def _whose(work_id: WorkId) -> dict[str, str | int]:
    return {"job": work_id.job_id, "task": work_id.task_id, "rank": work_id.rank}
