"""Short ways to jobs, clients and reports, and a check of everything that must hold between two verbs."""

import copy
import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from msgspec import UNSET

from awed.model import ids
from awed.model.access import PUBLIC, User
from awed.model.client import Client
from awed.model.errors import NothingToDo
from awed.model.job import IO, Cmd, Info, Job, Task
from awed.model.records import Unfinished
from awed.model.resources import Said, cores_of
from awed.model.states import ClientState, JobState, TaskState, WorkState
from awed.model.times import NO_TIME, Moment
from awed.model.work import Report, ReportStatus, Workunit
from awed.scheduler.changes import Prepare
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.core import Scheduler
from awed.scheduler.entries import PLAIN_RANKS, Place, TaskEntry, Variant
from awed.scheduler.requirements import NOBODY, Spare, Wanted
from awed.scheduler.shares import UNLIMITED, Share
from awed.scheduler.state import Limits, State
from awed.scheduler.tasks import Prepared
from awed.workflow.submission import Submission

_numbers = count(1)

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def task(
    name: str,
    *after: str,
    work: int = 1,
    app: str = "app",
    inputs: Sequence[int] = (),
    outputs: Sequence[str] = (),
    walltime: int = 0,
    needs: Said | None = None,
) -> Task:
    """A task by the name that a document would give it; :func:`job` makes the names full ids. *inputs*: sizes."""
    return Task(
        taskid=name,
        cmd=Cmd(name=app),
        depends_on=list(after),
        totalwork=work,
        remainwork=work,
        inputs=[IO(filename=f"in{number}", size=size) for number, size in enumerate(inputs)],
        outputs=[IO(filename=output) for output in outputs],
        walltime=walltime,
        resources=needs or UNSET,
    )


def job(*tasks: Task, groups: str = "", priority: int = 1, submitted: float = 0, noretry: bool = False) -> Submission:
    job_id = str(UUID(int=next(_numbers)))  # equal jobs go by their ids, and not by chance
    for item in tasks:
        item.jobid = job_id
        item.taskid = ids.task_id(job_id, item.taskid)
        item.depends_on = [ids.task_id(job_id, name) for name in item.depends_on]
    info = Info(clientgroups=groups, priority=priority, submittime=at(submitted), noretry=noretry)
    return Submission(Job(id=job_id, info=info, tasks=list(tasks), remaintasks=len(tasks)))


@contextmanager
def more_entries() -> Iterator[Callable[[], int]]:
    """How many more entries of tasks there are than before, while nothing collects garbage."""

    def number() -> int:
        return sum(isinstance(one, TaskEntry) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    before = number()
    try:
        yield lambda: number() - before
    finally:
        gc.enable()


class World:
    """A scheduler with a clock that the test turns, and what the test needs to say again and again."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.scheduler = Scheduler(self.limits)
        self.now = Moment(T0, 1000.0)

    def submit(self, submission: Submission, token: str = "", user: str = PUBLIC) -> Job:
        return self.scheduler.jobs.submit(submission, User(user), token, self.now)

    def prepared(self, submission: Submission, user: str = PUBLIC) -> Job:
        """Submit a job whose files are ready."""
        submitted = self.submit(submission, user=user)
        for effect in self.scheduler.take_effects():
            assert isinstance(effect, Prepare)
            item = self.scheduler.tasks.get(effect)
            assert item is not None
            files = Prepared(item.inputs, item.outputs, item.predata, item.totalwork)
            self.scheduler.tasks.prepared(effect, files, self.now)
        return submitted

    def client(
        self,
        client_id: str,
        group: str = "",
        apps: Sequence[str] = ("*",),
        slots: int = 1,
        work: Sequence[str] = (),
        **more: Any,
    ) -> str:
        profile = Client(id=client_id, group=group, apps=list(apps), slots=slots, **more)
        self.scheduler.clients.register(profile, work, self.now)
        return client_id

    def checkout(self, client_id: str, available: int | None = None, time_left: float | None = None) -> Workunit:
        until = None if time_left is None else self.now.seconds + time_left
        return self.scheduler.work.checkout(client_id, Spare(available, until), self.now)

    def checkout_many(self, client_id: str, most: int = 100, ahead: int = 0) -> list[Workunit]:
        """None if there is nothing for it."""
        try:
            return self.scheduler.work.checkout_many(client_id, Spare(), most, self.now, ahead)
        except NothingToDo:
            return []

    def report(self, unit: Workunit, status: str = "done", *, attempt: int | None = None, **more: object) -> None:
        report = Report(unit.wuid, unit.client, ReportStatus(status), attempt=attempt, **more)  # type: ignore[arg-type]
        self.scheduler.work.report(report, self.now)

    def run(self, client_id: str) -> Workunit:
        """Check out and finish one workunit."""
        unit = self.checkout(client_id)
        self.report(unit)
        return unit

    @property
    def job_ids(self) -> list[str]:
        """The ids of all unfinished jobs."""
        return [entry.job.id for entry in self.scheduler.jobs.all()]

    def restart(self) -> None:
        """A new scheduler, on what is stored of the jobs and clients of this one."""
        entries = self.scheduler.jobs.all()
        tasks = [task for entry in entries for task in entry.tasks]
        work = [record for task in tasks for record in task.records.values()]
        clients = [entry.client for entry in self.scheduler._state.clients.values()]
        jobs = [entry.record() for entry in entries]
        stored = Unfinished(jobs, [task.record() for task in tasks], work, clients)
        self.scheduler = Scheduler(self.limits)
        self.scheduler.restore(copy.deepcopy(stored), self.now)

    def pass_time(self, seconds: float) -> None:
        self.now = self.now.after(seconds)

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the wall clock, so many seconds forward or back."""
        self.now = Moment(self.now.after(seconds).time, self.now.seconds)

    def live(self, seconds: int, *beating: str) -> list[str]:
        """Let time pass as it does in the daemon, with a tick each second, and with heartbeats of some clients. The
        clients that were lost."""
        lost = []
        for _ in range(seconds):
            self.pass_time(1)
            for client_id in beating:
                self.scheduler.clients.heartbeat(client_id, None, self.now)
            lost += self.scheduler.tick(self.now)
        return lost


def check_invariants(scheduler: Scheduler) -> None:
    """Counters equal recounts, a workunit is in one place, nothing runs before its dependencies."""
    state = scheduler._state
    _check_work(scheduler)
    _check_clients(state)
    _check_shares(state)
    assert +state.counts.jobs == Counter(entry.job.state for entry in state.jobs.values())
    held = [task for entry in state.jobs.values() for task in entry.tasks]
    assert +state.counts.tasks == Counter(task.task.state for task in (*held, *_leaving(scheduler)))
    for entry in state.jobs.values():
        assert entry.job.remaintasks == sum(not task.is_done for task in entry.tasks) > 0
        assert entry.job.state not in (JobState.COMPLETED, JobState.DELETED)
        if not scheduler.sweeps(entry.job.id):
            assert not entry.to_redo or not entry.is_active
            for task in entry.tasks:
                assert not (
                    task.is_at_work if entry.job.state is JobState.SUSPEND else task.task.state is TaskState.SUSPEND
                )


def _leaving(scheduler: Scheduler) -> list[TaskEntry]:
    """The tasks of jobs that are gone which are still counted."""
    return [entry for leaving in scheduler._flow.sweeps._leaving for entry in leaving.entries]


def _check_work(scheduler: Scheduler) -> None:
    state = scheduler._state
    counted: Counter[WorkState] = Counter()
    for left in _leaving(scheduler):
        assert not left.is_at_work
        if left.task.state is TaskState.SUSPEND and left.task.starteddate != NO_TIME:
            counted[WorkState.SUSPEND] += left.task.remainwork
    for job_entry in state.jobs.values():
        for entry in job_entry.tasks:
            task = entry.task
            assert task.remainwork == sum(map(len, entry.unfinished_ranks())) == task.totalwork - len(entry.done) >= 0
            assert entry.blockers == sum(
                not job_entry.by_name[ids.task_name(name)].is_done for name in task.depends_on
            )
            if task.state in (TaskState.QUEUED, TaskState.IN_PROGRESS):
                assert not entry.blockers
                out = sum(record.state is WorkState.CHECKOUT for record in entry.records.values())
                queued = sum(_check_place(place) for place in entry.places.values())
                is_taken_up = not scheduler.sweeps(job_entry.job.id)
                assert out + queued == task.remainwork if is_taken_up else out + queued <= task.remainwork
                counted[WorkState.CHECKOUT] += out
                counted[WorkState.QUEUED] += task.remainwork - out
            else:
                assert not entry.places
                if task.state is TaskState.SUSPEND and task.starteddate != NO_TIME:
                    counted[WorkState.SUSPEND] += task.remainwork
            assert task.state is not TaskState.COMPLETED or not task.remainwork
    assert +state.counts.work == +counted
    _check_queue(state, scheduler.is_sweeping)


def _check_place(place: Place) -> int:
    """How many ranks wait in a place, which are none of those that run or are done, and failed where they must."""
    entry = place.entry
    assert (place.wanted is None) is place.variant.paused
    assert len(place.ranks) > 0
    for rank in range(entry.first_rank, entry.last_rank + 1):
        if rank in place.ranks:
            record = entry.records.get(rank)
            assert record is None or record.state is WorkState.QUEUED
            assert entry.has_unfinished(rank)
            variant = Variant.of(record) if record else PLAIN_RANKS
            assert place.variant in (variant, variant._replace(avoid=NOBODY))
    return len(place.ranks)


def _check_queue(state: State, is_sweeping: bool) -> None:
    """The queue counts what waits, by what it asks for, and holds nothing else."""
    places = [
        place for job_entry in state.jobs.values() for entry in job_entry.tasks for place in entry.places.values()
    ]
    counted: Counter[Wanted] = Counter()
    for place in places:
        if place.wanted is not None:
            counted[place.wanted] += len(place.ranks)
    paused = sum(len(place.ranks) for place in places if place.wanted is None)
    assert {queued.wanted: queued.work for queued in state.queue.queued()} == counted
    if not is_sweeping:
        assert counted.total() + paused == state.counts.work[WorkState.QUEUED]
    rows = [
        row
        for crossing in state.queue._crossings.values()
        for lane in crossing.lanes.values()
        for row in lane.rows.values()
    ]
    standing = Counter(place for row in rows for place in row.line)
    assert standing == {place: len(list(place.wanted.routes())) for place in places if place.wanted}
    assert all(row.line for row in rows)
    for crossing in state.queue._crossings.values():
        for lane in crossing.lanes.values():
            assert list(lane.line) == sorted(lane.rows.values(), key=lambda row: (row.line.head, row.number))


def _check_shares(state: State) -> None:
    """Users and groups have out what their clients have."""
    counted: defaultdict[Share, list[float]] = defaultdict(list)
    for client in state.clients.values():
        assert client.share is state.shares.group(client.client.group)
        for held in client.held.values():
            assert held.share is state.shares.user(state.jobs[held.record.jobid].submitter)
            for share in (held.share, client.share):
                counted[share].append(cores_of(held.needs))
    users = {entry.share for entry in state.jobs.values()}
    for share in (users | {client.share for client in state.clients.values()}) - {UNLIMITED}:
        assert (share.work, share.cores) == (sum(map(bool, counted[share])), round(sum(counted[share]), 2))
        left = max(0.0, round(share.most.cores - share.cores, 2))
        assert share.left == (left if share.work < share.most.work else 0)
        asked = sorted(wanted.cores for wanted, of in state.queue._buckets if of is share)
        assert share.asked in (None, asked)


def _check_clients(state: State) -> None:
    assert +state.counts.clients == Counter(entry.client.status for entry in state.clients.values())
    out = {
        record.wuid: record.client
        for job_entry in state.jobs.values()
        for entry in job_entry.tasks
        for record in entry.records.values()
        if record.state is WorkState.CHECKOUT
    }
    held = {wuid: client_id for client_id, entry in state.clients.items() for wuid in entry.held}
    assert held == out
    for entry in state.clients.values():
        assert not entry.held.keys() & entry.discards
        for item in entry.held.values():
            of = state.task(item.record.taskid)
            assert of
            assert item.needs == of.needs_with(item.record.memory)
        if entry.client.status is not ClientState.SUSPEND:
            assert (entry.client.status is ClientState.BUSY) == bool(entry.held)
            assert not entry.client.suspend_reason
        else:
            assert entry.client.suspend_reason
            assert entry.is_aside or not entry.held
        assert entry.is_aside == (entry.client.id in state.aside)
        _check_free(entry)


def _check_free(entry: ClientEntry) -> None:
    """What is free is what it told, without what its work needs."""
    used: dict[str, float] = defaultdict(float)
    for held in entry.held.values() if entry.counts_resources else ():
        for name, amount in held.needs:
            used[name] += amount
    for name, amount in entry.stock.free.items():
        assert round(entry.stock.total.get(name, 0) - used[name], 2) == amount
