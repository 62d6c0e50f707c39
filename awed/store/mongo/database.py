"""The connection to MongoDB: every call that is made of it, each with a time limit, and nothing else of txmongo."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pymongo import DeleteMany, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, ConfigurationError, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri
from txmongo.connection import ConnectionPool
from txmongo.errors import TimeExceeded
from txmongo.filter import sort

from awed.model.errors import StoreAway, Superseded
from awed.store.mongo.tls import context_factory

_BAD_VALUE, _FAILED_TO_PARSE, _TYPE_MISMATCH, _NO_SUCH_COMMAND = 2, 9, 14, 59


_OURS = frozenset({_BAD_VALUE, _FAILED_TO_PARSE, _TYPE_MISMATCH, _NO_SUCH_COMMAND})


_REFUSED = frozenset({13, 18})


_DUPLICATE = 11000


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises what the database or the network is to blame for as :class:`~awed.model.errors.StoreAway`.

    A refused password is a :class:`ValueError`. What our own requests are to blame for stays as it is: no other try
    would help.
    """
    try:
        yield
    except BulkWriteError as error:
        # The only document whose key is made twice is the fence of a later writer (see awed.store.mongo.writer).
        if any(fault["code"] == _DUPLICATE for fault in error.details["writeErrors"]):
            raise Superseded from error
        raise StoreAway(f"database: {_messages(error)}") from error
    except OperationFailure as error:
        if error.code in _OURS:
            raise
        if error.code in _REFUSED:
            raise ValueError(f"the database refuses user and password: {error}") from error
        raise StoreAway(f"database: {error}") from error
    except PyMongoError as error:
        raise StoreAway(f"database: {error}") from error
    except TimeExceeded as error:
        raise StoreAway("database: it does not answer in time") from error


def _messages(error: BulkWriteError) -> str:
    """What the database says. The error's own text has the documents that were to be written, secrets among them."""
    faults = [*error.details.get("writeErrors", ()), *error.details.get("writeConcernErrors", ())]
    return "; ".join(sorted({str(fault.get("errmsg")) for fault in faults}))


Document = dict[str, Any]
Filter = Mapping[str, Any]
Request = ReplaceOne[Document] | UpdateOne | DeleteMany

CALL_LIMIT = 15.0
"""Seconds that any one call may take, the way to the database included."""

INDEX_LIMIT = 600.0
"""Seconds that the making of a collection's indexes may take."""

CONNECTIONS = 2

CONNECT_LIMIT = 5.0
"""Seconds that the making of a connection may take, and the longest pause before the next try."""

BATCH = 500
"""Documents that are asked for at once: few enough that decoding them holds the reactor up for milliseconds only."""

IDS = 10_000
"""The same of keys alone."""

_WHAT_IS_READ = {"find": False}
"""All but what is there for searching alone."""


class Database:
    """A few connections to the database that *uri* names, *name* if it names none. Raises :class:`ValueError` for a
    wrong URI.

    What is written is acknowledged by most of a replica set, from their journals. Every method may raise
    :class:`~awed.model.errors.StoreAway`; connections that are lost are made again.
    """

    def __init__(self, uri: str, name: str = "") -> None:
        try:
            parsed = parse_uri(uri)
        except (ConfigurationError, OSError) as error:
            raise ValueError(f"{error}") from error
        self._uri = uri
        self._name = parsed["database"] or name
        if not self._name:
            raise ValueError("the URI names no database: mongodb://host/database")
        self._context_factory = context_factory(parsed["options"], [host for host, _ in parsed["nodelist"]])
        self._pool: Any = None

    def connect(self) -> None:
        """Begin to connect."""
        self._pool = ConnectionPool(
            self._uri,
            CONNECTIONS,
            self._context_factory,
            w="majority",
            journal=True,
            retry_delay=CONNECT_LIMIT,
            max_delay=CONNECT_LIMIT,
        )

    async def disconnect(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.disconnect()

    async def now(self) -> datetime:
        """The database's own time, which is the same for all that use it (UTC, naive)."""
        with self._told() as database:
            reply = await database.command("hello", timeout=CALL_LIMIT)
        found: datetime = reply["localTime"]
        return found

    async def each(
        self, collection: str, where: Filter, order: Sequence[tuple[str, int]] = (), limit: int = 0
    ) -> AsyncGenerator[Document, None]:
        """The documents that match, batch by batch."""
        with self._told() as database:
            cursor = database[collection].find(
                where,
                _WHAT_IS_READ,
                limit=limit,
                sort=sort(list(order)) if order else None,
                batch_size=BATCH,
                timeout=CALL_LIMIT,
            )
            async for document in cursor:
                yield document

    async def keys(self, collection: str, where: Filter) -> list[str]:
        """The keys of the documents that match, in order. (The answer to ``distinct`` ends at 16 MB.)"""
        with self._told() as database:
            cursor = database[collection].find(where, {"_id": True}, batch_size=IDS, timeout=CALL_LIMIT)
            return sorted([document["_id"] async for document in cursor])

    async def one(self, collection: str, where: Filter) -> Document | None:
        """A document that matches."""
        with self._told() as database:
            found: Document | None = await database[collection].find_one(where, _WHAT_IS_READ, timeout=CALL_LIMIT)
        return found

    async def aggregate(self, collection: str, pipeline: list[Document]) -> list[Document]:
        """What comes out of a pipeline."""
        with self._told() as database:
            found: list[Document] = await database[collection].aggregate(pipeline, timeout=CALL_LIMIT)
        return found

    async def count(self, collection: str, where: Filter) -> int:
        """How many documents match."""
        with self._told() as database:
            return int(await database[collection].count_documents(where, timeout=CALL_LIMIT))

    async def distinct(self, collection: str, path: str, where: Filter) -> list[Any]:
        """The distinct values at a path; a list gives its elements."""
        with self._told() as database:
            found: list[Any] = await database[collection].distinct(path, where, timeout=CALL_LIMIT)
        return found

    async def write(self, collection: str, requests: Sequence[Request]) -> None:
        """Do these in order, up to the first that fails. May raise
        :class:`~awed.model.errors.Superseded`."""
        with self._told() as database:
            await database[collection].bulk_write(requests, ordered=True, timeout=CALL_LIMIT)

    async def change(self, collection: str, where: Filter, update: Filter) -> Document | None:
        """Change one document: what it is then; None if none matches."""
        with self._told() as database:
            found: Document | None = await database[collection].find_one_and_update(
                where, update, return_document=True, timeout=CALL_LIMIT
            )
        return found

    async def index(self, collection: str, keys: Sequence[Mapping[str, int]]) -> None:
        """See to it that the collection has these indexes."""
        indexes = [{"name": ",".join(key), "key": dict(key)} for key in keys]
        with self._told() as database:
            await database.command("createIndexes", collection, indexes=indexes, timeout=INDEX_LIMIT)

    @contextmanager
    def _told(self) -> Iterator[Any]:
        """The database; what goes wrong with it inside the block is raised as what it means."""
        if self._pool is None:
            raise StoreAway("database: it is not open")
        with translated_errors():
            try:
                yield self._pool[self._name]
            except TimeExceeded:
                self._reconnect()
                raise

    def _reconnect(self) -> None:
        """A connection on which no answer came may be dead, and everything sent on it later would wait as long."""
        for factory in self._pool.getprotocols() if self._pool else ():
            if factory.instance is not None:
                factory.instance.transport.abortConnection()
