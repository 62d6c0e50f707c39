"""The lease of the database, a document of ``meta``: only the daemon that holds it may write.

A second daemon is refused while the holder lives. The lease may be taken over once it has not been renewed for LEASE,
or at once if the holder was a process of this machine that has ended. Ages are measured by the database's clock.
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
"""How long a lease is valid without being renewed."""

RENEWAL = 10.0
"""Seconds between two renewals."""

_PROCESS = new_id()
"""Tells this process from an earlier one with the same pid, which is common in containers."""


class Lease:
    """The lease, as one daemon takes and keeps it. *on_lost* is called if another daemon has taken it over."""

    _log = Logger()

    def __init__(self, database: Database, reactor: IReactorTime, on_lost: Callable[[], None]) -> None:
        self._database = database
        self._on_lost = on_lost
        self._token = ""
        self._renewal = LoopingCall(self._renew)
        self._renewal.clock = reactor

    async def take(self) -> int:
        """Take the lease. Returns its epoch, a number that is higher than that of any lease before.

        Raises :class:`ValueError` if another daemon has it.
        """
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
        """Renew the lease from now on."""
        self._renewal.start(RENEWAL, now=False)

    async def release(self) -> None:
        """Give the lease back, so that another daemon can take it at once."""
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
        if renewed is None and self._renewal.running:  # not running: it was released meanwhile
            self._token = ""
            self._renewal.stop()
            self._on_lost()


def _is_held(lease: Document, now: datetime) -> bool:
    """Whether the holder of *lease* may still be alive."""
    if abs(now - lease["time"]) > LEASE:  # a time in the future means that the database's clock was set back
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
    """Writes for a daemon while it holds the lease. *on_lost* is called once if another daemon takes that over."""

    def __init__(self, database: Database, reactor: IReactorThreads, on_lost: Callable[[], None]) -> None:
        self._database = database
        self._lease = Lease(database, IReactorTime(reactor), self._give_up)
        self._writer = Writer(database, in_threads_of(reactor))
        self._on_lost = on_lost
        self._begun = self._superseded = False
        self.turn = DeferredLock()
        """Held while a batch is written."""

    async def begin(self) -> None:
        """Take the lease, and convert a database of an older awed.

        Raises :class:`ValueError` if another daemon has the lease or the database is of a newer awed, and
        :class:`Superseded` if another daemon takes the lease meanwhile.
        """
        self._begun = self._superseded = False
        epoch = await self._lease.take()
        self._lease.keep()
        version = await prepare(self._database, shared=False)
        await self._writer.begin(epoch)
        await take_over(self._database, self._writer, version)
        self.check()
        self._begun = True

    async def end(self) -> None:
        """Wait for a write under way, then give the lease back."""
        async with self.turn:
            await self._lease.release()

    def check(self) -> None:
        """Raises :class:`Superseded` if another daemon has taken the lease over."""
        if self._superseded:
            raise Superseded

    async def write(self, writes: list[Write]) -> None:
        """Make a batch durable as a whole. Raises :class:`Superseded` if another daemon has taken the lease over."""
        async with self.turn:
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
    """Writes beside a running daemon, without the lease, records that no daemon holds in memory.

    Each record becomes durable by itself, not the batch as a whole.
    """

    _FIRST, _LAST = 0, 1 << 62
    """Numbers before and after those of a daemon's batches: any batch may remove what is written here, and what any
    batch wrote may be removed here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.turn = DeferredLock()
        """Held by nobody: who writes is another process."""

    async def begin(self) -> None:
        """Make the database ready. Raises :class:`ValueError` if it is of a newer or older awed."""
        await prepare(self._database, shared=True)

    async def end(self) -> None:
        """There is no lease to give back."""

    def check(self) -> None:
        """There is no lease to lose."""

    async def write(self, writes: list[Write]) -> None:
        """Make the records of a batch durable, one after the other."""
        for write in writes:
            documents = additions(write, self._FIRST)
            added = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
            await self._database.write(write.collection, [*removals(write, self._LAST), *added])
