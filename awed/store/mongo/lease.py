"""Who may write: one daemon at a time holds the lease of the database, a document of ``meta``.

A second daemon is refused while the first is there. After LEASE without a sign of life, or at once where it can be
seen that the holder's process has ended, the lease may be taken over. Ages are told by the database's clock alone.
"""

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

from pymongo import UpdateOne
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from awed.model.errors import Unavailable
from awed.model.ids import new_id
from awed.store.mongo.database import Database, Document
from awed.store.mongo.documents import LEASE_KEY

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
            self._log.critical("another daemon has taken the database over: nothing is written any more")
            self._token = ""
            self._renewal.stop()
            self._on_lost()


def _is_held(lease: Document, now: datetime) -> bool:
    """Whether the holder may still be there."""
    if now - lease["time"] > LEASE:
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
