"""How a batch becomes durable in a database that makes one document durable at a time.

A batch goes into the collection ``log`` first, whole, and is durable with that. Then it is written into the
collections, in any order. A daemon that dies in between finds the batch in the log when it starts, and writes all of
it again; one that loses the connection does so before the next batch. Log documents are written over by those of
the next batch, which begins when every collection has the last one. So no crash leaves a part of a batch.

Nothing written late may undo what was written since. A request may be under way for long, on a connection that was
given up, or from a daemon whose database another one has taken over. Therefore batches are numbered for ever: a
number is the lease's epoch and a count. Each collection has a *fence*, a document with the number of its latest
batch, and what is sent to it begins with a request that raises the fence to the batch's own number, as does every
message that adds something. If the fence is higher already, that request would make a second one, which fails, and
nothing after it is done.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, msgpack
from pymongo import DeleteMany, ReplaceOne, UpdateOne
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from awed.model.records import KINDS, Batch, Kind
from awed.store import versions
from awed.store.mongo.database import Database, Document, Request
from awed.store.mongo.documents import COLLECTIONS, FENCE_KEY, SETTINGS, documents, removed
from awed.tx.threads import InThread


class Write(Struct, array_like=True):
    """Into one collection: *gone*, pairs of a field and the value that a document has there, then *records*, each as
    JSON."""

    collection: str
    gone: list[tuple[str, str]] = []
    records: list[str] = []


def encode(batch: Batch) -> list[Write]:
    """What *batch* writes; nothing of it is shared with the batch."""
    writes = [*(_write(kind, batch) for kind in KINDS), Write(SETTINGS.name, [], _texts(list(batch.meta.items())))]
    return [write for write in writes if write.gone or write.records]


def _write(kind: Kind[Any], batch: Batch) -> Write:
    gone = [
        pair for name, field in kind.gone.items() for id in getattr(batch, name) for pair in removed(kind, field, id)
    ]
    return Write(kind.name, gone, _texts(getattr(batch, kind.name)))


def removals(write: Write, number: int) -> list[DeleteMany]:
    """What batch *number* removes: only what earlier batches wrote, so that a removal that comes late takes nothing
    of a later one."""
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
LOG_PIECE = 8_000_000
"""Bytes of a batch in one document of the log."""

MOST_REQUESTS = 500
MOST_CHARACTERS = 4_000_000
"""What one message has of requests, and about how much of text: the server can take more, but the reactor has to
encode it at a stretch."""

_COUNT_BITS = 32


class Writer:
    """Writes batches, one at a time. Every method may raise :class:`~awed.model.errors.StoreAway`, and once another
    writer has begun :class:`~awed.model.errors.Superseded`."""

    def __init__(self, database: Database, in_thread: InThread) -> None:
        self._database = database
        self._in_thread = in_thread
        self._number = 0
        self._logged: list[Write] = []

    async def begin(self, epoch: int) -> None:
        """Shut out all writers of earlier epochs, and bring the last batch to its end."""
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
        """Write into the collections what is in the log and may not be there yet."""
        applied = [Deferred.fromCoroutine(self.apply(write)) for write in self._logged]
        for _, result in await DeferredList(applied, consumeErrors=True):
            if isinstance(result, Failure):
                result.raiseException()
        self._logged = []

    async def apply(self, write: Write) -> None:
        """Write into one collection, beside the log: a crash may leave a part of it."""
        for message in await self._in_thread(_messages, write, self._number):
            await self._database.write(write.collection, message)

    async def send(self, collection: str, requests: Sequence[Request]) -> None:
        """Send one message behind the fence."""
        await self._database.write(collection, [_fence(self._number), *requests])


def _fence(number: int) -> UpdateOne:
    return UpdateOne({"_id": FENCE_KEY, "n": {"$lte": number}}, {"$set": {"n": number}}, upsert=True)


def _messages(write: Write, number: int) -> list[list[Request]]:
    """The messages that do *write*. Removals come last: they look at the numbers of what they remove, and behind the
    fence nothing that is removed can come again."""
    messages: list[list[Request]] = []
    characters = MOST_CHARACTERS
    for document in additions(write, number):
        if characters >= MOST_CHARACTERS or len(messages[-1]) >= MOST_REQUESTS:
            messages.append([_fence(number)])
            characters = 0
        messages[-1].append(ReplaceOne({"_id": document["_id"]}, document, upsert=True))
        characters += len(document["doc"])
    if write.gone:
        messages.append([*([] if messages else [_fence(number)]), *removals(write, number)])
    return messages


def _log_documents(writes: list[Write], number: int) -> list[Document]:
    data = msgpack.encode(writes)
    pieces = [data[start : start + LOG_PIECE] for start in range(0, len(data), LOG_PIECE)]
    return [
        {"_id": key, "n": number, "version": versions.current(), "pieces": len(pieces), "data": piece}
        for key, piece in enumerate(pieces, FENCE_KEY + 1)
    ]


def _last_batch(log: list[Document]) -> list[Write]:
    """What the log has of the last batch, with records of the current version; nothing, if the log has not all of it:
    then nothing of it is anywhere else."""
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
