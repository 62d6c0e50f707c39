"""The database of an original AWE server, which is only read."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from awed.store.mongo.database import Database, Document

DATABASE = "AWEDB"
"""Where the original keeps its documents, unless it is configured otherwise."""

JOBS, PERF, GROUPS, USERS = "Jobs", "Perf", "ClientGroups", "Users"

_BY_ID = [("_id", 1)]


class OriginalDatabase:
    """The original's documents as JSON.

    *uri*: ``mongodb://host[/database]``; :class:`ValueError` if it is wrong. Every method may raise
    :class:`~awed.model.errors.Unavailable`.
    """

    def __init__(self, uri: str) -> None:
        self._database = Database(uri, DATABASE)

    def connect(self) -> None:
        """Begin to connect."""
        self._database.connect()

    async def disconnect(self) -> None:
        await self._database.disconnect()

    async def each(self, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        """The documents of a collection in the order in which they were made, and by which id to call each."""
        async for document in self._database.each(collection, {}, _BY_ID):
            key = document.pop("_id")
            yield str(document.get("id") or key), _json(document)

    async def perf(self, job_id: str) -> bytes | None:
        """The performance record of a job, if there is one."""
        document = await self._database.one(PERF, {"id": job_id})
        return None if document is None else _json(document)


def _json(document: Document) -> bytes:
    return msgspec.json.encode(_whole(document), enc_hook=_foreign)


def _whole(value: Any) -> Any:
    """*value* with integers where a shell of MongoDB, which knows floats only, has set a whole number."""
    match value:
        case dict():
            return {name: _whole(inner) for name, inner in value.items()}
        case list():
            return [_whole(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _foreign(value: Any) -> int | str:
    """A value of BSON for which JSON has no type: a long integer is an integer, the rest is told in words."""
    return int(value) if isinstance(value, int) else str(value)
