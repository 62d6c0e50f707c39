"""What only the SQLite store does: failures of its file and disk, backups, checks, schema versions."""

import os
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads

from awed.model.errors import Invalid, Unavailable
from awed.model.records import Batch, JobRecord
from awed.store import versions
from awed.store.interface import JobQuery
from awed.store.sqlite import SqliteStore, connections, schema
from awed.store.sqlite.query import is_long
from awed.store.versions import Step
from tests.unit.store.contract import everything
from tests.unit.store.records import job, report, task

LARGE = Batch(jobs=[job("large", description="x" * 5_000_000)])


def store_in(path: Path) -> SqliteStore:
    return SqliteStore(path, cast(IReactorThreads, reactor))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "awed.sqlite"


@pytest_twisted.async_yield_fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = store_in(path)
    await store.open()
    await store.commit(Batch(jobs=[job("a")], tasks=[task("a", 0)]))
    yield store
    await store.close()


@contextmanager
def small_files() -> Iterator[None]:
    """No file can grow past 1 MB, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing_fsync(path: Path) -> Iterator[None]:
    """What is written to *path* by who has it open is taken, and then cannot be brought to the disk."""
    descriptors = [int(entry.name) for entry in Path("/proc/self/fd").iterdir() if _leads_to(entry, path)]
    assert descriptors
    kept = [os.dup(descriptor) for descriptor in descriptors]
    with Path(os.devnull).open("r+b") as null:  # takes everything, and refuses fsync
        for descriptor in descriptors:
            os.dup2(null.fileno(), descriptor)
    try:
        yield
    finally:
        for descriptor, original in zip(descriptors, kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)


def _leads_to(descriptor: Path, path: Path) -> bool:
    try:
        return descriptor.readlink() == path
    except FileNotFoundError:  # the one by which they were listed
        return False


def sqlite_error(error: Unavailable) -> int:
    """SQLite's code of what the store told in words."""
    assert isinstance(error.__cause__, sqlite3.DatabaseError)
    return error.__cause__.sqlite_errorcode


@ensureDeferred
async def test_the_file_is_its_owners_alone(store: SqliteStore, path: Path) -> None:
    """It holds secrets; so do the files beside it."""
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


@ensureDeferred
async def test_a_full_disk_costs_the_batch_and_nothing_else(store: SqliteStore) -> None:
    before = await store.load()
    with small_files(), pytest.raises(Unavailable, match="database: "):
        await store.commit(LARGE)
    assert await store.load() == before
    assert (await store.jobs(JobQuery())).total == 1
    await store.commit(LARGE)
    assert (await store.jobs(JobQuery())).total == 2
    assert await store.integrity_check() == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the open file in /proc")
@ensureDeferred
async def test_a_failed_fsync_costs_the_batch_and_nothing_else(store: SqliteStore, path: Path) -> None:
    batch = Batch(jobs=[job("b")])
    with failing_fsync(path.with_name(f"{path.name}-wal")), pytest.raises(Unavailable) as refused:
        await store.commit(batch)
    assert sqlite_error(refused.value) == sqlite3.SQLITE_IOERR_FSYNC
    assert (await store.jobs(JobQuery())).total == 1
    await store.commit(batch)
    assert (await store.jobs(JobQuery())).total == 2
    assert await store.integrity_check() == []
    await store.close()
    await store.open()
    assert (await store.jobs(JobQuery())).total == 2


@ensureDeferred
async def test_a_lock_of_another_program_passes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LOCK_WAIT", 0.0)
    store = store_in(path)
    await store.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refused:
            await store.commit(Batch(jobs=[job("b")]))
        assert sqlite_error(refused.value) == sqlite3.SQLITE_BUSY
        assert await store.job("b") is None
        other.execute("ROLLBACK")
    await store.commit(Batch(jobs=[job("b")]))
    assert await store.job("b") is not None
    await store.close()


@ensureDeferred
async def test_a_batch_is_written_whole_or_not_at_all(store: SqliteStore, path: Path) -> None:
    """The last statement of the batch fails: nothing of the others is there."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TABLE nodes")
    with pytest.raises(sqlite3.OperationalError, match="nodes"):
        await store.commit(Batch(jobs=[job("b")], reports=[report("b", 0)], gone_jobs=["a"], gone_nodes=["n"]))
    assert await store.job("b") is None
    assert await store.job("a") is not None


@ensureDeferred
async def test_a_file_that_is_no_database(path: Path) -> None:
    with closing(path.open("w")) as file:
        file.write("not a database, but long enough to be looked at\n" * 100)
    with pytest.raises(ValueError, match="is not a SQLite database"):
        await store_in(path).open()


@ensureDeferred
async def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        await store_in(tmp_path / "nowhere" / "awed.sqlite").open()


@ensureDeferred
async def test_damage_is_found(store: SqliteStore, path: Path) -> None:
    await store.commit(Batch(jobs=[job(f"{number}", description="x" * 1000) for number in range(500)]))
    await store.close()
    with path.open("r+b") as file:
        file.seek(100 * 4096)
        file.write(b"\xff" * 50 * 4096)
    await store.open()
    assert await store.integrity_check() != []
    with pytest.raises(Unavailable) as refused:
        await store.jobs(JobQuery(limit=0))
    assert sqlite_error(refused.value) == sqlite3.SQLITE_CORRUPT


def new_step(patched: pytest.MonkeyPatch, sql: str = "", **records: Callable[[dict[str, Any]], None]) -> None:
    """What is stored has one more version from now on."""
    patched.setattr(versions, "STEPS", (*versions.STEPS, Step(sql, records)))


def into_project_new(record: dict[str, Any]) -> None:
    record["job"]["info"]["project"] = "new"


@ensureDeferred
async def test_a_newer_schema_is_left_alone(store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.close()
    with monkeypatch.context() as patched:
        new_step(patched, "CREATE TABLE new (x);")
        await store.open()
        await store.close()
    with pytest.raises(ValueError, match="of a newer awed"):
        await store.open()


@ensureDeferred
async def test_an_older_schema_is_taken_over_with_all_records(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are found by what they are now, however many pages of them there are."""
    await store.commit(Batch(jobs=[job(f"{number}", project="old") for number in range(5)]))
    await store.close()
    monkeypatch.setattr(schema, "PAGE", 2)
    new_step(monkeypatch, "CREATE TABLE new (x);\nCREATE INDEX new_x ON new (x);", jobs=into_project_new)
    await store.open()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (versions.current(),)
        assert other.execute("SELECT * FROM new").fetchall() == []
    assert (await store.jobs(JobQuery(fields={"info.project": ["new"]}))).total == 6
    assert await store.distinct("info.project", JobQuery()) == ["new"]
    assert {record.job.info.project for record in await store.all(JobRecord)} == {"new"}


@ensureDeferred
async def test_a_take_over_that_fails_changes_nothing(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await everything(store)
    await store.close()
    with monkeypatch.context() as patched:
        new_step(patched, "CREATE TABLE new (x);", jobs=into_project_new, tasks=dict.clear)
        with pytest.raises(msgspec.ValidationError):
            await store.open()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (versions.current(),)
        assert other.execute("SELECT name FROM sqlite_schema WHERE name = 'new'").fetchall() == []
    await store.open()
    assert await everything(store) == before


@ensureDeferred
async def test_what_a_daemon_may_have_in_use_is_not_taken_over(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_step(monkeypatch, jobs=into_project_new)
    with pytest.raises(ValueError, match="of an older awed"):
        await SqliteStore(path, cast(IReactorThreads, reactor), shared=True).open()
    assert {record.job.info.project for record in await store.all(JobRecord)} == {""}


@ensureDeferred
async def test_a_backup_is_a_store(store: SqliteStore, tmp_path: Path) -> None:
    """Made while commits go on, it is of one moment."""
    copy = tmp_path / "copy.sqlite"
    backup = store.backup(copy)
    await store.commit(Batch(jobs=[job("b")], tasks=[task("b", 0)]))
    await backup
    assert copy.stat().st_mode & 0o077 == 0
    again = store_in(copy)
    await again.open()
    loaded = await again.load()
    assert {task.task.jobid for task in loaded.tasks} == {record.job.id for record in loaded.jobs}
    assert loaded.meta == (await store.load()).meta
    assert await again.integrity_check() == []
    await again.close()


@ensureDeferred
async def test_a_failed_backup_leaves_the_last_one(store: SqliteStore, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    await store.backup(copy)
    before = copy.read_bytes()
    await store.commit(LARGE)
    with small_files(), pytest.raises(Unavailable):
        await store.backup(copy)
    assert copy.read_bytes() == before


@ensureDeferred
async def test_reads_do_not_wait_for_the_commit_under_way(store: SqliteStore) -> None:
    """They see what the last finished commit left."""
    committed = store.commit(LARGE)
    assert (await store.jobs(JobQuery())).total in (1, 2)
    await committed
    assert (await store.jobs(JobQuery())).total == 2


@ensureDeferred
async def test_close_waits_for_the_commit_under_way(store: SqliteStore) -> None:
    committed = store.commit(LARGE)
    await store.close()
    await committed
    await store.open()
    assert await store.job("large") is not None


@ensureDeferred
async def test_a_search_that_takes_too_long_is_broken_off(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = JobQuery(fields={"info.description": ["x"]})
    monkeypatch.setattr("awed.store.sqlite.query.STEPS", 1)
    with monkeypatch.context() as patched:
        patched.setattr("awed.store.sqlite.query.LIMIT", -1)
        for found in (store.jobs(search), store.distinct("info.description", JobQuery())):
            with pytest.raises(Invalid, match="takes longer than"):
                await found
    assert (await store.jobs(search)).total == 0
    assert (await store.jobs(JobQuery())).total == 1


@pytest.mark.parametrize(
    ("query", "long"),
    [
        (JobQuery(), False),
        (JobQuery(fields={"info.project": ["x"]}, order="info.name"), False),
        (JobQuery(order="tasks.taskid"), False),
        (JobQuery(fields={"info.description": ["x"]}), True),
        (JobQuery(words=("x",)), True),
        (JobQuery(order="info.description"), True),
        (JobQuery(order="info.userattr.submission"), True),
        (JobQuery(limit=0), True),
        (JobQuery(limit=10**9), True),
    ],
)
def test_which_searches_take_long(query: JobQuery, long: bool) -> None:
    assert is_long(query) is long


@ensureDeferred
async def test_nobody_waits_for_a_search_that_takes_long(store: SqliteStore) -> None:
    gate = threading.Event()
    searching = store._searcher.run(lambda connection: gate.wait())
    found = store.jobs(JobQuery(limit=0))
    assert isinstance(found, Deferred)
    try:
        assert (await store.jobs(JobQuery())).total == 1
        assert not found.called
    finally:
        gate.set()
    await searching
    await found
