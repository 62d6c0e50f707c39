"""The calls to MongoDB, each with a time limit. Only this module uses txmongo."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pymongo import DeleteMany, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, ConfigurationError, ExecutionTimeout, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri
from txmongo.connection import ConnectionPool, _Connection
from txmongo.errors import TimeExceeded
from txmongo.filter import sort

from awed.model.errors import Invalid, StoreAway, Superseded
from awed.store.document import too_slow
from awed.store.mongo.tls import context_factory

_BAD_VALUE, _FAILED_TO_PARSE, _TYPE_MISMATCH, _NO_SUCH_COMMAND = 2, 9, 14, 59

_OURS = frozenset({_BAD_VALUE, _FAILED_TO_PARSE, _TYPE_MISMATCH, _NO_SUCH_COMMAND})
"""Error codes for requests that are wrong themselves."""

_REFUSED = frozenset({13, 18})
"""Error codes for a user without the right, and for a wrong password."""


class AccessRefused(StoreAway):
    """The database refuses user and password, or the user has not the right to what is asked."""


_TOO_MUCH = 17217
"""Error code for more than 16 MB of distinct values."""

_DUPLICATE = 11000
"""Error code for a second document with the same key."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Context in which errors of the database and the network are raised as :class:`~awed.model.errors.StoreAway`.

    :class:`~awed.model.errors.Superseded` is raised if a later writer has begun, and
    :class:`~awed.model.errors.Invalid` for a search that takes too long or finds too much. Errors of a request itself
    are raised as they are, as trying again would not help.
    """
    try:
        yield
    except BulkWriteError as error:
        # Only a fence can be a duplicate, when a later writer has raised it (see awed.store.mongo.writer).
        if any(fault["code"] == _DUPLICATE for fault in error.details["writeErrors"]):
            raise Superseded from error
        raise StoreAway(f"database: {_messages(error)}") from error
    except ExecutionTimeout as error:
        raise Invalid(too_slow(SEARCH_LIMIT)) from error
    except OperationFailure as error:
        if error.code == _TOO_MUCH:
            raise Invalid("the search finds more than 16 MB of values: narrow it") from error
        if error.code in _OURS:
            raise
        if error.code in _REFUSED:
            raise AccessRefused(f"the database refuses user and password: {_message(error)}") from error
        raise StoreAway(f"database: {_message(error)}") from error
    except PyMongoError as error:
        raise StoreAway(f"database: {error}") from error
    except TimeExceeded as error:
        raise StoreAway("database: it does not answer in time") from error


def _messages(error: BulkWriteError) -> str:
    """The database's messages. The text of the error itself has the documents of the request, secrets included."""
    faults = [*error.details.get("writeErrors", ()), *error.details.get("writeConcernErrors", ())]
    return "; ".join(sorted({str(fault.get("errmsg")) for fault in faults}))


def _message(error: OperationFailure) -> str:
    """The database's message. The text of the error itself has the whole request, which may be long."""
    return str((error.details or {}).get("errmsg") or error)


Document = dict[str, Any]
Filter = Mapping[str, Any]
Request = ReplaceOne[Document] | UpdateOne | DeleteMany

CALL_LIMIT = 15.0
"""Seconds that a call may take, on the way included."""

SEARCH_LIMIT = 10.0
"""Seconds that the database may work on a search. It ends the search itself, before CALL_LIMIT: a call that is not
answered costs all connections."""

INDEX_LIMIT = 600.0
"""Seconds that making the indexes of a collection may take."""

_Connection.noisy = False  # each try would be logged as "Starting factory <... at 0x7f...>"

CONNECTIONS = 2
"""Connections of each :class:`Database`."""

CONNECT_LIMIT = 5.0
"""Seconds that connecting may take, and the pause before the next try."""

BATCH = 500
"""Documents that are read at a time; decoding them holds the reactor for milliseconds only."""

IDS = 10_000
"""Keys that are read at a time."""

_LIMITED = {"maxTimeMS": int(SEARCH_LIMIT * 1000)}
"""The option of searches by which the database ends them."""

_MAJORITY = {"w": "majority", "j": True}
"""When the database acknowledges a write."""

_WHAT_IS_READ = {"find": False}
"""Projection without the field that is for searching only."""


class Database:
    """A database: the one that *uri* names, or *name* if the URI has none. Raises :class:`ValueError` for a wrong
    URI.

    Writes are acknowledged once the majority of the replica set has them in its journals. Every method may raise
    :class:`~awed.model.errors.StoreAway`. Lost connections are made again.
    """

    def __init__(self, uri: str, name: str = "") -> None:
        try:
            parsed = parse_uri(uri)
        except (ConfigurationError, OSError) as error:
            # What a password that is not encoded makes of a URI is quoted in the text.
            wrong = "user and password in the URI must be percent-encoded, / as %2F"
            raise ValueError(wrong if "@" in str(error) else f"{error}") from None
        self._uri = uri
        self._name = parsed["database"] or name
        if not self._name:
            raise ValueError("the URI names no database: mongodb://host/database")
        self._context_factory = context_factory(parsed["options"], [host for host, _ in parsed["nodelist"]])
        self._pool: Any = None

    def connect(self) -> None:
        """Begin to connect, in the background."""
        self._pool = ConnectionPool(
            self._uri,
            CONNECTIONS,
            self._context_factory,
            w=_MAJORITY["w"],
            journal=_MAJORITY["j"],
            retry_delay=CONNECT_LIMIT,
            max_delay=CONNECT_LIMIT,
        )

    async def disconnect(self) -> None:
        """Close the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.disconnect()

    async def now(self) -> datetime:
        """The time by the database's clock, which is the same for all its clients (naive, UTC)."""
        with self._told() as database:
            reply = await database.command("hello", timeout=CALL_LIMIT)
        found: datetime = reply["localTime"]
        return found

    async def each(
        self, collection: str, where: Filter, order: Sequence[tuple[str, int]] = (), limit: int = 0
    ) -> AsyncGenerator[Document, None]:
        """The documents that match, one by one; they are fetched BATCH at a time."""
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
        """The keys of the documents that match, in order. (``distinct`` would fail beyond 16 MB.)"""
        with self._told() as database:
            cursor = database[collection].find(where, {"_id": True}, batch_size=IDS, timeout=CALL_LIMIT)
            return sorted([document["_id"] async for document in cursor])

    async def one(self, collection: str, where: Filter) -> Document | None:
        """A document that matches, None if there is none."""
        with self._told() as database:
            found: Document | None = await database[collection].find_one(where, _WHAT_IS_READ, timeout=CALL_LIMIT)
        return found

    async def aggregate(self, collection: str, pipeline: list[Document]) -> list[Document]:
        """The documents that come out of an aggregation pipeline.

        Raises :class:`~awed.model.errors.Invalid` if that takes over SEARCH_LIMIT.
        """
        search = {"aggregate": collection, "pipeline": pipeline, "cursor": {"batchSize": IDS}, **_LIMITED}
        # In a session, as the database gives the rest of an answer to the session alone that has the first part.
        with self._told() as database:
            async with database.connection.start_session() as session:
                reply = await database.command(search, session=session, timeout=CALL_LIMIT)
                found: list[Document] = reply["cursor"]["firstBatch"]
                while cursor := reply["cursor"]["id"]:
                    more = {"getMore": cursor, "collection": collection}
                    reply = await database.command(more, session=session, timeout=CALL_LIMIT)
                    found += reply["cursor"]["nextBatch"]
        return found

    async def count(self, collection: str, where: Filter) -> int:
        """How many documents match. Raises what :meth:`aggregate` raises."""
        found = await self.aggregate(collection, [{"$match": where}, {"$count": "n"}])
        return int(found[0]["n"]) if found else 0

    async def distinct(self, collection: str, path: str, where: Filter) -> list[Any]:
        """The distinct values at a path of the documents that match; of a list, its elements.

        Raises what :meth:`aggregate` raises.
        """
        search = {"distinct": collection, "key": path, "query": where, **_LIMITED}
        with self._told() as database:
            reply = await database.command(search, timeout=CALL_LIMIT)
        found: list[Any] = reply["values"]
        return found

    async def write(self, collection: str, requests: Sequence[Request]) -> None:
        """Execute *requests* in order, up to the first that fails.

        May also raise :class:`~awed.model.errors.Superseded`.
        """
        with self._told() as database:
            await database[collection].bulk_write(requests, ordered=True, timeout=CALL_LIMIT)

    async def change(self, collection: str, where: Filter, update: Filter) -> Document | None:
        """Change one document. Returns it as it is afterwards, None if none matches."""
        # As a command, because txmongo's method takes a change that the majority has not for one that is there.
        change = {
            "findAndModify": collection,
            "query": where,
            "update": update,
            "new": True,
            "writeConcern": _MAJORITY,
        }
        with self._told() as database:
            reply = await database.command(change, timeout=CALL_LIMIT)
        if fault := reply.get("writeConcernError"):
            raise StoreAway(f"database: {fault.get('errmsg')}")
        found: Document | None = reply["value"]
        return found

    async def index(self, collection: str, keys: Sequence[Mapping[str, int]]) -> None:
        """Make these indexes of the collection, if they are missing."""
        indexes = [{"name": ",".join(key), "key": dict(key)} for key in keys]
        with self._told() as database:
            await database.command("createIndexes", collection, indexes=indexes, timeout=INDEX_LIMIT)

    @contextmanager
    def _told(self) -> Iterator[Any]:
        """Context with the database, in which its errors are translated.

        Raises :class:`~awed.model.errors.StoreAway` if it is not open.
        """
        if self._pool is None:
            raise StoreAway("database: it is not open")
        with translated_errors():
            try:
                yield self._pool[self._name]
            except TimeExceeded:
                self._reconnect()
                raise

    def _reconnect(self) -> None:
        """Drop all connections after one did not answer: it may be dead, and later calls on it would wait as long."""
        for factory in self._pool.getprotocols() if self._pool else ():
            if factory.instance is not None:
                factory.instance.transport.abortConnection()
