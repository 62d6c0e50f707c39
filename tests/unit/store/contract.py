"""What every store does: a new store's tests are a class of these and a fixture ``home``."""

from collections.abc import AsyncIterator, Callable
from operator import attrgetter
from typing import Any

import msgspec
import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from zope.interface.verify import verifyObject

from awed.model.client import Client
from awed.model.errors import Unavailable
from awed.model.ids import is_uuid
from awed.model.node import NodeRecord
from awed.model.records import KINDS, Batch, JobRecord, Kind, Unfinished, merge
from awed.model.states import UNFINISHED, JobState, TaskState
from awed.model.work import Part, PerfRecord, WorkReport
from awed.store.interface import PAGE, IStore, JobQuery
from awed.store.paging import AT_ONCE, TASKS, by_task, every
from tests.unit.store.records import at, batch, job, node, perf, report, sample, samples, task, work

EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=attrgetter("name"))

Home = Callable[[], IStore]
"""Gives a store, still closed, over the same data each time."""


class StoreTests:
    """The base of the contract's classes."""

    @pytest_twisted.async_yield_fixture
    async def store(self, home: Home) -> AsyncIterator[IStore]:
        store = home()
        await store.open()
        yield store
        await store.close()


class WritingContract(StoreTests):
    """Commits, and reading single things."""

    @ensureDeferred
    async def test_interface(self, store: IStore) -> None:
        assert verifyObject(IStore, store)

    @ensureDeferred
    async def test_empty(self, store: IStore) -> None:
        """An empty store has nothing of anything, but an identity."""
        assert await everything(store) == {kind.name: [] for kind in KINDS}
        assert await store.job("a") is None
        assert await store.load_job("a") is None
        unfinished = await store.load()
        assert is_uuid(unfinished.meta.pop("server_uuid"))
        assert unfinished == Unfinished()

    @EVERY_KIND
    @ensureDeferred
    async def test_a_record_of_any_kind_is_found_by_its_fields(self, store: IStore, kind: Kind[Any]) -> None:
        await store.commit(samples("ab", text="text"))
        record = sample(kind, "a", "text")
        key = {name: field(record) for name, field in kind.key.items()}
        assert await store.one(kind.type, **key) == record
        assert await store.all(kind.type, **key) == [record]
        for name, field in kind.also.items():
            assert await store.one(kind.type, **key, **{name: field(record)}) == record
        assert await store.all(kind.type) == [record, sample(kind, "b", "text")]
        for name in kind.key:
            assert await store.one(kind.type, **{**key, name: "unknown"}) is None

    @EVERY_KIND
    @ensureDeferred
    async def test_a_record_of_any_kind_is_replaced_whole(self, store: IStore, kind: Kind[Any]) -> None:
        await store.commit(samples("ab", text="old"))
        new = sample(kind, "a", "new")
        await store.commit(batch(**{kind.name: [new]}))
        assert await store.all(kind.type) == [new, sample(kind, "b", "old")]
        for name, field in kind.also.items():
            assert await store.one(kind.type, **{name: field(new)}) == new

    @pytest.mark.parametrize(("kind", "gone"), [(kind, gone) for kind in KINDS for gone in kind.gone])
    @ensureDeferred
    async def test_a_record_of_any_kind_goes_with_those_that_take_it_along(
        self, store: IStore, kind: Kind[Any], gone: str
    ) -> None:
        await store.commit(samples("ab"))
        id = kind.fields[kind.gone[gone]](sample(kind, "a"))
        await store.commit(batch(**{gone: [id, "unknown"]}))
        assert await store.all(kind.type) == [sample(kind, "b")]
        await store.commit(batch(**{gone: [id], kind.name: [sample(kind, "a")]}))
        assert await store.all(kind.type) == [sample(kind, "a"), sample(kind, "b")]

    @ensureDeferred
    async def test_what_is_no_job_s_is_read_page_by_page(self, store: IStore) -> None:
        await store.commit(samples("cab"))
        for kind in KINDS:
            if kind.job != "job":
                assert await store.ids(kind.type) == ["a", "b", "c"]
                assert await store.page(kind.type, [], 2) == [sample(kind, "a"), sample(kind, "b")]
                assert await store.page(kind.type, ["b"], 2) == [sample(kind, "c")]
                assert await store.page(kind.type, ["c"], 2) == []
                assert await store.last(kind.type) == sample(kind, "c")

    @ensureDeferred
    async def test_parts_of_a_job_are_read_page_by_page(self, store: IStore) -> None:
        reports = [report("a", index, rank) for index in (0, 1, 10) for rank in (1, 2, 10)]
        await store.commit(Batch(reports=[*reports, report("b", 0)]))
        in_order = sorted(reports, key=lambda one: (one.taskid, one.rank))
        assert await store.page(WorkReport, [], 4, job="a") == in_order[:4]
        assert await store.page(WorkReport, ["a_1", 2], 4, job="a") == in_order[5:]
        assert await store.page(WorkReport, [2], 4, job="a", task="a_1") == in_order[5:6]
        some = ["a_1", "a_0"]
        assert await store.page(WorkReport, ["a_0", 10], 9, job="a", task=some) == in_order[3:6]

    @ensureDeferred
    async def test_a_page_of_large_records_has_few_and_all_are_read_in_the_end(self, store: IStore) -> None:
        large = [report("a", index, rank, stdout=PAGE * "x") for index in (0, 1) for rank in range(1, 6)]
        small = [report("b", index, rank) for index in range(TASKS + 1) for rank in (1, 2)]
        await store.commit(Batch(reports=[*large, *small]))
        assert 1 <= len(await store.page(WorkReport, [], AT_ONCE, job="a")) < len(large)
        assert [one async for one in every(store, WorkReport, job="a")] == large
        for job_id, expected in (("a", large), ("b", small)):
            tasks = [f"{job_id}_{index}" for index in range(TASKS + 1)]
            found = [[one async for one in its] async for its in by_task(store, WorkReport, job_id, tasks)]
            assert found == [[one for one in expected if one.taskid == task_id] for task_id in tasks]

    @ensureDeferred
    async def test_of_large_jobs_few_are_read_at_a_time(self, store: IStore) -> None:
        jobs = [job(name, updated=number) for number, name in enumerate("abcd")]
        for record in jobs:
            record.size = PAGE
        await store.commit(Batch(jobs=jobs, tasks=[task(name, 0, app=PAGE * "x") for name in "abcd"]))
        page = await store.jobs(JobQuery())
        assert ([one.id for one in page.jobs], page.rest, page.total) == (["d"], ["c", "b", "a"], 4)
        await store.commit(Batch(gone_jobs=["c"]))
        first, second = await store.whole(["c", "a", "b"])
        assert first is None
        assert second is not None
        assert [len(one.cmd.name) for one in second.job.tasks] == [PAGE]

    @ensureDeferred
    async def test_it_can_be_asked_whether_it_is_there(self, store: IStore) -> None:
        await store.check()
        await store.close()
        with pytest.raises(Unavailable):
            await store.check()
        await store.open()

    @ensureDeferred
    async def test_job_comes_back_with_its_tasks_in_order(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a", name="n", userattr={"k": [1, {"x": None}], "ü": True})]))
        await store.commit(Batch(tasks=[task("a", 10), task("a", 2), task("b", 0)]))
        record = await store.job("a")
        assert record is not None
        assert [task.taskid for task in record.job.tasks] == ["a_2", "a_10"]
        record.job.tasks = []
        assert record == job("a", name="n", userattr={"k": [1, {"x": None}], "ü": True})

    @ensureDeferred
    async def test_same_batch_again_is_harmless(self, store: IStore) -> None:
        mine = merge(samples("ab"), Batch(jobs=[job("a", read=("ann",))], meta={"k": "v"}, gone_work=["a_1_0"]))
        await store.commit(mine)
        once = await everything(store)
        await store.commit(mine)
        assert await everything(store) == once
        assert (await store.jobs(JobQuery(reader="ann"))).total == 1

    @ensureDeferred
    async def test_a_job_is_replaced_whole(self, store: IStore) -> None:
        await store.commit(
            Batch(jobs=[job("a", project="p", userattr={"x": 1})], tasks=[task("a", 0, inputs=("f",))])
        )
        changed = job("a", project="q", state=JobState.COMPLETED, updated=5, completedtime=at(5))
        await store.commit(Batch(jobs=[changed], tasks=[task("a", 0, app="other", done="1-5")]))
        record = await store.job("a")
        assert record is not None
        assert [(task.cmd.name, task.inputs) for task in record.job.tasks] == [("other", [])]
        record.job.tasks = []
        assert record == changed

    @ensureDeferred
    async def test_the_records_of_one_job(self, store: IStore) -> None:
        """Whatever its state, with done ranks and work, to be taken up again."""
        mine = Batch(
            jobs=[job("a", state=JobState.COMPLETED), job("b")],
            tasks=[task("a", 1), task("a", 0, done="1-5"), task("b", 0)],
            work=[work("a", 0, 6), work("b", 0)],
        )
        await store.commit(mine)
        assert await store.load_job("c") is None
        found = await store.load_job("a")
        assert found is not None
        assert [record.job.id for record in found.jobs] == ["a"]
        assert sorted((record.index, record.done) for record in found.tasks) == [(0, "1-5"), (1, "")]
        assert [record.wuid for record in found.work] == ["a_0_6"]

    @ensureDeferred
    async def test_ids_by_state(self, store: IStore) -> None:
        states = {"a": JobState.QUEUED, "b": JobState.COMPLETED, "c": JobState.IN_PROGRESS}
        await store.commit(Batch(jobs=[job(id, state=state) for id, state in states.items()]))
        assert await store.job_ids([JobState.IN_PROGRESS, JobState.QUEUED]) == ["a", "c"]
        assert await store.job_ids([]) == []

    @ensureDeferred
    async def test_only_finished_jobs_whose_time_is_over_are_expired(self, store: IStore) -> None:
        over, later = job("over", state=JobState.COMPLETED), job("later", state=JobState.COMPLETED)
        running, deleted = job("running"), job("deleted", state=JobState.DELETED)
        over.job.expiration = running.job.expiration = deleted.job.expiration = at(10)
        later.job.expiration = at(20)
        await store.commit(Batch(jobs=[over, later, running, deleted, job("never", state=JobState.COMPLETED)]))
        assert await store.expired(at(5)) == []
        assert await store.expired(at(10)) == ["deleted", "over"]

    @ensureDeferred
    async def test_records_may_change_once_commit_has_returned(self, store: IStore) -> None:
        """They are encoded before the call returns, whenever the writing takes place."""
        record, step = job("a", name="before"), task("a", 0)
        committed = store.commit(Batch(jobs=[record], tasks=[step], meta=(meta := {"k": "before"})))
        record.job.info.name = "after"
        step.task.state = TaskState.COMPLETED
        meta["k"] = "after"
        await committed
        found = await store.job("a")
        assert found is not None
        assert found.job.info.name == "before"
        assert found.job.tasks[0].state is TaskState.INIT
        assert (await store.load()).meta["k"] == "before"

    @ensureDeferred
    async def test_what_is_read_is_nobody_elses(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a")]))
        first = await store.job("a")
        assert first is not None
        first.job.info.name = "changed"
        second = await store.job("a")
        assert second is not None
        assert second.job.info.name == ""

    @ensureDeferred
    async def test_load_has_what_is_unfinished_and_nothing_else(self, store: IStore) -> None:
        jobs = [job(f"j{number}", state=state) for number, state in enumerate(JobState)]
        await store.commit(
            Batch(
                jobs=jobs,
                tasks=[task(record.job.id, index, done="1-3,5") for record in jobs for index in range(2)],
                work=[work(record.job.id, 0, 1, client="c", attempt=2, failed_on=["d"]) for record in jobs],
                clients=[Client(id="c", current_work={"j0_0_1": True})],
                meta={"queue": "suspended"},
            )
        )
        unfinished = await store.load()
        left = [record for record in jobs if record.job.state in UNFINISHED]
        assert sorted(unfinished.jobs, key=_id) == left
        expected = [task(record.job.id, index, done="1-3,5") for record in left for index in range(2)]
        assert sorted(unfinished.tasks, key=lambda record: record.task.taskid) == expected
        assert sorted(record.wuid for record in unfinished.work) == [f"{record.job.id}_0_1" for record in left]
        assert unfinished.work[0].failed_on == ["d"]
        assert unfinished.clients == [Client(id="c", current_work={"j0_0_1": True})]
        assert unfinished.meta["queue"] == "suspended"

    @ensureDeferred
    async def test_a_task_keeps_its_part(self, store: IStore) -> None:
        split = task("a", 0)
        split.part = Part("input.fa", "record", 1000)
        await store.commit(Batch(jobs=[job("a")], tasks=[split]))
        assert (await store.load()).tasks == [split]

    @ensureDeferred
    async def test_everything_survives_a_restart(self, store: IStore, home: Home) -> None:
        await store.commit(merge(samples("ab"), Batch(meta={"k": "v"})))
        before, loaded = await everything(store), await store.load()
        await store.close()
        again = home()
        await again.open()
        try:
            assert await everything(again) == before
            assert await again.load() == loaded
        finally:
            await again.close()

    @ensureDeferred
    async def test_gone_jobs_take_everything_of_theirs_along(self, store: IStore) -> None:
        await store.commit(samples("ab"))
        await store.commit(Batch(jobs=[job(name, read=("ann",)) for name in "ab"]))
        await store.commit(Batch(gone_jobs=["a", "unknown"]))
        left = {kind.name: [kind.id(record) for record in await store.all(kind.type)] for kind in KINDS}
        both = samples("ab")
        assert left == {
            kind.name: [kind.id(record) for record in getattr(both, kind.name)[1 if kind.job else 0 :]]
            for kind in KINDS
        }
        assert await store.load_job("a") is None
        assert [found.id for found in (await store.jobs(JobQuery(reader="ann"))).jobs] == ["b"]
        await store.commit(Batch(jobs=[job("a")]))
        again = await store.job("a")
        assert again is not None
        assert again.job.tasks == []

    @ensureDeferred
    async def test_what_is_gone_and_came_back_in_one_batch_is_there(self, store: IStore) -> None:
        await store.commit(
            Batch(
                jobs=[job("a", name="old")],
                tasks=[task("a", 0), task("a", 1)],
                work=[work("a", 0)],
                reports=[report("a", 0)],
            )
        )
        await store.commit(
            Batch(
                jobs=[job("a", name="new")],
                tasks=[task("a", 0)],
                reports=[report("a", 0, stdout="new")],
                clients=[Client(id="c")],
                gone_jobs=["a"],
                gone_reports=["a_0"],
                gone_clients=["c"],
            )
        )
        record = await store.job("a")
        assert record is not None
        assert (record.job.info.name, len(record.job.tasks)) == ("new", 1)
        assert [found.stdout for found in await store.all(WorkReport, job="a")] == ["new"]
        unfinished = await store.load()
        assert (unfinished.work, len(unfinished.clients)) == ([], 1)

    @ensureDeferred
    async def test_gone_work_reports_and_clients(self, store: IStore) -> None:
        await store.commit(
            Batch(
                jobs=[job("a")],
                work=[work("a", 0, 1), work("a", 0, 2)],
                reports=[report("a", index, rank) for index in (1, 10) for rank in (1, 2)],
                clients=[Client(id="c"), Client(id="d")],
            )
        )
        await store.commit(Batch(gone_work=["a_0_1"], gone_reports=["a_1"], gone_clients=["c", "unknown"]))
        unfinished = await store.load()
        assert [record.wuid for record in unfinished.work] == ["a_0_2"]
        assert [client.id for client in unfinished.clients] == ["d"]
        assert [found.wuid for found in await store.all(WorkReport, job="a")] == ["a_10_1", "a_10_2"]

    @ensureDeferred
    async def test_reports_are_ordered_and_perf_is_kept_as_it_came(self, store: IStore) -> None:
        perfs = [perf("a", 0, 9, msgspec.Raw(b'{"load": 1.5, "max": null}'))]
        reports = [report("a", 1, 2), report("a", 0, 10), report("a", 0, 9, stdout="out"), report("b", 0)]
        await store.commit(Batch(reports=reports, perfs=perfs))
        found = await store.all(WorkReport, job="a")
        assert [found.wuid for found in found] == ["a_0_9", "a_0_10", "a_1_2"]
        assert (found[0].stdout, found[0].stderr) == ("out", "")
        assert await store.all(PerfRecord, job="a") == [perf("a", 0, 9, {"load": 1.5, "max": None})]

    @ensureDeferred
    async def test_ids_are_told_apart_by_case_and_may_hold_anything(self, store: IStore) -> None:
        strange = ["A", "a", "a'b", 'a"b', "a%", "$a.b", "ü", "a\x00b"]
        await store.commit(Batch(jobs=[job(name, name=name) for name in strange]))
        for name in strange:
            found = await store.job(name)
            assert found is not None
            assert found.job.info.name == name

    @ensureDeferred
    async def test_attributes_may_be_any_json(self, store: IStore) -> None:
        """Whatever keys a stranger thinks of, and however deep: it is stored, and comes back as it was."""
        keys = ("", ".", "a.b", "$", "$set", "a\0b", '"', "'", "]", "\\", "é", "__proto__", "_id", "x" * 2000)
        odd: dict[str, object] = {key: {key: [key, 1.5, None, 10**40, -(2**63), {}]} for key in keys}
        deep: list[object] = []
        for _ in range(300):
            deep = [{"deep": deep}]
        record, step = job("a", userattr={**odd, "deep": deep}), task("a", 0)
        step.task.userattr = dict(odd)
        await store.commit(Batch(jobs=[record], tasks=[step], nodes=[node("n", attributes=odd)]))
        found = await store.job("a")
        assert found is not None
        assert found.job.info.userattr == record.job.info.userattr
        assert found.job.tasks[0].userattr == odd
        assert await store.one(NodeRecord, id="n") == node("n", attributes=odd)
        assert (await store.jobs(JobQuery(fields={"info.userattr.é.é": ["1.5"]}))).total == 1

    @ensureDeferred
    async def test_priorities_beyond_a_database_integer(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a", priority=10**30)]))
        found = await store.job("a")
        assert found is not None
        assert found.job.info.priority == 10**30

    @ensureDeferred
    async def test_large_batch_and_documents(self, store: IStore) -> None:
        text = "x" * 100_000
        await store.commit(
            Batch(
                jobs=[job("a", description=text)],
                tasks=[task("a", index) for index in range(1100)],
                reports=[report("a", 0, stdout=text)],
            )
        )
        found = await store.job("a")
        assert found is not None
        assert found.job.info.description == text
        assert [task.taskid for task in found.job.tasks] == [f"a_{index}" for index in range(1100)]

    @ensureDeferred
    async def test_a_closed_store_says_so(self, home: Home) -> None:
        store = home()
        with pytest.raises(Unavailable):
            await store.commit(Batch())
        await store.open()
        await store.close()
        with pytest.raises(Unavailable):
            await store.commit(Batch())
        with pytest.raises(Unavailable):
            await store.jobs(JobQuery())


async def everything(store: IStore) -> dict[str, list[Any]]:
    """All records that a store has."""
    return {kind.name: sorted(await store.all(kind.type), key=kind.id) for kind in KINDS}


def _id(record: JobRecord) -> str:
    return record.job.id
