"""Finds clients at which work fails through no fault of its own, and suspends them for a while (puts them *aside*).

A failure counts against the job. It is blamed on the client if the client says so (it had too little memory or disk
to start the command), or if work of several jobs failed there and was then done by others. One job alone cannot bring
a client down.
"""

from awed.model.states import ClientState
from awed.model.times import Moment
from awed.model.work import Report, WorkRecord
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.state import State

SHORTEST, LONGEST = 10.0, 600.0
"""Seconds for which a client is put aside: the first time, twice as long each further time, and at most."""

JOBS_KEPT = 50
"""Jobs with failures that are remembered of a client, the latest ones."""

SKIP_WORK_SHOWN = 50
"""Workunits that failed at a client that its view shows, the latest ones."""


class Blame:
    """Notes how runs end, and puts clients aside."""

    def __init__(self, state: State) -> None:
        self._state = state

    def succeeded(self, record: WorkRecord, now: Moment) -> None:
        """A run succeeded: forget the failures of its client, and blame the clients at which the workunit failed."""
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
        """A run failed: take the workunit from its client, and note the failure there."""
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
        """Give the client no more work for a while. It keeps the workunits that it has."""
        if entry.client.status is ClientState.SUSPEND:
            return
        seconds = min(SHORTEST * 2.0**entry.asides, LONGEST)
        entry.asides += 1
        self._state.suspend_client(entry, reason, now.after(seconds))

    def remember(self, entry: ClientEntry, now: Moment) -> None:
        """After a restart, keep a client aside for the rest of its time."""
        if entry.is_aside:
            rest = (entry.client.suspended_until - now.time).total_seconds()
            entry.back_at = now.seconds + min(max(0.0, rest), LONGEST)

    def let_back(self, now: Moment) -> None:
        """Give work again to clients whose time aside is over. Their failures are forgotten once they succeed."""
        for entry in [entry for entry in self._state.aside.values() if entry.back_at <= now.seconds]:
            self._state.resume_client(entry)
