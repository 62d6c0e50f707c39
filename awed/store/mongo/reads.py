"""Reads records from their documents."""

from contextlib import aclosing

from twisted.internet.defer import DeferredLock

from awed.model.errors import StoreAway
from awed.model.records import Kind, T
from awed.store.mongo.database import Database, Document
from awed.store.mongo.documents import RECORDS, order, piece_id

PAGE = 8_000_000
"""Characters after which a page ends. More than that the server may send in one answer."""


class Reader:
    """Reads records of any kind from the collection of that kind. *turn*: is held while a batch is written."""

    def __init__(self, database: Database, turn: DeferredLock) -> None:
        self._database = database
        self._turn = turn

    async def one(self, kind: Kind[T], where: Document) -> T | None:
        """A record that matches, None if there is none."""
        document = await self._database.one(kind.name, where)
        return None if document is None else await self.decoded(kind, document)

    async def all(self, kind: Kind[T], where: Document | None = None) -> list[T]:
        """The records that match, in the order of their kind (:func:`order`)."""
        found = self._database.each(kind.name, {**RECORDS, **(where or {})}, order(kind))
        return [await self.decoded(kind, document) async for document in found]

    async def page(self, kind: Kind[T], where: Document, limit: int) -> list[T]:
        """The first records that match, at most *limit*, and fewer if they have over PAGE characters."""
        records, size = list[T](), 0
        async with aclosing(self._database.each(kind.name, {**RECORDS, **where}, order(kind), limit)) as found:
            async for document in found:
                text = await self.text(kind, document)
                records.append(kind.decode(text))
                size += len(text)
                if size >= PAGE:
                    break
        return records

    async def last(self, kind: Kind[T]) -> T | None:
        """See :meth:`IStore.last`."""
        found = [document async for document in self._database.each(kind.name, RECORDS, [("_id", -1)], 1)]
        return await self.decoded(kind, found[0]) if found else None

    async def decoded(self, kind: Kind[T], document: Document) -> T:
        """The record whose first document is *document*."""
        return kind.decode(await self.text(kind, document))

    async def text(self, kind: Kind[T], document: Document) -> str:
        """The JSON of the record whose first document is *document*."""
        text = await self._joined(kind, document)
        if text is None:
            async with self._turn:
                now = await self._database.one(kind.name, {"_id": document["_id"]})
                text = await self._joined(kind, now) if now is not None else None
        if text is None:
            raise StoreAway("database: a long record has changed while it was read; please repeat the request")
        return text

    async def _joined(self, kind: Kind[T], document: Document) -> str | None:
        """As :meth:`text`; None if a batch has changed the record since *document* was read."""
        texts = [document["doc"]]
        for number in range(1, document["pieces"]):
            where = {"_id": piece_id(document["_id"], number), "n": document["n"]}
            piece = await self._database.one(kind.name, where)
            if piece is None:
                return None
            texts.append(piece["doc"])
        return "".join(texts)
