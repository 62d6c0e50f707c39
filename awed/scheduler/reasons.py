"""Why work does not run: compares what it asks for with the registered workers, by the rules of the hand-out."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from msgspec import UNSET

from awed.model.errors import WorkNotFound
from awed.model.ids import WorkId, task_name
from awed.model.reasons import Waits, Why
from awed.model.remarks import Remark
from awed.model.states import ClientState, JobState, WorkState
from awed.model.times import NO_TIME, Moment, rfc3339
from awed.model.work import WorkRecord
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.entries import PLAIN_RANKS, JobEntry, Place, TaskEntry
from awed.scheduler.queue import Queued
from awed.scheduler.ranks import RankSet
from awed.scheduler.requirements import Misfit, Wanted, groups_of
from awed.scheduler.reservations import Reservations
from awed.scheduler.shares import Share
from awed.scheduler.state import State
from awed.scheduler.tallies import BUSY, FREE, SUSPENDED, Tally, asking, told, word

MOST_TASKS = 1000
"""How many tasks of a job are searched for needs that no worker meets."""

LOOKED_AT = 100
"""How many different needs of a job are compared with the workers when it is submitted."""

LONGEST = 200
"""The most characters of a sentence."""

FEW = 10
"""The most names in a sentence."""


class Reasons:
    """Explains jobs, tasks and workunits. *reservations*: know for which large work a client is kept free."""

    def __init__(self, state: State, reservations: Reservations) -> None:
        self._state = state
        self._reservations = reservations

    def unmet(self, job: JobEntry, now: Moment) -> list[Remark]:
        """The needs of a job that no worker meets which may run its work: each once, at its first place."""
        job.share = self._state.shares.user(job.submitter)  # which one that is only checked does not have
        places: dict[tuple[Wanted, int], Place] = {}
        for entry in islice(job.tasks, MOST_TASKS):
            place = Place(entry, PLAIN_RANKS, RankSet.of([range(1)]))
            places.setdefault((place.asks(), place.disk), place)
        found: dict[str, str] = {}
        for (wanted, disk), place in islice(places.items(), LOOKED_AT):
            if not self._is_met(wanted, disk, place.share, now):
                tally = self.tally(wanted, disk, place, now)
                found.setdefault(_text(tally, wanted, place.share), f"tasks[{place.entry.index}].{asking(tally)}")
        return [Remark(where, text) for text, where in found.items()]

    def _is_met(self, wanted: Wanted, disk: int, share: Share, now: Moment) -> bool:
        """Whether a worker could run work with *disk* bytes of inputs that asks for *wanted*, if nothing else ran."""
        clients = (client for client in self._state.clients.values() if client.confirmed)
        return any(
            wanted.fits(client.offer(now).at_best(min(share.most.cores, client.share.most.cores)), disk)
            for client in clients
        )

    def tasks(self, job: JobEntry, now: Moment) -> Iterator[Waits]:
        """Why each waiting task of a job waits."""
        known: dict[tuple[Wanted, int], Tally] = {}
        return (waits for entry in job.tasks if (waits := self.task(entry, now, known)) is not None)

    def job(self, job: JobEntry, now: Moment) -> str:
        """Why a job is not done."""
        if job.job.state is JobState.SUSPEND:
            return _cut(f"suspended: {_suspended(job)}")
        done = len(job.tasks) - job.job.remaintasks
        tried = (entry for entry in job.tasks if entry.records)
        running = sum(any(_is_out(record.state) for record in entry.records.values()) for entry in tried)
        said = f"{done} of {len(job.tasks)} tasks done, {running} running"
        moving = (self.task(entry, now, {}) for entry in job.tasks if not entry.blockers)
        first = next((waits for waits in moving if waits), None)
        return _cut(f"{said}; task {first.taskid} {first.why}" if first else said)

    def kind(self, queued: Queued, now: Moment) -> str:
        """Why the oldest work of a kind waits: for those who may know of the kind, but not whose work this is."""
        if self._state.queue_suspended:
            return "the server's queue is suspended"
        tally = self.tally(queued.wanted, queued.oldest.disk, queued.oldest, now, queued.wanted.groups)
        if word(tally) is Why.SHARE:
            return "its user, or the workers' group, runs as much as may be"
        return _cut(told(tally, queued.wanted))

    def work(self, work_id: WorkId, now: Moment) -> Waits:
        """Why a workunit waits, or that it runs.

        Raises :class:`~awed.model.errors.WorkNotFound` if there is no such workunit, or it is done.
        """
        entry = self._state.task(work_id.task_id)
        if entry is None or not entry.has_unfinished(work_id.rank):
            raise WorkNotFound(str(work_id))
        record = entry.records.get(work_id.rank)
        name = task_name(entry.task.taskid)
        if record is not None and _is_out(record.state):
            since = rfc3339(record.checkout_time.replace(microsecond=0))
            return Waits(name, Why.RUNNING, f"runs since {since}, attempt {record.attempt}")
        place = entry.place_of(record) if record else entry.places.get(PLAIN_RANKS)
        return self._why(entry, place, now, {}) or Waits(name, Why.PREPARING, "is about to be queued")

    def task(self, entry: TaskEntry, now: Moment, known: dict[tuple[Wanted, int], Tally]) -> Waits | None:
        """Why a task waits; None if it is done, or all of its workunits that are not done run.

        *known*: the tallies made so far for tasks of this job, by need and bytes of inputs.
        """
        first = min(entry.places.values(), key=lambda place: place.ranks.first, default=None)
        return None if entry.is_done else self._why(entry, first, now, known)

    def _why(
        self, entry: TaskEntry, place: Place | None, now: Moment, known: dict[tuple[Wanted, int], Tally]
    ) -> Waits | None:
        job, name = entry.job.job, task_name(entry.task.taskid)
        if job.state is JobState.SUSPEND:
            return Waits(name, Why.SUSPENDED, _cut(f"waits: its job is suspended: {_suspended(entry.job)}"))
        if entry.blockers:
            after = [other for other in map(task_name, entry.task.depends_on) if not entry.job.by_name[other].is_done]
            return Waits(name, Why.AFTER, _cut(f"waits for {_tasks(after)}"), after=after)
        if job.info.start_at > now.time and not entry.is_at_work:
            until = rfc3339(job.info.start_at)
            return Waits(
                name, Why.START_AT, f"waits: its job is not to start before {until}", until=job.info.start_at
            )
        if place is not None:
            return self._queued(place, now, known)
        if entry.busy:
            return self._files(entry)
        return None if entry.is_at_work else Waits(name, Why.PREPARING, "is about to be started")

    def _files(self, entry: TaskEntry) -> Waits:
        name = task_name(entry.task.taskid)
        if entry.data_wait is not None and entry.data_wait.generation == entry.busy:
            until = rfc3339(entry.data_wait.until)
            text = _cut(f"waits for a data host: {entry.data_wait.cause}", f"; next try at {until}")
            return Waits(name, Why.DATA, text, until=entry.data_wait.until)
        if entry.is_at_work:
            return Waits(name, Why.PREPARING, "has run: its outputs are being looked at")
        return Waits(name, Why.PREPARING, "waits: its files are being found and made")

    def _queued(self, place: Place, now: Moment, known: dict[tuple[Wanted, int], Tally]) -> Waits:
        entry, wanted = place.entry, place.wanted
        name = task_name(entry.task.taskid)
        if wanted is None:
            return _paused(name, entry, entry.records[place.ranks.first])
        if self._state.queue_suspended:
            return Waits(name, Why.QUEUE, "waits: the server's queue is suspended, nothing is handed out")
        tally = known.get((wanted, place.disk))
        if tally is None:
            tally = known[wanted, place.disk] = self.tally(wanted, place.disk, place, now)
        unlike = (entry.reusing and entry.reusing.unlike) or UNSET
        state, text, end, until = word(tally), _text(tally, wanted, place.share), "", NO_TIME
        if state is Why.PAUSE and (record := entry.records[place.ranks.first]).until > now.time:
            until = record.until.replace(microsecond=0)
            end = f"{_last_failure(entry, record)}{_next_try(until)}"
        return Waits(name, state, _cut(f"waits: {text}", end), tally.shown(), until=until, reuse=unlike)

    def tally(
        self, wanted: Wanted, disk: int, place: Place, now: Moment, reach: frozenset[str] | None = None
    ) -> Tally:
        """What hinders each worker from running *place*. Counts only workers in *reach*: by default those that run
        work of this user, or of the groups that it names, as the user must not know of others."""
        if reach is None:
            reach = wanted.groups | groups_of("", place.entry.job.submitter)
        counts: Counter[str] = Counter()
        best: dict[str, Misfit] = {}
        workers = 0
        for client in self._state.clients.values():
            if not client.confirmed or reach.isdisjoint(client.kind.groups):
                continue
            workers += 1
            hindrance = self.hindrance(client, place, wanted, disk, now)
            counts[hindrance.what if hindrance else FREE] += 1
            if hindrance and (hindrance.what not in best or best[hindrance.what].has < hindrance.has):
                best[hindrance.what] = hindrance
        return Tally(workers, counts, best)

    def hindrance(self, client: ClientEntry, place: Place, wanted: Wanted, disk: int, now: Moment) -> Misfit | None:
        """Why *client*, if it asked now, would not get work of *place*, even if that were first; None if it would."""
        offer = client.offer(now).within(place.share.left)
        misfit = wanted.misfit(offer.whole(), disk)
        if misfit is not None:
            return misfit
        if client.client.status is ClientState.SUSPEND:
            return Misfit(SUSPENDED)
        is_full = client.slots_taken >= client.client.slots or wanted.misfit(offer, disk) is not None
        return Misfit(BUSY) if is_full or self._reservations.keeps(client, place, now) else None


def _paused(name: str, entry: TaskEntry, record: WorkRecord) -> Waits:
    failed = sum(record.failures.values())
    times = f"{failed} times" if failed > 1 else "once"
    until = record.until.replace(microsecond=0)
    text = f"waits: it has failed {times}{_last_failure(entry, record)}{_next_try(until)}"
    return Waits(name, Why.PAUSE, text, until=until)


def _last_failure(entry: TaskEntry, record: WorkRecord) -> str:
    """What the last run of a workunit failed by, "" if that is not known any more."""
    runs = reversed(entry.task.attempts)
    return next((f"; last failure: {run.words}" for run in runs if run.work == record.wuid), "")


def _next_try(until: datetime) -> str:
    return f"; next try at {rfc3339(until)}"


def _text(tally: Tally, wanted: Wanted, share: Share) -> str:
    return _share(wanted, share) if word(tally) is Why.SHARE and wanted.cores > share.left else told(tally, wanted)


def _share(wanted: Wanted, share: Share) -> str:
    """Why what a user has out leaves nothing for this work."""
    work, cores = share.most.work, share.most.cores
    if share.work >= work:
        return f"as many workunits of its user run as may: {work:g}"
    if wanted.cores > cores:
        return f"it needs {wanted.cores:g} cores, and a user may use {cores:g} at once"
    return (
        f"it needs {wanted.cores:g} of the {cores:g} cores that its user may use at once, and {share.left:g} are left"
    )


def _suspended(job: JobEntry) -> str:
    error = job.job.error
    if error is None:
        return job.job.notes
    task = f"task {task_name(error.taskfailed)}: " if error.taskfailed else ""
    return f"{task}{error.servernotes}{': ' if error.worknotes else ''}{error.worknotes}"


def _tasks(names: list[str]) -> str:
    few = ", ".join(names[:FEW])
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"task {few}" if len(names) == 1 else f"tasks {few}{more}"


def _cut(text: str, end: str = "") -> str:
    """*text* on one line, cut so that with *end* it has at most LONGEST characters."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    most = LONGEST - len(end)
    return (line if len(line) <= most else f"{line[: most - 3]}...") + end


def _is_out(state: WorkState) -> bool:
    return state is WorkState.CHECKOUT
