"""What speaks against a client, and what becomes of it then: it is put aside for a while.

A failure counts against the job. It is about the client if that says so (it could not even begin, for lack of memory
or disk), or if others do what fails there: several jobs, so that no single one can bring a client down.
"""

from awed.model.states import ClientState
from awed.model.times import Moment
from awed.model.work import Report, WorkRecord
from awed.scheduler.entries import ClientEntry
from awed.scheduler.state import State

SHORTEST, LONGEST = 10.0, 600.0
"""Seconds for which a client is put aside the first time, doubled each time; and how many at most."""

JOBS_KEPT = 50
"""How many jobs are remembered of which something failed at a client."""

SKIP_WORK_SHOWN = 50
"""How many of the workunits that failed at a client its view shows; the last ones."""


class Blame:
    """Draws conclusions from the ends of runs."""

    def __init__(self, state: State) -> None:
        self._state = state

    def succeeded(self, record: WorkRecord, now: Moment) -> None:
        """A run went well, which speaks for its client, and against those where the same has failed."""
        entry = self._state.clients.get(record.client)
        if entry is not None:
            entry.absolve()
            entry.client.total_completed += 1
            entry.client.lastcompleted = now.time
        for client_id in record.failed_on:
            other = self._state.clients.get(client_id)
            if other is not None and record.jobid in other.failing:
                self._outdone(other, record, now)

    def _outdone(self, entry: ClientEntry, record: WorkRecord, now: Moment) -> None:
        entry.failing[record.jobid] = True
        jobs = sum(entry.failing.values())
        if jobs >= self._state.limits.max_client_failure:
            self._put_aside(entry, f"work of {jobs} jobs failed here and was done elsewhere", now)

    def failed(self, record: WorkRecord, report: Report, now: Moment) -> None:
        """A run failed at the client that has it, which has it no more."""
        entry = self._state.clients.get(record.client)
        if entry is None:
            return
        entry.client.total_failed += 1
        entry.client.skip_work = [*entry.client.skip_work, record.wuid][-SKIP_WORK_SHOWN:]
        self._state.release(record, discard=False)
        if report.is_workers_fault:
            self._put_aside(entry, f"it could not begin: {report.logs.get('worknotes', report.cause)}", now)
        elif record.jobid not in entry.failing:
            entry.failing[record.jobid] = False
            if len(entry.failing) > JOBS_KEPT:
                del entry.failing[next(iter(entry.failing))]

    def _put_aside(self, entry: ClientEntry, reason: str, now: Moment) -> None:
        """Give the client no more work for a while. What runs there runs on."""
        if entry.client.status is ClientState.SUSPEND:
            return
        seconds = min(SHORTEST * 2.0**entry.asides, LONGEST)
        entry.asides += 1
        self._state.suspend_client(entry, reason, now.after(seconds))

    def remember(self, entry: ClientEntry, now: Moment) -> None:
        """After a restart: a client that was put aside stays so for the rest of its time."""
        if entry.is_aside:
            rest = (entry.client.suspended_until - now.time).total_seconds()
            entry.back_at = now.seconds + min(max(0.0, rest), LONGEST)

    def let_back(self, now: Moment) -> None:
        """Let those have work again whose time is over. What spoke against them is forgotten when they succeed."""
        for entry in [entry for entry in self._state.aside.values() if entry.back_at <= now.seconds]:
            self._state.resume_client(entry)
