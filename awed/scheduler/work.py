"""The verbs for workunits: handing them out, and taking reports."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec.json import Encoder

from awed.model import ids
from awed.model.attempts import Cause
from awed.model.errors import (
    ClientBusy,
    ClientNotFound,
    ClientSuspended,
    NoEligibleWork,
    NothingToDo,
    QueueEmpty,
    QueueSuspended,
    StaleAttempt,
    WorkNotFound,
)
from awed.model.feed import WorkEvent
from awed.model.ids import WorkId, parse_work_id
from awed.model.resources import MEMORY, amounts_of
from awed.model.states import ClientState, TaskState, WorkState
from awed.model.times import NO_TIME, Moment
from awed.model.work import PerfRecord, Report, ReportStatus, WorkRecord, WorkReport, Workunit
from awed.scheduler.blame import Blame
from awed.scheduler.client_entry import NO_WORK, ClientEntry
from awed.scheduler.clients import Clients
from awed.scheduler.entries import JobEntry, Place, TaskEntry
from awed.scheduler.failures import Failures, attempt_of
from awed.scheduler.flow import Flow
from awed.scheduler.requirements import Spare
from awed.scheduler.reservations import Reservations
from awed.scheduler.spans import Span, spans
from awed.scheduler.state import State
from awed.scheduler.tellings import work_change

LARGE_ANSWER = 4 << 20
"""Bytes of workunits, as JSON, after which an answer with several ends."""

RESERVED = "reserved"
"""The state of a workunit in the answer to its checkout, as in the original. Elsewhere it is ``checkout``."""


_encode = Encoder().encode


class Work:
    """The verbs for workunits."""

    def __init__(self, state: State, flow: Flow, clients: Clients, blame: Blame, failures: Failures) -> None:
        self._state = state
        self._flow = flow
        self._clients = clients
        self._blame = blame
        self._failures = failures
        self._reservations = Reservations(state)

    def checkout(self, client_id: str, spare: Spare, now: Moment) -> Workunit:
        """Hand out to a client the first workunit, in the order of hand-out, that it may have and that fits there.

        Raises :class:`~awed.model.errors.ClientNotFound`, :class:`~awed.model.errors.ClientBusy`,
        :class:`~awed.model.errors.ClientSuspended`, or a subclass of :class:`~awed.model.errors.NothingToDo`.
        """
        client = self._may_ask(client_id, spare, now)
        if client.slots_taken >= client.client.slots and not self._clients.doubt(client, now):
            raise ClientBusy
        place = self._reservations.next_for(client, now)
        if place is None:
            raise self._nothing()
        return self._hand_out(place, client, now)

    def checkout_many(self, client_id: str, spare: Spare, most: int, now: Moment, ahead: int = 0) -> list[Workunit]:
        """Hand out up to *most* workunits to a client, at least one.

        The workunits of a client that registered its resources fit there together, except for up to *ahead* ones that
        ask for no resources and wait there for others to end. Other clients must know themselves how many they can
        have.

        A client gets at most its share of the queued work (guided self-scheduling): large portions while there is
        plenty, single workunits near the end, so that all clients finish together. The answer ends after LARGE_ANSWER
        bytes. Raises what :meth:`checkout` raises.
        """
        client = self._may_ask(client_id, spare, now)
        counts = self._state.counts
        share = counts.work[WorkState.QUEUED] // max(1, counts.clients.total())
        most = max(1, min(most, share))
        units: list[Workunit] = []
        size = length = 0
        while len(units) < most and size < LARGE_ANSWER:
            place = self._reservations.next_for(client, now)
            if place is None and ahead:
                ahead -= 1
                place = self._reservations.ahead_for(client, now)
            if place is None:
                break
            units.append(unit := self._hand_out(place, client, now))
            length = length if len(units) > 1 and unit.taskid == units[-2].taskid else _length(unit)
            size += length
        if not units:
            raise self._nothing()
        return units

    def _nothing(self) -> NothingToDo:
        return NoEligibleWork() if self._state.counts.work[WorkState.QUEUED] else QueueEmpty()

    def _hand_out(self, place: Place, client: ClientEntry, now: Moment) -> Workunit:
        client.spare = client.spare.without(place.disk)
        record = self._check_out(place, client, now)
        return self._view(place.entry, record.rank, record, RESERVED)

    def _may_ask(self, client_id: str, spare: Spare, now: Moment) -> ClientEntry:
        client = self._clients.seen(client_id, now)
        client.spare = spare
        client.last_ask = now.seconds
        if not client.confirmed:
            raise ClientNotFound
        if self._state.queue_suspended:
            raise QueueSuspended
        if client.client.status is ClientState.SUSPEND:
            raise ClientSuspended
        if not client.held:
            client.discards = NO_WORK
        return client

    def _check_out(self, place: Place, client: ClientEntry, now: Moment) -> WorkRecord:
        entry = place.entry
        record = entry.record_of(place.ranks.first)
        record.client = client.client.id
        record.checkout_time = now.time
        record.attempt = max(record.attempt, entry.base_attempts) + 1
        entry.attempts = max(entry.attempts, record.attempt)
        client.client.total_checkout += 1
        self._state.went_out(entry, place, record, now)
        self._state.event("WC", now, wuid=record.wuid, jobid=record.jobid, clientid=record.client)
        return record

    def report(self, report: Report, now: Moment) -> None:
        """Take a report of a workunit that the client has, or that was taken from it and no other client had since.

        Any other report changes nothing. It raises :class:`~awed.model.errors.StaleAttempt` if it names its attempt,
        and :class:`~awed.model.errors.ClientNotFound` if the client is not registered.
        """
        found = self._ran_by(report)
        client = self._state.clients.get(report.client)
        if client is not None:
            self._clients.seen(report.client, now)
            client.obeyed(report.wuid)
        if found is None:
            self._refuse(report, client, now)
            return
        entry, record = found
        if record.state is WorkState.QUEUED:
            self._ran_after_all(entry, record, client, now)
        self._state.tally.reports[report.status] += 1
        self._keep_logs(record, report)
        if report.status is ReportStatus.DONE:
            self._done(entry, record, report, now)
        elif record.state is WorkState.CHECKOUT:
            if report.status is ReportStatus.DISCARDED:
                self._state.requeue(entry, record, now, forget=True, cause=Cause.DISCARDED)
            else:
                self._failures.failed(entry, record, report, now)

    def _ran_by(self, report: Report) -> tuple[TaskEntry, WorkRecord] | None:
        """The task and the record of the reported workunit, if the client was the last to have it."""
        entry, record = self._state.find_work(parse_work_id(report.wuid)) or (None, None)
        if entry is None or record is None or record.client != report.client:
            return None
        return (entry, record) if report.attempt in (None, record.attempt) else None

    def _ran_after_all(self, entry: TaskEntry, record: WorkRecord, client: ClientEntry | None, now: Moment) -> None:
        """Give a workunit that is queued again back to the client that had it and now reports it."""
        if client is not None:
            client.asks_ahead |= record.wuid in client.doubted
        place = entry.place_of(record)
        if place is not None:
            self._state.went_out(entry, place, record, now)

    def _refuse(self, report: Report, client: ClientEntry | None, now: Moment) -> None:
        if client is None:
            raise ClientNotFound
        self._state.tally.reports_refused += 1
        client.asks_ahead |= report.wuid in client.doubted
        reason = f"workunit {report.wuid} is not checked out by client {report.client}"
        self._state.event("WI", now, reason, wuid=report.wuid, clientid=report.client)
        if report.attempt is not None:
            raise StaleAttempt(f"{reason} as attempt {report.attempt}")

    def _keep_logs(self, record: WorkRecord, report: Report) -> None:
        """Store the logs and the performance record of a report; both if an earlier attempt may have left either."""
        changes = self._state.changes
        wuid, job_id, task_id, rank = record.wuid, record.jobid, record.taskid, record.rank
        has_logs, has_perf, again = bool(report.logs or report.tes), report.perf is not None, record.attempt > 1
        if has_logs or (again and has_perf):
            logs: dict[str, Any] = {**report.logs, "raw": dict(report.raw), "cuts": dict(report.cuts)}
            changes.report(WorkReport(wuid, job_id, task_id, rank, attempt=record.attempt, tes=report.tes, **logs))
        if has_perf or (again and has_logs):
            changes.perf(PerfRecord(wuid, job_id, task_id, rank, report.perf))

    def _done(self, entry: TaskEntry, record: WorkRecord, report: Report, now: Moment) -> None:
        state = self._state
        state.release(record, discard=False)
        state.counts.work[record.state] -= 1
        del entry.records[record.rank]
        entry.done.add(record.rank)
        entry.last_done = record
        entry.task.remainwork -= 1
        entry.task.computetime += report.computetime
        entry.ended(attempt_of(entry, record, ReportStatus.DONE, now, report))
        state.changes.work_gone(record.wuid)
        state.changes.task(entry)
        state.changes.state(work_change(entry, record, WorkEvent.DONE))
        self._blame.succeeded(record, now)
        state.event("WD", now, wuid=record.wuid, jobid=record.jobid, clientid=record.client)
        if not entry.task.remainwork and entry.is_at_work:
            self._flow.check(entry, now)

    def get(self, work_id: WorkId) -> Workunit:
        """A workunit that is queued, checked out or suspended. Raises :class:`~awed.model.errors.WorkNotFound`."""
        found = self._state.find_work(work_id)
        if found is None or found[0].task.starteddate == NO_TIME:
            raise WorkNotFound(str(work_id))
        entry, record = found
        return self._view(entry, work_id.rank, record)

    def spans(self, chosen: Callable[[JobEntry], bool]) -> Iterator[list[Span]]:
        """For each task of the jobs that *chosen* accepts, its workunits that are queued, checked out or suspended.

        They are found task by task as they are iterated, between which anything may change.
        """
        for job in list(self._state.jobs.values()):
            if chosen(job):
                yield from (spans(entry) for entry in job.tasks if entry.has_work)

    def spans_of(self, job_id: str, task_name: str) -> list[Span]:
        """The workunits of a task that are queued, checked out or suspended; empty if the job or task is not here."""
        entry = self._state.task_of(job_id, task_name)
        return spans(entry) if entry and entry.has_work else []

    def units(self, entry: TaskEntry, ranks: Iterable[int]) -> Iterator[Workunit]:
        """The workunits of these ranks, as they are when they are iterated, without those that are gone by then."""
        job_id = entry.task.jobid
        for rank in ranks:
            if self._state.jobs.get(job_id) is entry.job and entry.has_work and entry.has_unfinished(rank):
                yield self._view(entry, rank, entry.records.get(rank))

    def out(self) -> Iterator[WorkRecord]:
        """The records of all workunits that are checked out."""
        return (held.record for client in self._state.clients.values() for held in client.held.values())

    def run(self, work_id: WorkId) -> WorkRecord | None:
        """The record of a workunit that is not done and has been out, else None."""
        found = self._state.find_work(work_id)
        return found[1] if found else None

    def is_unfinished(self, work_id: WorkId) -> bool:
        """Whether a workunit is still to be done: its job is held, and its rank is not done."""
        return self._state.find_work(work_id) is not None

    def holder(self, work_id: WorkId) -> str:
        """The id of the client to which a workunit is checked out, "" if there is none."""
        record = self.run(work_id)
        return record.client if record is not None and record.state is WorkState.CHECKOUT else ""

    def _view(self, entry: TaskEntry, rank: int, record: WorkRecord | None, shown: str = "") -> Workunit:
        task = entry.task
        wuid = ids.work_id(task.taskid, rank)
        unit = Workunit(
            wuid=wuid,
            id=wuid,
            jobid=task.jobid,
            taskid=task.taskid,
            task_name=ids.task_name(task.taskid),
            info=entry.job.job.info,
            inputs=task.inputs,
            outputs=task.outputs,
            predata=task.predata,
            cmd=task.cmd,
            rank=rank,
            totalwork=task.totalwork,
            part=entry.part,
            state=WorkState.SUSPEND if task.state is TaskState.SUSPEND else WorkState.QUEUED,
            userattr=task.userattr,
            walltime=task.walltime,
            tes=task.tes,
            network=task.network,
        )
        if amounts := amounts_of(entry.job.job.info.resources, task.resources):
            unit.resources = amounts
        if record is not None:
            if record.memory:
                unit.resources = {**amounts, MEMORY: record.memory}
            unit.walltime = record.walltime or unit.walltime
            unit.state = shown or record.state
            unit.failed = record.failed
            unit.checkout_time = record.checkout_time
            unit.client = "" if record.state is WorkState.QUEUED else record.client
            unit.attempt = record.attempt
        return unit


def _length(unit: Workunit) -> int:
    """The size of a workunit in an answer, in bytes, about."""
    return len(_encode(unit))
