"""The same random history of batches, queries and restarts on a store and on the memory store: both say the same."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread, deferToThread

from awed.model.job import JobError
from awed.model.node import NodeRecord
from awed.model.records import HELD, KINDS, Batch, JobRecord, Kind, TaskRecord, Unfinished
from awed.model.states import JobState
from awed.model.work import PerfRecord, WorkRecord, WorkReport
from awed.store.interface import IStore, JobQuery
from tests.unit.store.contract import Home, everything
from tests.unit.store.memory import MemoryStore
from tests.unit.store.records import SAMPLES, at, job, node, perf, report, task, work

T = TypeVar("T")

TEXTS = st.sampled_from(["", "a", "b", "B", "3", "true", "é", "it's", 'say "x"', "2026-01-01T00:00:01Z", "a\\b", "%"])
VALUES = st.one_of(TEXTS, st.booleans(), st.sampled_from([0, 1, 3, 3.0, 2.5, -7, 10**30]), st.none())
TIMES = st.sampled_from([0.0, 1.0, 1.000001, 1.5, 2.0]).map(at)
JOB_IDS = st.sampled_from(["j0", "j1", "j2", "j3"])
INDEXES = st.integers(0, 2)
USERS = st.sampled_from(["joe", "ann", "public", "all", "a'b"])

USERATTR = st.fixed_dictionaries(
    {}, optional={"submission": VALUES, "x": VALUES | st.lists(VALUES, max_size=2), 'a"b': VALUES, "$": VALUES}
)
INFO = {
    "name": TEXTS,
    "project": TEXTS,
    "priority": st.sampled_from([1, 2, 3, 10**20]),
    "auth": st.booleans(),
    "submittime": TIMES,
    "startedtime": TIMES,
    "completedtime": TIMES,
    "userattr": USERATTR,
}


@st.composite
def jobs(draw: st.DrawFn) -> JobRecord:
    record = job(
        draw(JOB_IDS),
        owner=draw(USERS),
        read=tuple(draw(st.lists(USERS, max_size=2))),
        state=draw(st.sampled_from(JobState)),
        updated=draw(st.sampled_from([0.0, 1.0, 1.5])),
        **draw(st.fixed_dictionaries({}, optional=INFO)),
    )
    record.job.expiration = draw(TIMES | st.just(record.job.expiration))
    record.job.error = draw(st.none() | st.builds(JobError, status=TEXTS))
    return record


@st.composite
def tasks(draw: st.DrawFn) -> TaskRecord:
    record = task(draw(JOB_IDS), draw(INDEXES), app=draw(TEXTS), inputs=tuple(draw(st.lists(TEXTS, max_size=2))))
    record.task.userattr = draw(USERATTR)
    return record


def some(records: st.SearchStrategy[T], size: int = 3) -> st.SearchStrategy[list[T]]:
    return st.lists(records, max_size=size)


TASK_IDS = st.builds("{}_{}".format, JOB_IDS, INDEXES)
WORK_IDS = st.builds("{}_{}".format, TASK_IDS, INDEXES)
NAMES = st.sampled_from(["a", "b"])

RECORDS: dict[type, st.SearchStrategy[Any]] = {
    JobRecord: jobs(),
    TaskRecord: tasks(),
    WorkRecord: st.builds(work, JOB_IDS, INDEXES, INDEXES, client=TEXTS),
    WorkReport: st.builds(report, JOB_IDS, INDEXES, INDEXES, stdout=TEXTS),
    PerfRecord: st.builds(perf, JOB_IDS, INDEXES, INDEXES, measured=VALUES),
    NodeRecord: st.builds(node, NAMES, attributes=VALUES),
}
"""Records that differ in what stores look at; of the other kinds, samples do."""

GONE = {"gone_jobs": JOB_IDS, "gone_work": WORK_IDS, "gone_reports": TASK_IDS}


def records(kind: Kind[Any]) -> st.SearchStrategy[list[Any]]:
    samples = st.builds(SAMPLES[kind.type], JOB_IDS if kind.job else NAMES, NAMES)
    return some(RECORDS.get(kind.type, samples), 3 if kind.job else 1)


BATCHES = st.builds(
    Batch,
    **{kind.name: records(kind) for kind in KINDS},
    **{gone: some(GONE.get(gone, NAMES), 1) for kind in KINDS for gone in kind.gone},
    meta=st.dictionaries(TEXTS, TEXTS, max_size=1),
)

PATHS = st.sampled_from(
    [
        "id",
        "state",
        "updatetime",
        "expiration",
        "error.status",
        "resumed",
        *(f"info.{name}" for name in INFO),
        *(f"info.userattr.{name}" for name in ("submission", "x", 'a"b', "$", "none")),
        "tasks.cmd.name",
        "tasks.inputs.filename",
        "tasks.userattr.x",
    ]
)
TEXTS_ASKED = TEXTS | st.sampled_from(["j0", "queued", "1", "2.5", "-7", "false", "null", "1" + "0" * 30])

QUERIES = st.builds(
    JobQuery,
    states=st.lists(st.sampled_from(JobState), max_size=2).map(tuple),
    id_prefix=st.sampled_from(["", "", "j", "j1", "x"]),
    ids=st.none() | st.lists(st.sampled_from(["j0", "j1", "x"]), max_size=2).map(tuple),
    fields=st.dictionaries(PATHS, st.lists(TEXTS_ASKED, max_size=2), max_size=2),
    reader=st.none() | USERS,
    since=st.none() | TIMES,
    until=st.none() | TIMES,
    order=PATHS | st.just("updatetime"),
    descending=st.booleans(),
    limit=st.integers(0, 3),
    offset=st.integers(0, 3),
)


class StoreMachine(RuleBasedStateMachine):
    """*new_home* gives the home of an empty store for each history."""

    def __init__(self, new_home: Callable[[], Home]) -> None:
        super().__init__()
        self.home = new_home()
        self.store = self.home()
        self.model = MemoryStore()
        wait(self.store.open)
        wait(self.model.open)
        self.last = Batch()

    def teardown(self) -> None:
        wait(self.store.close)

    @rule(batch=BATCHES)
    def commit(self, batch: Batch) -> None:
        self.last = batch
        wait(lambda: self.store.commit(batch))
        wait(lambda: self.model.commit(batch))

    @rule()
    def commit_the_same_again(self) -> None:
        self.commit(self.last)

    @rule()
    def restart(self) -> None:
        wait(self.store.close)
        self.store = self.home()
        wait(self.store.open)

    @rule(query=QUERIES)
    def page(self, query: JobQuery) -> None:
        self.agree(lambda store: store.jobs(query))

    @rule(path=PATHS, query=QUERIES)
    def distinct(self, path: str, query: JobQuery) -> None:
        self.agree(lambda store: store.distinct(path, query))

    @rule(job_id=JOB_IDS)
    def one_job(self, job_id: str) -> None:
        self.agree(lambda store: store.job(job_id))
        mine, models = wait(lambda: self.store.load_job(job_id)), wait(lambda: self.model.load_job(job_id))
        assert sorted_parts(mine) == sorted_parts(models)

    @rule(kind=st.sampled_from(KINDS), name=NAMES)
    def records(self, kind: Kind[Any], name: str) -> None:
        self.agree(everything)
        if kind.job != "job":
            self.agree(lambda store: store.ids(kind.type))
            self.agree(lambda store: store.page(kind.type, [name], 1))

    @rule(work_id=WORK_IDS)
    def one_report(self, work_id: str) -> None:
        job, task, rank = work_id.split("_")
        fields: dict[str, Any] = {"job": job, "task": f"{job}_{task}", "rank": int(rank)}
        self.agree(lambda store: store.one(WorkReport, **fields))

    @rule(states=st.sets(st.sampled_from(JobState), max_size=2), now=TIMES)
    def ids(self, states: set[JobState], now: datetime) -> None:
        self.agree(lambda store: store.job_ids(states))
        self.agree(lambda store: store.expired(now))

    @rule()
    def load(self) -> None:
        mine, models = wait(self.store.load), wait(self.model.load)
        assert mine.meta.pop("server_uuid") != models.meta.pop("server_uuid")
        assert sorted_parts(mine) == sorted_parts(models)

    def agree(self, ask: Callable[[IStore], Awaitable[T]]) -> T:
        """The answer, which must be the model's."""
        answer = wait(lambda: ask(self.store))
        assert answer == wait(lambda: ask(self.model))
        return answer


def sorted_parts(unfinished: Unfinished | None) -> list[object]:
    """What is unfinished, in one order."""
    if unfinished is None:
        return []
    return [unfinished.meta, *(sorted(map(repr, getattr(unfinished, kind.name))) for kind in HELD)]


async def run_histories(new_home: Callable[[], Home], number: int) -> None:
    """Try *number* histories, in a thread, for Hypothesis is none of the reactor's.

    Each needs an empty store, for which *new_home* is called.
    """

    class Histories(StoreMachine):
        def __init__(self) -> None:
            super().__init__(new_home)

    await deferToThread(
        run_state_machine_as_test,
        Histories,
        settings=settings(max_examples=number, stateful_step_count=20, deadline=None),
    )


def wait(call: Callable[[], Awaitable[T]]) -> T:
    """What *call* comes to in the reactor's thread."""

    async def called() -> T:
        return await call()

    def begun() -> Deferred[T]:
        return Deferred.fromCoroutine(called())

    result: T = cast(Any, blockingCallFromThread)(reactor, begun)
    return result
