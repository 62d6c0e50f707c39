"""The MongoDB store while its database fails: at its limits, on a full disk, while its primary changes."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pytest
import pytest_twisted
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorThreads
from txmongo.protocol import MongoProtocol, Msg

from awed.model.errors import Invalid, StoreAway, Superseded
from awed.model.records import Batch
from awed.store.interface import PAGE, JobQuery
from awed.store.mongo import MongoStore
from awed.store.mongo.database import Database, Document, Filter
from awed.store.mongo.reads import Reader
from tests.integration.mongodb import database, mongodb
from tests.unit.store.records import job, node, task

__all__ = ["mongodb"]

NOT_PRIMARY, STEPPED_DOWN, NO_SPACE, TOO_SLOW, TOO_MUCH, UNAUTHORIZED = 10107, 189, 14031, 50, 17217, 13


@pytest.fixture
def uri(mongodb: str) -> str:
    return database(mongodb)


@pytest_twisted.async_yield_fixture
async def store(uri: str) -> AsyncIterator[MongoStore]:
    store = opened(uri)
    await store.open()
    await store.commit(Batch(jobs=[job("a")], tasks=[task("a", 0)]))
    yield store
    await store.close()


def opened(uri: str) -> MongoStore:
    return MongoStore(uri, cast(IReactorThreads, reactor))


@contextmanager
def failing(server: str, command: str, fault: Mapping[str, Any], after: int = 0) -> Iterator[None]:
    """Context in which the server fails such a command once, after some that go well."""
    point = {"configureFailPoint": "failCommand", "data": {"failCommands": [command], **fault}}
    with MongoClient[Document](server) as client:
        try:
            client.admin.command(point | {"mode": {"skip": after, "times": 1}})
        except OperationFailure:
            pytest.skip("the server has no commands for tests")
        yield
        client.admin.command(point | {"mode": "off"})


FAULTS = [
    *({"errorCode": code} for code in (NOT_PRIMARY, STEPPED_DOWN, NO_SPACE)),
    *({"writeConcernError": {"code": code, "errmsg": "not on the majority"}} for code in (64, 91, STEPPED_DOWN)),
    {"closeConnection": True},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault)))
@ensureDeferred
async def test_a_batch_that_failed_at_any_message_is_written_when_it_is_tried_again(
    store: MongoStore, mongodb: str, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    """Nothing is acknowledged that the majority does not have."""
    monkeypatch.setattr("awed.store.mongo.database.CONNECT_LIMIT", 0.1)
    await store.close()
    await store.open()
    for after in range(4):
        new = Batch(jobs=[job("a", name=str(after))], tasks=[task("a", after)], gone_nodes=["n"])
        with failing(mongodb, "update", fault, after), pytest.raises(StoreAway):
            await store.commit(new)
        await committed(store, new)
        found = await store.job("a")
        assert found is not None
        assert (found.job.info.name, len(found.job.tasks)) == (str(after), after + 1)


async def committed(store: MongoStore, batch: Batch) -> None:
    """Commit as soon as there is a connection again."""
    for _ in range(100):
        try:
            return await store.commit(batch)
        except StoreAway:
            await store.check()
    raise AssertionError("nothing can be committed any more")


@ensureDeferred
async def test_a_lease_that_the_majority_does_not_have_is_none(uri: str, mongodb: str) -> None:
    """A new primary would not know of it, and would give it to a second daemon."""
    fault = {"writeConcernError": {"code": STEPPED_DOWN, "errmsg": "primary stepped down"}}
    with failing(mongodb, "findAndModify", fault), pytest.raises(StoreAway, match="primary stepped down"):
        await opened(uri).open()


@ensureDeferred
async def test_a_user_whose_right_is_taken_waits_for_it_once_the_daemon_runs(store: MongoStore, mongodb: str) -> None:
    """Only who cannot begin is told that for good."""
    fault = {"errorCode": UNAUTHORIZED}
    with failing(mongodb, "update", fault), pytest.raises(StoreAway, match="refuses user and password"):
        await store.commit(Batch(jobs=[job("b")]))
    await store.commit(Batch(jobs=[job("b")]))
    await store.close()
    with failing(mongodb, "findAndModify", fault), pytest.raises(ValueError, match="refuses user and password"):
        await store.open()
    await store.open()


@pytest.mark.parametrize("code", [TOO_SLOW, TOO_MUCH])
@ensureDeferred
async def test_a_search_that_the_database_ends_is_the_asker_s_fault(
    store: MongoStore, mongodb: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """And the database does end it, before the call takes so long that all others' connections are cut."""
    said = list[Any]()
    send = MongoProtocol.send_msg

    def sent(self: MongoProtocol, message: Msg, *arguments: Any, **options: Any) -> Deferred[Document | None]:
        said.append(message.to_dict())
        answered: Deferred[Document | None] = send(self, message, *arguments, **options)
        return answered

    monkeypatch.setattr(MongoProtocol, "send_msg", sent)
    with failing(mongodb, "aggregate", {"errorCode": code}), pytest.raises(Invalid, match="narrow it"):
        await store.jobs(JobQuery(words=("a",)))
    with failing(mongodb, "distinct", {"errorCode": code}), pytest.raises(Invalid, match="narrow it"):
        await store.distinct("info.name", JobQuery())
    assert [0 < one["maxTimeMS"] < 15_000 for one in said if "aggregate" in one or "distinct" in one] == [True] * 2


@ensureDeferred
async def test_the_rest_of_a_list_is_asked_for_in_the_session_that_has_its_begin(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MongoDB refuses another one, and several lists are read at a time."""
    monkeypatch.setattr("awed.store.mongo.database.IDS", 3)
    await store.commit(Batch(jobs=[job(f"{number:02}") for number in range(20)]))
    sessions, owners = dict[int, Any](), list[bool]()
    send = MongoProtocol.send_msg

    async def sent(self: MongoProtocol, message: Msg, *arguments: Any, **options: Any) -> Document | None:
        said = message.to_dict()
        reply: Document | None = await send(self, message, *arguments, **options)
        if "getMore" in said:
            owners.append(sessions[said["getMore"]] == said["lsid"])
        elif reply is not None and "cursor" in reply:
            sessions[reply["cursor"]["id"]] = said["lsid"]
        return reply

    monkeypatch.setattr(
        MongoProtocol, "send_msg", lambda *args, **options: Deferred.fromCoroutine(sent(*args, **options))
    )
    lists = [store.jobs(JobQuery(limit=0, order="info.name")) for _ in range(4)]
    pages = await gatherResults(map(Deferred.fromCoroutine, lists))
    assert [len(page.jobs) for page in pages] == [21] * 4
    assert len(owners) >= 4
    assert all(owners)


@ensureDeferred
async def test_a_message_that_meets_its_own_repetition_is_no_sign_of_another_daemon(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was given up may still be under way: both then make the first fence, and one finds it there."""
    write = Database.write

    async def met(self: Database, collection: str, requests: Any) -> None:
        monkeypatch.setattr(Database, "write", write)
        raise Superseded

    monkeypatch.setattr(Database, "write", met)
    with pytest.raises(StoreAway, match="its own repetition"):
        await store.commit(Batch(jobs=[job("b")]))
    await store.commit(Batch(jobs=[job("b")]))
    await store.check()


@ensureDeferred
async def test_a_long_record_is_read_as_one_batch_wrote_it(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the next batch changes it between two of its documents."""
    monkeypatch.setattr("awed.store.mongo.documents.PIECE", 100)
    old, new = (job("a", name=name * 100, description="x" * 1000) for name in ("n", "other"))
    await store.commit(Batch(jobs=[old]))
    one = Database.one

    async def overtaken(self: Database, collection: str, where: Filter) -> Document | None:
        if isinstance(where["_id"], dict) and where["_id"]["piece"] == 2:
            monkeypatch.setattr(Database, "one", one)
            await store.commit(Batch(jobs=[new]))
        return await one(self, collection, where)

    monkeypatch.setattr(Database, "one", overtaken)
    found = await store.job("a")
    assert found is not None
    found.job.tasks = []
    assert found == new


@ensureDeferred
async def test_many_deletions_are_several_messages(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is encoded at once, which holds the reactor."""
    sizes = list[int]()
    write = Database.write

    async def measured(self: Database, collection: str, requests: Any) -> None:
        sizes.append(len(requests))
        await write(self, collection, requests)

    monkeypatch.setattr(Database, "write", measured)
    gone = [f"{number}" for number in range(1200)]
    await store.commit(Batch(nodes=[node("1"), node("x")]))
    await store.commit(Batch(gone_nodes=gone))
    assert await store.ids(type(node("x"))) == ["x"]
    assert max(sizes) <= 501


@ensureDeferred
async def test_of_long_jobs_few_are_held_at_a_time(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all of a list first, and then those that fit into a page."""
    records = [job(name, description="x" * PAGE) for name in "abcdef"]
    await store.commit(Batch(jobs=records))
    read = list[int]()
    whole = Reader.all

    async def counted(self: Reader, kind: Any, where: Document) -> list[Any]:
        found = await whole(self, kind, where)
        read.append(len(found))
        return found

    monkeypatch.setattr(Reader, "all", counted)
    assert [record and record.job.id for record in await store.whole(["f", "a", "b", "c"])] == ["f"]
    assert max(read) <= 2
