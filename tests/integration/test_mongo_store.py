"""What only the MongoDB store does: the lease, the log and the fences, and a database that goes and comes back."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.task import Clock

from awed.model.access import Account
from awed.model.errors import Superseded, Unavailable
from awed.model.node import NodeRecord
from awed.model.records import Batch, JobRecord, TaskRecord
from awed.model.work import WorkReport
from awed.store import versions
from awed.store.interface import JobQuery
from awed.store.mongo import MongoStore, lease, writer
from awed.store.mongo.database import Database, Request
from awed.store.mongo.documents import LEASE_KEY
from awed.store.mongo.reads import Reader
from awed.store.versions import Step
from tests.integration.mongodb import Secantus, database, mongodb
from tests.unit.store.contract import everything
from tests.unit.store.records import account, job, node, report, task, work

__all__ = ["mongodb"]

THREADS = cast(IReactorThreads, reactor)


@pytest.fixture
def uri(mongodb: str) -> str:
    return database(mongodb)


@pytest_twisted.async_yield_fixture
async def store(uri: str) -> AsyncIterator[MongoStore]:
    store = MongoStore(uri, THREADS)
    await store.open()
    await store.commit(Batch(jobs=[job("a")], tasks=[task("a", 0)], work=[work("a", 0)], reports=[report("a", 0)]))
    yield store
    await store.close()


@ensureDeferred
async def test_a_second_daemon_is_refused(store: MongoStore, uri: str) -> None:
    """In words that say who is there; once that one is gone the next may come."""
    with pytest.raises(ValueError, match=r"in use by process \d+ on .* \d+ s ago"):
        await MongoStore(uri, THREADS).open()
    await store.close()
    await store.open()


@ensureDeferred
async def test_a_daemon_that_is_gone_holds_nothing_for_an_hour_after_the_clock_was_set_back(
    store: MongoStore, uri: str
) -> None:
    await store.close()
    connection = Database(uri)
    connection.connect()
    crashed = {"token": "x", "host": "elsewhere", "pid": 1, "time": await connection.now() + timedelta(hours=1)}
    await connection.change("meta", {"_id": LEASE_KEY}, {"$set": crashed})
    await connection.disconnect()
    await store.open()


@ensureDeferred
async def test_who_lost_the_lease_writes_nothing_any_more(
    store: MongoStore, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.close()
    lost: list[str] = []
    store = MongoStore(uri, THREADS, on_lost=lambda: lost.append("told"))
    await store.open()
    monkeypatch.setattr(lease, "LEASE", timedelta(seconds=-1))
    other = MongoStore(uri, THREADS)
    await other.open()
    await other.commit(Batch(jobs=[job("a", name="other")]))
    for _ in range(2):
        with pytest.raises(Superseded):
            await store.commit(Batch(jobs=[job("a", name="first")], gone_reports=["a_0"]))
        with pytest.raises(Superseded):
            await store.check()
    assert lost == ["told"]
    await store.close()
    await other.check()
    found = await other.job("a")
    assert found is not None
    assert found.job.info.name == "other"
    assert len(await other.all(WorkReport)) == 1
    await other.close()


@ensureDeferred
async def test_a_batch_that_is_in_the_log_comes_to_its_end(
    store: MongoStore, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of it was written before the daemon died: the next one has it whole."""
    with monkeypatch.context() as patched:
        fail_at(patched, "jobs")
        with pytest.raises(Unavailable):
            await store.commit(Batch(jobs=[job("b")], tasks=[task("b", 0)], gone_jobs=["a"]))
    await store.close()
    await store.open()
    assert await store.job("a") is None
    assert await store.all(WorkReport) == []
    found = await store.job("b")
    assert found is not None
    assert len(found.job.tasks) == 1


@ensureDeferred
async def test_a_batch_that_is_not_in_the_log_is_nowhere(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await everything(store)
    with monkeypatch.context() as patched:
        fail_at(patched, "log")
        with pytest.raises(Unavailable):
            await store.commit(Batch(jobs=[job("b")], gone_jobs=["a"]))
    await store.close()
    await store.open()
    assert await everything(store) == before
    assert await store.job("b") is None


@ensureDeferred
async def test_a_log_that_was_not_written_to_its_end_is_none(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await everything(store)
    with monkeypatch.context() as patched:
        patched.setattr(writer, "LOG_PIECE", 100)
        fail_at(patched, "log", after=2)
        with pytest.raises(Unavailable):
            await store.commit(Batch(jobs=[job("b")], gone_jobs=["a"]))
    await store.close()
    await store.open()
    assert await everything(store) == before


@ensureDeferred
async def test_who_lost_the_lease_hears_of_it_at_the_next_sign_of_life(
    store: MongoStore, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.close()
    connection, clock, lost = Database(uri), Clock(), Deferred[None]()
    connection.connect()
    held = lease.Lease(connection, clock, lambda: lost.callback(None))
    await held.take()
    held.keep()
    monkeypatch.setattr(lease, "LEASE", timedelta(seconds=-1))
    await store.open()
    assert not lost.called
    clock.advance(lease.RENEWAL)
    await lost
    await held.release()
    await connection.disconnect()
    await store.commit(Batch(jobs=[job("b")]))


@ensureDeferred
async def test_a_failed_commit_does_not_hold_the_next_one_up(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        fail_at(patched, "tasks")
        with pytest.raises(Unavailable):
            await store.commit(Batch(jobs=[job("b")], tasks=[task("b", 0)]))
    await store.commit(Batch(jobs=[job("c")]))
    page = await store.jobs(JobQuery(order="id", descending=False))
    assert [(found.id, len(found.tasks)) for found in page.jobs] == [("a", 1), ("b", 1), ("c", 0)]


@ensureDeferred
async def test_what_comes_late_undoes_nothing(store: MongoStore, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of a batch that a lost connection kept back arrive after the next batch."""
    late: list[tuple[str, Sequence[Request]]] = []
    write = Database.write

    async def remembered(self: Database, collection: str, requests: Sequence[Request]) -> None:
        late.append((collection, requests))
        await write(self, collection, requests)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "write", remembered)
        await store.commit(
            Batch(jobs=[job("a", name="old")], work=[work("a", 1)], gone_work=["a_0_0"], nodes=[node("gone")])
        )
    await store.commit(
        Batch(
            jobs=[job("a", name="new")],
            work=[work("a", 0)],
            gone_work=["a_1_0"],
            gone_jobs=["b"],
            gone_nodes=["gone"],
        )
    )
    connection = Database(uri)
    connection.connect()
    refused = 0
    for collection, requests in late:
        try:
            await connection.write(collection, requests)
        except Superseded:
            refused += 1
    await connection.disconnect()
    assert refused == len({name for name, _ in late})
    loaded = await store.load()
    assert [record.wuid for record in loaded.work] == ["a_0_0"]
    assert [record.job.info.name for record in loaded.jobs] == ["new"]
    assert await store.ids(NodeRecord) == []


@ensureDeferred
async def test_a_record_may_be_larger_than_a_document(store: MongoStore) -> None:
    """A document of MongoDB ends at 16 MB; what a stranger sends must not stop the commits for ever."""
    text = "é" * 5_000_000 + "'" * 4_000_000
    large, logs, attributes = job("b", description=text), report("b", 0, stdout=text), node("n", attributes=text)
    await store.commit(Batch(jobs=[large], reports=[logs], nodes=[attributes]))
    assert await store.job("b") == large
    assert await store.all(WorkReport, job="b") == [logs]
    assert await store.one(NodeRecord, id="n") == attributes
    assert (await store.jobs(JobQuery())).total == 2
    await store.commit(Batch(gone_jobs=["b"], gone_nodes=["n"]))
    await store.commit(Batch(jobs=[job("b")], nodes=[node("n")]))
    assert await store.one(NodeRecord, id="n") == node("n")


@ensureDeferred
async def test_accounts_are_written_beside_the_daemon(store: MongoStore, uri: str) -> None:
    """And by the daemon as well; who comes later wins."""
    beside = MongoStore(uri, THREADS, shared=True)
    await beside.open()
    await beside.commit(Batch(accounts=[account("joe", "1"), account("ann", "2")]))
    assert await store.one(Account, token_hash="1") == account("joe", "1")
    await store.commit(Batch(accounts=[account("joe", "3")], gone_accounts=["ann"]))
    await beside.commit(Batch(accounts=[account("joe", "4")]))
    assert await store.all(Account) == [account("joe", "4")]
    await beside.commit(Batch(gone_accounts=["joe"]))
    assert await store.all(Account) == []
    await beside.close()
    await store.commit(Batch(jobs=[job("b")]))


def into_project_new(record: dict[str, Any]) -> None:
    record["job"]["info"]["project"] = "new"


def as_app_new(record: dict[str, Any]) -> None:
    record["task"]["cmd"]["name"] = "new"


def new_step(patched: pytest.MonkeyPatch) -> None:
    """What is stored has one more version from now on."""
    step = Step(records={"jobs": into_project_new, "tasks": as_app_new})
    patched.setattr(versions, "STEPS", (*versions.STEPS, step))


async def require_new(store: MongoStore) -> None:
    """All jobs and tasks are of the new version, and found so."""
    page = await store.jobs(JobQuery(fields={"info.project": ["new"], "tasks.cmd.name": ["new"]}))
    assert page.total == len(await store.all(JobRecord)) == 5
    assert {task.task.cmd.name for task in await store.all(TaskRecord)} == {"new"}


@ensureDeferred
async def test_a_newer_schema_is_left_alone(store: MongoStore, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.close()
    with monkeypatch.context() as patched:
        new_step(patched)
        await store.open()
        await store.close()
    for shared in (False, True):
        with pytest.raises(ValueError, match="of a newer awed"):
            await MongoStore(uri, THREADS, shared).open()


@ensureDeferred
async def test_an_older_schema_is_taken_over_whenever_it_was_broken_off(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log may hold a batch of the old form, and each message of the take-over may be the last one of a daemon."""
    monkeypatch.setattr("awed.store.mongo.schema.BATCH", 2)
    ids = ["b", "c", "d", "e"]
    with monkeypatch.context() as patched:
        fail_at(patched, "jobs")
        with pytest.raises(Unavailable):
            await store.commit(Batch(jobs=list(map(job, ids)), tasks=[task(id, 0) for id in ids]))
    await store.close()
    new_step(monkeypatch)
    for collection, messages in [("jobs", 1), ("jobs", 2), ("tasks", 1), ("tasks", 3), ("meta", 2)]:
        with monkeypatch.context() as patched:
            fail_at(patched, collection, after=messages)
            with pytest.raises(Unavailable):
                await store.open()
    await store.open()
    await require_new(store)
    await store.close()
    await store.open()
    await require_new(store)


@ensureDeferred
async def test_what_a_daemon_may_have_in_use_is_not_taken_over(
    store: MongoStore, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_step(monkeypatch)
    beside = MongoStore(uri, THREADS, shared=True)
    with pytest.raises(ValueError, match="of an older awed"):
        await beside.open()


@ensureDeferred
async def test_who_is_superseded_while_taking_over_has_not_begun(
    store: MongoStore, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.close()
    new_step(monkeypatch)
    first, second = MongoStore(uri, THREADS, on_lost=never), MongoStore(uri, THREADS, on_lost=never)
    text = Reader.text

    async def interrupted(self: Reader, *arguments: Any) -> str:
        monkeypatch.setattr(Reader, "text", text)
        monkeypatch.setattr(lease, "LEASE", timedelta(seconds=-1))
        await second.open()
        return await text(self, *arguments)

    monkeypatch.setattr(Reader, "text", interrupted)
    with pytest.raises(Superseded):
        await first.open()
    await second.commit(Batch(jobs=[job("b")]))
    await second.close()


def never() -> None:
    raise AssertionError("the database was lost")


@pytest.mark.slow
@ensureDeferred
async def test_a_database_that_goes_and_comes_back(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awed.store.mongo.database.CALL_LIMIT", 1.0)
    monkeypatch.setattr("awed.store.mongo.database.CONNECT_LIMIT", 0.2)
    server = Secantus(tmp_path_factory.mktemp("mongodb"))
    await server.start()
    store = MongoStore(database(server.uri), THREADS)
    await store.open()
    await store.commit(Batch(jobs=[job("a")]))
    server.stall()
    with pytest.raises(Unavailable):
        await store.commit(Batch(jobs=[job("b")]))
    with pytest.raises(Unavailable):
        await store.jobs(JobQuery())
    server.go_on()
    await commit_when_it_can(store, Batch(jobs=[job("b")]))
    await server.kill()
    with pytest.raises(Unavailable):
        await store.commit(Batch(jobs=[job("c")]))
    with pytest.raises(Unavailable):
        await MongoStore(database(server.uri), THREADS).open()
    await server.start()
    await commit_when_it_can(store, Batch(jobs=[job("c")]))
    assert sorted(await store.job_ids([job("a").job.state])) == ["a", "b", "c"]
    await store.close()
    await server.kill()


async def commit_when_it_can(store: MongoStore, batch: Batch) -> None:
    while True:
        try:
            await store.commit(batch)
        except Unavailable:
            continue
        return


def fail_at(patched: pytest.MonkeyPatch, broken: str, after: int = 0) -> None:
    """From now on nothing can be written into this collection, but for *after* messages."""
    write = Database.write
    left = iter(range(after))

    async def broken_write(self: Database, collection: str, requests: Sequence[Request]) -> None:
        if collection == broken and next(left, None) is None:
            raise Unavailable("database: broken by the test")
        await write(self, collection, requests)

    patched.setattr(Database, "write", broken_write)
