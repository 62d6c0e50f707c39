"""Documents become records."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec.json import Decoder

from awed.store.mongo.database import Database, Document
from awed.store.mongo.documents import KINDS, RECORDS, piece_id

T = TypeVar("T")

_COLLECTIONS: dict[type, str] = {kind.record: name for name, kind in KINDS.items()}
_DECODERS: dict[type, Decoder[Any]] = {record: Decoder(record) for record in _COLLECTIONS}


class Reader:
    """Records of each type, from the collection of that type."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, record: type[T], key: str) -> T | None:
        """The record with this key."""
        return await self.first(record, {"_id": key})

    async def first(self, record: type[T], where: Document) -> T | None:
        """A record that matches."""
        document = await self._database.one(_COLLECTIONS[record], where)
        return None if document is None else await self.decoded(record, document)

    async def all(
        self, record: type[T], where: Document | None = None, order: Sequence[str] = (), limit: int = 0
    ) -> list[T]:
        """The records that match, in order of these fields; the first *limit* ones, if it is given."""
        wanted = {**RECORDS, **(where or {})}
        found = self._database.each(_COLLECTIONS[record], wanted, [(name, 1) for name in order], limit)
        return [await self.decoded(record, document) async for document in found]

    async def decoded(self, record: type[T], document: Document) -> T:
        """The record that begins in *document*."""
        text = document["doc"]
        for number in range(1, document["pieces"]):
            piece = await self._database.one(_COLLECTIONS[record], {"_id": piece_id(document["_id"], number)})
            text += piece["doc"] if piece else ""
        decoded: T = _DECODERS[record].decode(text)
        return decoded
