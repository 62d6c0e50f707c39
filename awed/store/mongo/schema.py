"""What a database must have before it is used: the right version, indexes, an identity."""

from pymongo import UpdateOne

from awed.model.ids import new_id
from awed.store.mongo.database import Database
from awed.store.mongo.documents import KINDS, VERSION_KEY, documents

VERSION = 1
"""Of the documents' form. One that is changed comes with code here that changes the documents of the last."""


async def prepare(database: Database) -> None:
    """Make the database ready. Raises :class:`ValueError` if it is of a newer awed."""
    found = await database.one("meta", {"_id": VERSION_KEY})
    if found is not None and found["version"] > VERSION:
        raise ValueError(f"the database has schema version {found['version']}, this awed knows up to {VERSION}")
    for name, kind in KINDS.items():
        if kind.indexes:
            await database.index(name, kind.indexes)
    (identity,) = documents("meta", f'["server_uuid", "{new_id()}"]')
    await database.write(
        "meta",
        [
            UpdateOne({"_id": identity.pop("_id")}, {"$setOnInsert": identity}, upsert=True),
            UpdateOne({"_id": VERSION_KEY}, {"$set": {"version": VERSION}}, upsert=True),
        ],
    )
