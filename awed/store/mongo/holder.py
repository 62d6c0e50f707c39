"""The two ways to write to the database: as the daemon that holds it, and beside that one."""

from pymongo import ReplaceOne
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorThreads, IReactorTime

from awed.model.errors import Superseded
from awed.store.mongo.database import Database
from awed.store.mongo.lease import Lease
from awed.store.mongo.schema import prepare
from awed.store.mongo.writer import Writer
from awed.store.mongo.writes import Write, additions, removals
from awed.tx.threads import in_threads_of


class Holder:
    """Writes for the one daemon that holds the database; nothing any more, once another has taken it over."""

    def __init__(self, database: Database, reactor: IReactorThreads) -> None:
        self._database = database
        self._lease = Lease(database, IReactorTime(reactor), self._give_up)
        self._writer = Writer(database, in_threads_of(reactor))
        self._superseded = False
        self._turn = DeferredLock()

    async def begin(self) -> None:
        """Take the database. Raises :class:`ValueError` if another daemon has it."""
        self._superseded = False
        epoch = await self._lease.take()
        await prepare(self._database)
        await self._writer.begin(epoch)
        self._lease.keep()

    async def end(self) -> None:
        """Let go of the database, after the write under way."""
        async with self._turn:
            await self._lease.release()

    def check(self) -> None:
        """Raises :class:`Superseded` once another daemon has begun."""
        if self._superseded:
            raise Superseded

    async def write(self, writes: list[Write]) -> None:
        """Make a batch durable, whole or not at all. Raises :class:`Superseded` once another daemon has begun."""
        async with self._turn:
            self.check()
            try:
                await self._writer.write(writes)
            except Superseded:
                self._give_up()
                raise

    def _give_up(self) -> None:
        self._superseded = True


class SharedWriter:
    """Writes beside the daemon, and only what no daemon holds in memory: one record is durable at a time."""

    _FIRST, _LAST = 0, 1 << 62
    """Numbers before and after all of a daemon's batches: what is written here may be replaced or removed by any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self) -> None:
        await prepare(self._database)

    async def end(self) -> None:
        """Nothing is held."""

    def check(self) -> None:
        """Nothing can be taken over."""

    async def write(self, writes: list[Write]) -> None:
        for write in writes:
            documents = additions(write, self._FIRST)
            added = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
            await self._database.write(write.collection, [*removals(write, self._LAST), *added])
