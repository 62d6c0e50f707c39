"""Reads the MongoDB database of an original AWE server. Nothing is written to it."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from awed.store.mongo.database import Database, Document

DATABASE = "AWEDB"
"""Name of the original's database, unless it is configured otherwise."""

JOBS, PERF, GROUPS, USERS = "Jobs", "Perf", "ClientGroups", "Users"

_BY_ID = [("_id", 1)]


class OriginalDatabase:
    """The original's documents, as JSON.

    *uri*: ``mongodb://host[/database]``. Raises :class:`ValueError` if it is malformed. Every method may raise
    :class:`~awed.model.errors.Unavailable`.
    """

    def __init__(self, uri: str) -> None:
        self._database = Database(uri, DATABASE)

    def connect(self) -> None:
        """Begin to connect."""
        self._database.connect()

    async def disconnect(self) -> None:
        """Close the connections."""
        await self._database.disconnect()

    async def each(self, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        """The documents of a collection in the order of their making, each after the id by which messages name it."""
        async for document in self._database.each(collection, {}, _BY_ID):
            key = document.pop("_id")
            yield str(document.get("id") or key), _json(document)

    async def perf(self, job_id: str) -> bytes | None:
        """The performance record of a job, None if there is none."""
        document = await self._database.one(PERF, {"id": job_id})
        return None if document is None else _json(document)


def _json(document: Document) -> bytes:
    return msgspec.json.encode(_whole(document), enc_hook=_foreign)


def _whole(value: Any) -> Any:
    """*value* with whole floats as integers: numbers set in MongoDB's shell are floats."""
    match value:
        case dict():
            return {name: _whole(inner) for name, inner in value.items()}
        case list():
            return [_whole(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _foreign(value: Any) -> int | str:
    """A value of a BSON type that JSON lacks: integers as such, others as text."""
    return int(value) if isinstance(value, int) else str(value)
