"""Makes batches durable as a whole in a database that makes one document durable at a time.

The whole batch is written to the collection ``log`` first, with which it is durable, then to the collections of its
records, in any order. A daemon that dies in between finds the batch in the log when it starts, and writes all of it
again; one that loses the connection does so before the next batch. The next batch, which begins when all collections
have the last one, overwrites the documents in the log. So no crash leaves a part of a batch.

A request that arrives late must not undo what was written since. It may have been under way for long on a connection
that was given up, or come from a daemon whose lease was taken over. Therefore every batch has a number, the lease's
epoch and a count, that is higher than all before. Each collection has a *fence*, a document with the number of its
latest batch. The first message of a batch to a collection, and every message that adds documents, begins with a
request that raises the fence to the number of the batch. If the fence is higher already, this request tries to make a
second fence and fails, and nothing after it in the message is done.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, msgpack
from pymongo import DeleteMany, ReplaceOne, UpdateOne
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from awed.model.errors import StoreAway, Superseded
from awed.model.records import KINDS, Batch, Kind
from awed.store import versions
from awed.store.mongo.database import Database, Document, Request
from awed.store.mongo.documents import COLLECTIONS, FENCE_KEY, SETTINGS, documents, removed
from awed.tx.threads import InThread


class Write(Struct, array_like=True):
    """What a batch writes to one collection: it deletes documents by *gone*, pairs of a field and its value, then
    adds *records*, each as JSON."""

    collection: str
    gone: list[tuple[str, str]] = []
    records: list[str] = []


def encode(batch: Batch) -> list[Write]:
    """What *batch* writes to each collection. Shares no objects with *batch*."""
    writes = [*(_write(kind, batch) for kind in KINDS), Write(SETTINGS.name, [], _texts(list(batch.meta.items())))]
    return [write for write in writes if write.gone or write.records]


def _write(kind: Kind[Any], batch: Batch) -> Write:
    gone = [
        pair for name, field in kind.gone.items() for id in getattr(batch, name) for pair in removed(kind, field, id)
    ]
    return Write(kind.name, gone, _texts(getattr(batch, kind.name)))


def removals(write: Write, number: int) -> list[DeleteMany]:
    """The deletions of batch *number*, of documents of earlier batches only: one that arrives late must not delete
    what a later batch wrote."""
    return [DeleteMany({name: value, "n": {"$lt": number}}) for name, value in write.gone]


def additions(write: Write, number: int) -> Iterator[Document]:
    """The documents that batch *number* writes."""
    for text in write.records:
        for document in documents(write.collection, text):
            yield {**document, "n": number}


def _texts(records: Sequence[object]) -> list[str]:
    return [_encoder.encode(record).decode() for record in records]


_encoder = msgspec.json.Encoder()


LOG = "log"
"""The collection with the last batch."""

LOG_PIECE = 8_000_000
"""Bytes of a batch in one document of the log."""

MOST_REQUESTS = 500
"""Requests in a message. The server takes more, but encoding them holds the reactor."""

MOST_CHARACTERS = 4_000_000
"""Characters of records in a message, about, for the same reason."""

_COUNT_BITS = 32
"""Bits of a batch's number for its count; the epoch is in those above."""


class Writer:
    """Writes batches, one at a time.

    Every method may raise :class:`~awed.model.errors.StoreAway`, and :class:`~awed.model.errors.Superseded` once a
    writer with a later epoch has begun.
    """

    def __init__(self, database: Database, in_thread: InThread) -> None:
        self._database = database
        self._in_thread = in_thread
        self._number = 0
        self._logged: list[Write] = []

    async def begin(self, epoch: int) -> None:
        """Raise all fences, which shuts out writers of earlier epochs, and finish the last batch in the log."""
        self._number = epoch << _COUNT_BITS
        for collection in (LOG, *COLLECTIONS):
            await self.send(collection, [])
        log = [document async for document in self._database.each(LOG, {"_id": {"$gt": FENCE_KEY}})]
        self._logged = await self._in_thread(_last_batch, log)
        await self._finish()

    async def write(self, writes: list[Write]) -> None:
        """Make a batch durable."""
        await self._finish()
        self._number += 1
        for document in await self._in_thread(_log_documents, writes, self._number):
            piece = ReplaceOne({"_id": document["_id"]}, document, upsert=True)
            await self.send(LOG, [piece])
        self._logged = writes
        await self._finish()

    async def _finish(self) -> None:
        """Write the batch in the log to the collections, unless that is done."""
        applied = [Deferred.fromCoroutine(self.apply(write)) for write in self._logged]
        for _, result in await DeferredList(applied, consumeErrors=True):
            if isinstance(result, Failure):
                result.raiseException()
        self._logged = []

    async def apply(self, write: Write) -> None:
        """Write to one collection, without the log: a crash may leave a part of it."""
        for message in await self._in_thread(_messages, write, self._number):
            await self._send(write.collection, message)

    async def send(self, collection: str, requests: Sequence[Request]) -> None:
        """Send one message, which begins with raising the fence."""
        await self._send(collection, [_fence(self._number), *requests])

    async def _send(self, collection: str, message: Sequence[Request]) -> None:
        try:
            await self._database.write(collection, message)
        except Superseded:
            fence = await self._database.one(collection, {"_id": FENCE_KEY})
            if fence is None or fence["n"] <= self._number:
                raise StoreAway("database: a message met its own repetition, which is still under way") from None
            raise


def _fence(number: int) -> UpdateOne:
    return UpdateOne({"_id": FENCE_KEY, "n": {"$lte": number}}, {"$set": {"n": number}}, upsert=True)


def _messages(write: Write, number: int) -> list[list[Request]]:
    """The messages of *write*. Deletions may come last, as they spare what this batch has written, and the fence,
    which is raised by then, keeps late requests from bringing back what they delete."""
    messages: list[list[Request]] = []
    characters = MOST_CHARACTERS
    for document in additions(write, number):
        if characters >= MOST_CHARACTERS or len(messages[-1]) >= MOST_REQUESTS:
            messages.append([_fence(number)])
            characters = 0
        messages[-1].append(ReplaceOne({"_id": document["_id"]}, document, upsert=True))
        characters += len(document["doc"])
    gone = removals(write, number)
    for start in range(0, len(gone), MOST_REQUESTS):
        messages.append([*([] if messages else [_fence(number)]), *gone[start : start + MOST_REQUESTS]])
    return messages


def _log_documents(writes: list[Write], number: int) -> list[Document]:
    data = msgpack.encode(writes)
    pieces = [data[start : start + LOG_PIECE] for start in range(0, len(data), LOG_PIECE)]
    return [
        {"_id": key, "n": number, "version": versions.current(), "pieces": len(pieces), "data": piece}
        for key, piece in enumerate(pieces, FENCE_KEY + 1)
    ]


def _last_batch(log: list[Document]) -> list[Write]:
    """The last batch in the log, converted to the current version; nothing if it is incomplete, in which case no
    collection has any of it."""
    number = max((document["n"] for document in log), default=0)
    pieces = [document for document in log if document["n"] == number]
    if not pieces or len(pieces) < pieces[0]["pieces"]:
        return []
    data = b"".join(piece["data"] for piece in sorted(pieces, key=lambda piece: int(piece["_id"])))
    version = pieces[0].get("version", 1)
    return [write for old in msgpack.decode(data, type=list[Write]) for write in _changed(old, version)]


def _changed(write: Write, version: int) -> Iterator[Write]:
    for name, records in versions.changed(write.collection, write.records, version).items():
        yield Write(name, write.gone if name == write.collection else [], records)
