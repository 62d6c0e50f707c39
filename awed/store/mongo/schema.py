"""Makes a database ready: indexes, the server's UUID, and the conversion of records of an older version.

The version is raised only when all records are converted. After a crash in between the conversion starts again, and
leaves records that are converted already as they are.
"""

from typing import Any

from pymongo import UpdateOne
from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from awed.model.ids import new_id
from awed.model.records import KINDS, JobRecord, Kind
from awed.store import versions
from awed.store.mongo.database import BATCH, Database
from awed.store.mongo.documents import VERSION_KEY, documents
from awed.store.mongo.reads import Reader
from awed.store.mongo.writer import Write, Writer

_log = Logger()

_INDEXED_INFO = (
    "name",
    "pipeline",
    "clientgroups",
    "project",
    "service",
    "user",
    "priority",
    "userattr.submission",
    "parent",
)

_JOB_INDEXES = [
    {"readers": 1, "state": 1, "times.updatetime": -1, "_id": -1},
    {"readers": 1, "times.updatetime": -1, "_id": -1},
    {"state": 1, "times.expiration": 1},
    {"owner": 1},
    {"times.submittime": 1},
    {"times.completedtime": 1},
    *({f"find.info.{name}": 1} for name in _INDEXED_INFO),
]


def _indexes(kind: Kind[Any]) -> list[dict[str, int]]:
    key = {name: 1 for name in kind.key if name != "id"} or {"of": 1}
    others = dict.fromkeys([*kind.also, *(name for name in kind.gone.values() if name not in ("id", "job"))])
    return [key, *({name: 1} for name in others), *(_JOB_INDEXES if kind.type is JobRecord else ())]


async def prepare(database: Database, shared: bool) -> int:
    """Make the indexes and the server's UUID, if they are missing. Returns the version of the records.

    Raises :class:`ValueError` if the database is of a newer awed, or of an older one and *shared*.
    """
    found = await database.one("meta", {"_id": VERSION_KEY})
    version = int(found["version"]) if found else versions.current()
    versions.require_usable(version, shared)
    for kind in KINDS:
        await database.index(kind.name, _indexes(kind))
    (identity,) = documents("meta", f'["server_uuid", "{new_id()}"]')
    once = [(identity.pop("_id"), identity), (VERSION_KEY, {"version": version})]
    await database.write(
        "meta", [UpdateOne({"_id": key}, {"$setOnInsert": value}, upsert=True) for key, value in once]
    )
    return version


async def take_over(database: Database, writer: Writer, version: int) -> None:
    """Convert all records from *version* to the current one."""
    if version == versions.current():
        return
    reader = Reader(database, DeferredLock())
    for kind in versions.changed_kinds(version):
        last = ""
        while page := [
            found async for found in database.each(kind.name, {"_id": {"$gt": last}}, [("_id", 1)], BATCH)
        ]:
            last = page[-1]["_id"]
            texts = [await reader.text(kind, document) for document in page]
            for name, records in versions.changed(kind.name, texts, version).items():
                await writer.apply(Write(name, [], records))
    raised = UpdateOne({"_id": VERSION_KEY}, {"$set": {"version": versions.current()}})
    await writer.send("meta", [raised])
    _log.info("the database had schema version {old}, and has {new} now", old=version, new=versions.current())
