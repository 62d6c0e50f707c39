"""The database of a released version is taken over without loss, and the daemon goes on with it."""

import gzip
import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import msgspec
import pymongo
import pytest
from bson import json_util
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.model.work import LOG_NAMES
from awed.store import versions
from awed.store.open import open_store
from tests.integration.daemon import Daemon, Stage
from tests.integration.keeping import CLIENT, KEPT, MONGODB, SQLITE, check_out, found, report
from tests.integration.mongodb import database, mongodb
from tests.unit.store.contract import everything

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

Documents = dict[str, list[Any]]
"""Records of each kind, as JSON documents."""

RELEASES = sorted(folder.name for folder in KEPT.iterdir())
EVERY_RELEASE = pytest.mark.parametrize("release", RELEASES)


def unpack_sqlite(release: str, file: Path) -> Documents:
    """Write the database to *file*: what its tables have."""
    file.write_bytes(gzip.decompress((KEPT / release / SQLITE).read_bytes()))
    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '% doc %'")
        documents = {
            table: [json.loads(doc) for (doc,) in connection.execute(f"SELECT doc FROM {table}")]
            for (table,) in tables.fetchall()
        }
    documents["jobs"] = documents.pop("job_docs")
    return apart(documents)


def unpack_mongodb(release: str, uri: str, killed: bool = False) -> Documents:
    """Fill the database *uri*: what its collections have. *killed*: leave out what the daemon would not have written
    yet if it had been killed when its last batch was in the log."""
    kept = json_util.loads(gzip.decompress((KEPT / release / MONGODB).read_bytes()))
    last = max(document["n"] for document in kept["log"])
    documents: Documents = defaultdict(list)
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        target = client.get_default_database()
        for name, collection in kept.items():
            written = [one for one in collection if not (killed and "doc" in one and one.get("n") == last)]
            target[name].insert_many(written)
            if name != "meta":
                documents[name] += [json.loads(one["doc"]) for one in collection if "doc" in one]
        assert killed == any(len(collection) > target[name].count_documents({}) for name, collection in kept.items())
    del documents["log"]
    return apart(documents)


def apart(documents: Documents) -> Documents:
    """The same with the records of their own that parts of records have become."""
    for one in documents["reports"]:
        perf = one.pop("perf", None)
        if perf is not None:
            about = {name: value for name, value in one.items() if name not in LOG_NAMES}
            documents.setdefault("perfs", []).append({**about, "perf": perf})
    return documents


def has(new: Any, old: Any) -> bool:
    """Whether a document has all that an old one had: fields may have come."""
    if isinstance(old, dict):
        return all(name in new and has(new[name], value) for name, value in old.items())
    if isinstance(old, list):
        return len(new) == len(old) and all(map(has, new, old))
    return bool(new == old)


async def require_all(uri: str, old: Documents) -> None:
    """Open the store: for each record there was there is one that has all of it."""
    store = open_store(uri, cast(IReactorThreads, reactor))
    await store.open()
    stored = {name: list(map(text, records)) for name, records in (await everything(store)).items()}
    await store.close()
    for name, documents in old.items():
        assert len(stored[name]) == len(documents)
        found = [json.loads(record) for record in stored[name]]
        assert [one for one in documents if not any(has(new, one) for new in found)] == []
        again = versions.changed(name, stored[name], 1)
        assert list(again) == [name], "a step takes something out again"
        assert list(map(json.loads, again[name])) == list(map(json.loads, stored[name])), "a step changes it again"


def text(record: Any) -> str:
    return msgspec.json.encode(record).decode()


@EVERY_RELEASE
@ensureDeferred
async def test_all_that_sqlite_had_is_there(release: str, tmp_path: Path) -> None:
    old = unpack_sqlite(release, tmp_path / "awed.sqlite")
    for _ in range(2):
        await require_all(f"sqlite:{tmp_path}/awed.sqlite", old)


@EVERY_RELEASE
@pytest.mark.parametrize("killed", [False, True])
@ensureDeferred
async def test_all_that_mongodb_had_is_there(release: str, mongodb: str, killed: bool) -> None:
    """Also what was in the log alone when the old daemon was killed."""
    uri = database(mongodb)
    old = unpack_mongodb(release, uri, killed)
    for _ in range(2):
        await require_all(uri, old)


@EVERY_RELEASE
@ensureDeferred
async def test_a_daemon_on_sqlite_goes_on(release: str, stage: Stage) -> None:
    unpack_sqlite(release, stage.folder / "awed.sqlite")
    await go_on(stage.daemon("--store", f"sqlite:{stage.folder}/awed.sqlite"))


@EVERY_RELEASE
@ensureDeferred
async def test_a_daemon_on_mongodb_goes_on(release: str, stage: Stage, mongodb: str) -> None:
    uri = database(mongodb)
    unpack_mongodb(release, uri)
    await go_on(stage.daemon("--store", uri))


@ensureDeferred
async def test_before_the_take_over_it_can_be_saved_and_nothing_but_a_daemon_changes_it(stage: Stage) -> None:
    unpack_sqlite("0.1.0", stage.folder / "awed.sqlite")
    listing = stage.run("-m", "awed.cli", "user", "list", "--data", ".")
    assert await listing.ended() == 3
    assert "of an older awed; the daemon takes it over when it starts" in listing.output
    assert await stage.run("-m", "awed.cli", "backup", "copy.sqlite", "--data", ".").ended() == 0
    with closing(sqlite3.connect(stage.folder / "copy.sqlite")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() < (versions.current(),)
    assert dumped(stage.folder / "copy.sqlite") == dumped(stage.folder / "awed.sqlite")


def dumped(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


async def go_on(daemon: Daemon) -> None:
    """The worker comes back with the work that was out, and another one does the rest."""
    await daemon.start()
    (out,) = (await daemon.call("GET", f"/client/{CLIENT}"))["current_work"]["data"]
    await daemon.register(id=CLIENT, current_work={"data": [out]})
    await report(daemon, await daemon.call("GET", f"/work/{out}"), "done")
    await daemon.call("PUT", f"/job/{(await found(daemon, 'suspended'))['id']}?resume")
    other = (await daemon.register())["id"]
    while any([(await found(daemon, name))["remaintasks"] for name in ("split", "suspended", "queued")]):
        await report(daemon, await check_out(daemon, other), "done")
    done = await found(daemon, "finished")
    assert await daemon.call("GET", f"/work/{done['id']}_0_0?report=stdout") == "output"
    assert (await found(daemon, "deleted"))["state"] == "deleted"
