"""What becomes of work whose run failed or was lost: it is tried again, by its cause, or its job is suspended."""

import math

from msgspec import Raw

from awed.model.attempts import Attempt, Cause, Policy, used_of
from awed.model.feed import WorkEvent
from awed.model.job import JobError
from awed.model.resources import MEMORY, MOST
from awed.model.states import JobState
from awed.model.times import Moment
from awed.model.work import Report, ReportStatus, WorkRecord
from awed.scheduler.blame import Blame
from awed.scheduler.entries import PLAIN_RANKS, Place, TaskEntry
from awed.scheduler.flow import Flow
from awed.scheduler.ranks import RankSet
from awed.scheduler.state import State
from awed.scheduler.tellings import work_change
from awed.workflow.values import LONGEST_WALLTIME

STDERR_TAIL = 4096
"""Characters of the stderr of a failed command in its job's document."""

PERMANENT_FAILURE = 42
"""The exit status of a command that should not be run again."""


class Failures:
    """Decides by the policies of tasks. Each cause counts for itself."""

    def __init__(self, state: State, flow: Flow, blame: Blame) -> None:
        self._state = state
        self._flow = flow
        self._blame = blame

    def failed(self, entry: TaskEntry, record: WorkRecord, report: Report, now: Moment) -> None:
        """A run of a workunit that is checked out failed: queue it again or, after too many failures, suspend the
        job."""
        state = self._state
        if record.client and record.client not in record.failed_on:
            record.failed_on = [*record.failed_on, record.client]
        cause = Cause.EXIT if report.cause in (None, Cause.DISCARDED) else report.cause
        permanent = report.status is ReportStatus.FAILED_PERMANENT or report.exitstatus == PERMANENT_FAILURE
        about = {"wuid": record.wuid, "jobid": record.jobid, "clientid": record.client}
        state.event("WF", now, **about)
        state.changes.state(work_change(entry, record, WorkEvent.FAILED, report.cause, report.exitstatus))
        entry.ended(attempt_of(entry, record, cause, now, report))
        state.changes.task(entry)
        self._blame.failed(record, report, now)
        if report.is_workers_fault or self._may_try(entry, record, cause, permanent):
            state.requeue(entry, record, now, forget=True)
            state.event("WR", now, **about)
        else:
            state.event("W!" if permanent else "WP", now, **about)
            if permanent:
                state.event("JF", now, jobid=record.jobid)
            self._give_up(entry, record, _why(record, report, cause, permanent), now)

    def lost(self, entry: TaskEntry, record: WorkRecord, now: Moment) -> None:
        """The client of a workunit was silent for too long: queue it again or, the last time, suspend the job."""
        client = record.client
        entry.ended(attempt_of(entry, record, Cause.LOST, now))
        self._state.changes.task(entry)
        if self._counts(entry, record, Cause.LOST, self._state.policy(entry)):
            self._state.requeue(entry, record, now, cause=Cause.LOST)
        else:
            notes = f"workunit was lost {record.failures[Cause.LOST]} time(s): its worker vanished"
            error = JobError(client, record.wuid, record.taskid, notes, status=JobState.SUSPEND, cause=Cause.LOST)
            self._give_up(entry, record, error, now)

    def _may_try(self, entry: TaskEntry, record: WorkRecord, cause: Cause, permanent: bool) -> bool:
        """Count a failure; whether the workunit may be tried again, and then with what it lacked."""
        record.failed += 1
        policy = self._state.policy(entry)
        if not self._counts(entry, record, cause, policy) or permanent or entry.job.job.info.noretry:
            record.paused = False
            return False
        if cause is Cause.TIME and policy.time_factor > 1:
            longer = math.ceil((record.walltime or entry.task.walltime or 0) * policy.time_factor)
            record.walltime = min(longer, LONGEST_WALLTIME)
        return cause is not Cause.MEMORY or self._grows(entry, record, policy)

    def _counts(self, entry: TaskEntry, record: WorkRecord, cause: Cause, policy: Policy) -> bool:
        """Count a failure; whether there is another try after it, for which the workunit may have to wait."""
        failures = record.failures.get(cause, 0) + 1
        record.failures = {**record.failures, cause: failures}
        record.paused = policy.wait is not None
        return failures <= policy.tries[cause]

    def _grows(self, entry: TaskEntry, record: WorkRecord, policy: Policy) -> bool:
        """Let a workunit that lacked memory have more, as far as a client has it; whether one has more."""
        asked = dict(entry.needs_with(record.memory)).get(MEMORY, 0)
        if not asked:
            return True
        wanted = Place(entry, PLAIN_RANKS, RankSet()).asks()
        able = [client.stock for client in self._state.clients.values() if wanted.suits(client.kind)]
        most = max((stock.total.get(MEMORY, stock.untold) for stock in able), default=MOST)
        record.memory = int(min(asked * policy.memory_factor, most, MOST))
        return record.memory > asked

    def _give_up(self, entry: TaskEntry, record: WorkRecord, error: JobError, now: Moment) -> None:
        said = f" msg from client:{error.worknotes}" if error.worknotes else ""
        notes = error.servernotes.removeprefix("workunit ").partition(",")[0]
        self._flow.suspend(entry.job, now, f"workunit {record.wuid} {notes}.{said}", error)
        if entry.is_at_work:  # the sweep of a large job would come to this task later
            self._state.suspend_task(entry)


def attempt_of(
    entry: TaskEntry, record: WorkRecord, cause: str, now: Moment, report: Report | None = None
) -> Attempt:
    """The run of a workunit that has ended *now*, as its task shows it."""
    asked: dict[str, int | float] = dict(entry.needs_with(record.memory))
    walltime = record.walltime or entry.task.walltime
    if walltime:
        asked["walltime"] = walltime
    return Attempt(
        work=record.wuid,
        attempt=record.attempt,
        cause=cause,
        exitstatus=report.exitstatus if report else None,
        begun=record.checkout_time,
        ended=now.time,
        asked=asked,
        used=used_of(report.perf) if report and isinstance(report.perf, Raw) else None,
    )


def _why(record: WorkRecord, report: Report, cause: Cause, permanent: bool) -> JobError:
    no_use = f", exit status {PERMANENT_FAILURE}: not tried again" if permanent else ""
    return JobError(
        clientfailed=report.client,
        workfailed=record.wuid,
        taskfailed=record.taskid,
        servernotes=f"workunit failed {record.failed} time(s){no_use}",
        worknotes=report.logs.get("worknotes", ""),
        apperror=report.logs.get("stderr", "")[-STDERR_TAIL:],
        status=JobState.SUSPEND,
        cause=cause,
    )
