"""What every store does: a new store's tests are a class of these and a fixture ``home``."""

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from zope.interface.verify import verifyObject

from awed.model.client import Client
from awed.model.errors import Unavailable
from awed.model.ids import is_uuid
from awed.model.records import Batch, JobRecord, Secret
from awed.model.states import UNFINISHED, JobState, TaskState
from awed.model.work import Part
from awed.store.interface import IStore, JobQuery
from tests.unit.store.records import account, at, group, job, node, report, task, work

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
        assert await store.job("a") is None
        assert await store.report("a_0_0") is None
        assert await store.report("nonsense") is None
        assert await store.secret("a") is None
        assert await store.account("joe") is None
        assert await store.account_by_token("x") is None
        assert await store.node("n") is None
        assert await store.reports("a") == []
        assert await store.groups() == []
        assert await store.accounts() == []
        assert await store.node_ids() == []
        unfinished = await store.load()
        assert (unfinished.jobs, unfinished.tasks, unfinished.work, unfinished.clients) == ([], [], [], [])
        assert is_uuid(unfinished.meta["server_uuid"])

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
        batch = Batch(
            jobs=[job("a", read=("ann",))],
            tasks=[task("a", 0)],
            work=[work("a", 0)],
            reports=[report("a", 0)],
            clients=[Client(id="c")],
            secrets=[Secret("a", "a", token="t")],
            groups=[group("g")],
            accounts=[account("joe")],
            nodes=[node("n")],
            meta={"k": "v"},
            gone_work=["a_1_0"],
        )
        await store.commit(batch)
        once = await everything(store, "a")
        await store.commit(batch)
        assert await everything(store, "a") == once
        assert (await store.jobs(JobQuery(reader="ann"))).total == 1

    @ensureDeferred
    async def test_a_record_is_replaced_whole(self, store: IStore) -> None:
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
        await store.commit(Batch(jobs=[job("a")], tasks=[task("a", 0)], meta={"k": "v"}))
        before = await store.load()
        await store.close()
        again = home()
        await again.open()
        try:
            assert await again.load() == before
        finally:
            await again.close()

    @ensureDeferred
    async def test_gone_jobs_take_everything_of_theirs_along(self, store: IStore) -> None:
        for name in ("a", "b"):
            await store.commit(
                Batch(
                    jobs=[job(name, read=("ann",))],
                    tasks=[task(name, 0)],
                    work=[work(name, 0)],
                    reports=[report(name, 0)],
                    secrets=[Secret(name, name, token="t"), Secret(f"{name}_0", name, environ={"K": "V"})],
                )
            )
        kept = await everything(store, "b")
        await store.commit(Batch(gone_jobs=["a", "unknown"]))
        assert await everything(store, "b") == kept
        assert await store.job("a") is None
        assert await store.report("a_0_0") is None
        assert await store.secret("a") is None
        assert await store.secret("a_0") is None
        assert [record.jobid for record in (await store.load()).work] == ["b"]
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
        assert [found.stdout for found in await store.reports("a")] == ["new"]
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
        assert [found.wuid for found in await store.reports("a")] == ["a_10_1", "a_10_2"]

    @ensureDeferred
    async def test_reports_are_ordered_and_keep_their_perf(self, store: IStore) -> None:
        perf = msgspec.Raw(b'{"load": 1.5, "max": null}')
        reports = [report("a", 1, 2), report("a", 0, 10), report("a", 0, 9, stdout="out", perf=perf), report("b", 0)]
        await store.commit(Batch(reports=reports))
        assert [found.wuid for found in await store.reports("a")] == ["a_0_9", "a_0_10", "a_1_2"]
        one = await store.report("a_0_9")
        assert one is not None
        assert (one.stdout, one.stderr, one.perf) == ("out", "", {"load": 1.5, "max": None})

    @ensureDeferred
    async def test_secrets(self, store: IStore) -> None:
        secrets = [Secret("a", "a", token="t"), Secret("a_0", "a", environ={"PASSWORD": "p"})]
        await store.commit(Batch(jobs=[job("a")], secrets=secrets))
        assert [await store.secret("a"), await store.secret("a_0")] == secrets
        await store.commit(Batch(secrets=[Secret("a", "a", token="u")]))
        changed = await store.secret("a")
        assert changed is not None
        assert changed.token == "u"

    @ensureDeferred
    async def test_groups(self, store: IStore) -> None:
        await store.commit(Batch(groups=[group("2"), group("1")]))
        assert await store.groups() == [group("1"), group("2")]
        await store.commit(Batch(groups=[group("1", name="new")], gone_groups=["2"]))
        assert await store.groups() == [group("1", name="new")]

    @ensureDeferred
    async def test_accounts(self, store: IStore) -> None:
        await store.commit(Batch(accounts=[account("joe", "1f"), account("ann", "2e")]))
        assert await store.accounts() == [account("ann", "2e"), account("joe", "1f")]
        assert await store.account("joe") == account("joe", "1f")
        assert await store.account_by_token("2e") == account("ann", "2e")
        await store.commit(Batch(accounts=[account("joe", "3d")], gone_accounts=["ann"]))
        assert await store.account_by_token("1f") is None
        assert await store.account_by_token("3d") == account("joe", "3d")
        assert await store.account("ann") is None

    @ensureDeferred
    async def test_nodes(self, store: IStore) -> None:
        await store.commit(Batch(nodes=[node("2", attributes={"a": [1]}), node("1")]))
        assert await store.node("2") == node("2", attributes={"a": [1]})
        assert await store.node_ids() == ["1", "2"]
        assert await store.nodes("", 1) == [node("1")]
        assert await store.nodes("1", 5) == [node("2", attributes={"a": [1]})]
        assert await store.nodes("2", 5) == []
        await store.commit(Batch(nodes=[node("1", version="x")], gone_nodes=["2"]))
        assert await store.node("1") == node("1", version="x")
        assert await store.node_ids() == ["1"]

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
        assert await store.node("n") == node("n", attributes=odd)
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
                tasks=[task("a", index) for index in range(2500)],
                reports=[report("a", 0, stdout=text)],
            )
        )
        found = await store.job("a")
        assert found is not None
        assert found.job.info.description == text
        assert [task.taskid for task in found.job.tasks] == [f"a_{index}" for index in range(2500)]

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


async def everything(store: IStore, job_id: str) -> list[object]:
    """All that a store says of a job, and of what is not a job's."""
    return [
        await store.job(job_id),
        await store.reports(job_id),
        [await store.secret(job_id), await store.secret(f"{job_id}_0")],
        [record for record in (await store.load()).work if record.jobid == job_id],
        [await store.groups(), await store.accounts(), await store.node_ids()],
    ]


def _id(record: JobRecord) -> str:
    return record.job.id
