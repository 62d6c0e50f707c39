"""Who may write: one daemon at a time holds the lease of the database, a document of ``meta``.

A second daemon is refused while the first is there. After LEASE without a sign of life, or at once where it can be
seen that the holder's process has ended, the lease may be taken over. Ages are told by the database's clock alone.
"""

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

from pymongo import ReplaceOne, UpdateOne
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorThreads, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from awed.model.errors import Superseded, Unavailable
from awed.model.ids import new_id
from awed.store.mongo.database import Database, Document
from awed.store.mongo.documents import LEASE_KEY
from awed.store.mongo.schema import prepare, take_over
from awed.store.mongo.writer import Write, Writer, additions, removals
from awed.tx.threads import in_threads_of

LEASE = timedelta(seconds=30)
RENEWAL = 10.0
"""Seconds between two signs of life."""

_PROCESS = new_id()
"""Tells this process from an earlier one of the same number, as containers have."""


class Lease:
    """The right to write. *on_lost* is called when another daemon has taken it."""

    _log = Logger()

    def __init__(self, database: Database, reactor: IReactorTime, on_lost: Callable[[], None]) -> None:
        self._database = database
        self._on_lost = on_lost
        self._token = ""
        self._renewal = LoopingCall(self._renew)
        self._renewal.clock = reactor

    async def take(self) -> int:
        """Take the lease: its epoch, higher than any before. Raises :class:`ValueError` if another daemon has it."""
        first = UpdateOne({"_id": LEASE_KEY}, {"$setOnInsert": {"epoch": 0}}, upsert=True)
        await self._database.write("meta", [first])
        found = await self._database.one("meta", {"_id": LEASE_KEY})
        assert found is not None
        now = await self._database.now()
        if found.get("token") and _is_held(found, now):
            raise ValueError(
                f"the database is in use by process {found['pid']} on {found['host']}, which gave a sign of life"
                f" {(now - found['time']).total_seconds():.0f} s ago"
            )
        token = new_id()
        mine = {"token": token, "host": socket.gethostname(), "pid": os.getpid(), "process": _PROCESS}
        taken = await self._database.change(
            "meta",
            {"_id": LEASE_KEY, "epoch": found["epoch"]},
            {"$set": mine, "$inc": {"epoch": 1}, "$currentDate": {"time": True}},
        )
        if taken is None:
            raise ValueError("the database has just been taken by another daemon")
        self._token = token
        return int(taken["epoch"])

    def keep(self) -> None:
        """Give signs of life from now on."""
        self._renewal.start(RENEWAL, now=False)

    async def release(self) -> None:
        """Let the next daemon take the lease at once."""
        if self._renewal.running:
            self._renewal.stop()
        if self._token:
            await self._database.change("meta", {"_id": LEASE_KEY, "token": self._token}, {"$set": {"token": ""}})
            self._token = ""

    async def _renew(self) -> None:
        try:
            renewed = await self._database.change(
                "meta", {"_id": LEASE_KEY, "token": self._token}, {"$currentDate": {"time": True}}
            )
        except Unavailable as error:
            self._log.warn("cannot renew the lease of the database: {error}", error=error)
            return
        except Exception:
            self._log.failure("renewing the lease of the database failed")
            return
        if renewed is None and self._renewal.running:  # else it was released meanwhile
            self._token = ""
            self._renewal.stop()
            self._on_lost()


def _is_held(lease: Document, now: datetime) -> bool:
    """Whether the holder may still be there."""
    if abs(now - lease["time"]) > LEASE:  # a sign of life to come: the database's clock was set back
        return False
    if lease["host"] != socket.gethostname():
        return True
    return lease["process"] == _PROCESS if lease["pid"] == os.getpid() else _runs(lease["pid"])


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class Holder:
    """Writes for the one daemon that holds the database; nothing any more, once another has taken it over, of which
    *on_lost* is told once."""

    def __init__(self, database: Database, reactor: IReactorThreads, on_lost: Callable[[], None]) -> None:
        self._database = database
        self._lease = Lease(database, IReactorTime(reactor), self._give_up)
        self._writer = Writer(database, in_threads_of(reactor))
        self._on_lost = on_lost
        self._begun = self._superseded = False
        self._turn = DeferredLock()

    async def begin(self) -> None:
        """Take the database, and take it over from an older awed. Raises :class:`ValueError` if another daemon has it
        or it is of a newer awed, :class:`Superseded` if another daemon takes it meanwhile."""
        self._begun = self._superseded = False
        epoch = await self._lease.take()
        self._lease.keep()
        version = await prepare(self._database, shared=False)
        await self._writer.begin(epoch)
        await take_over(self._database, self._writer, version)
        self.check()
        self._begun = True

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
        if self._begun and not self._superseded:
            self._on_lost()
        self._superseded = True


class SharedWriter:
    """Writes beside the daemon, and only what no daemon holds in memory: one record is durable at a time."""

    _FIRST, _LAST = 0, 1 << 62
    """Numbers before and after all of a daemon's batches: what is written here may be replaced or removed by any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self) -> None:
        await prepare(self._database, shared=True)

    async def end(self) -> None:
        """Nothing is held."""

    def check(self) -> None:
        """Nothing can be taken over."""

    async def write(self, writes: list[Write]) -> None:
        for write in writes:
            documents = additions(write, self._FIRST)
            added = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
            await self._database.write(write.collection, [*removals(write, self._LAST), *added])
