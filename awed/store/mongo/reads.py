"""Documents become records."""

from contextlib import aclosing

from awed.model.records import Kind, T
from awed.store.mongo.database import Database, Document
from awed.store.mongo.documents import RECORDS, order, piece_id

PAGE = 8_000_000
"""Characters that are read at a time where records may be large: the server hands over more in one piece."""


class Reader:
    """Records of each kind, from the collection of that kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, kind: Kind[T], where: Document) -> T | None:
        """A record that matches."""
        document = await self._database.one(kind.name, where)
        return None if document is None else await self.decoded(kind, document)

    async def all(self, kind: Kind[T], where: Document | None = None) -> list[T]:
        """The records that match, in the order of their index."""
        found = self._database.each(kind.name, {**RECORDS, **(where or {})}, order(kind))
        return [await self.decoded(kind, document) async for document in found]

    async def page(self, kind: Kind[T], where: Document, limit: int) -> list[T]:
        """The first of them, *limit* at most, or fewer with about :data:`PAGE` characters."""
        records, size = list[T](), 0
        async with aclosing(self._database.each(kind.name, {**RECORDS, **where}, order(kind), limit)) as found:
            async for document in found:
                text = await self.text(kind, document)
                records.append(kind.decode(text))
                size += len(text)
                if size >= PAGE:
                    break
        return records

    async def decoded(self, kind: Kind[T], document: Document) -> T:
        """The record that begins in *document*."""
        return kind.decode(await self.text(kind, document))

    async def text(self, kind: Kind[T], document: Document) -> str:
        """The same, as JSON."""
        text: str = document["doc"]
        for number in range(1, document["pieces"]):
            piece = await self._database.one(kind.name, {"_id": piece_id(document["_id"], number)})
            text += piece["doc"] if piece else ""
        return text
