"""A node store in a directory, with records in memory: what survives a restart survives here."""

import hashlib
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from awed.model.access import User
from awed.model.node import NodeRecord
from awed.model.records import Batch
from awed.nodes.change import Change, Fill, Whole
from awed.nodes.fetching import Fetch
from awed.nodes.files import DATA, NodeFiles
from awed.nodes.indexing import Selection
from awed.nodes.records import NodeRecords
from awed.nodes.store import ALL, NodeStore
from awed.tx.files import Pieces
from awed.tx.longwork import LongWork
from awed.tx.threads import InThread
from tests.unit.web.traversal import at_once

ALICE = User("alice")
BOB = User("bob")
ANYONE = User()
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Bytes:
    """An upload that is small."""

    def __init__(self, data: bytes, filename: str | None = "f") -> None:
        self.data: bytes | None = data
        self.filename = filename
        self.size = len(data)
        self.md5 = hashlib.md5(data).hexdigest()
        self.path: Path | None = None


class Disk(NodeFiles):
    """Writes fail by the *fault*, a number of the system's, while there is one."""

    fault = 0

    @contextmanager
    def writing(self, path: Path) -> Iterator[BinaryIO]:
        with super().writing(path) as file:
            if self.fault:
                raise OSError(self.fault, os.strerror(self.fault))
            yield file


class World:
    """The records and the directory that a store works on. *unreadable* makes reads fail. *failing* makes the
    next commits fail; :meth:`back` makes
    them after all, as the daemon does once its database is back, and a new store forgets them, as a crash does."""

    def __init__(
        self,
        directory: Path,
        in_thread: InThread = at_once,
        fetch: Fetch | None = None,
        *,
        long: LongWork | None = None,
        largest: int = 0,
    ) -> None:
        self.records: dict[str, bytes] = {}
        self.commits = 0
        self.failing: Exception | None = None
        self.unreadable: Exception | None = None
        self.late: list[Batch] = []
        self.time = EPOCH
        self.files = Disk(directory, largest=largest)
        self.in_thread = in_thread
        self.long = long or LongWork(in_thread, 2, 4, lambda: 0.0)
        self.fetch = fetch
        self.start()

    def start(self) -> NodeStore:
        """A new store on what the last one left."""
        self.late.clear()
        records = NodeRecords(self.load, self.commit, self.scan)
        self.store = NodeStore(
            self.files, records, in_thread=self.in_thread, long=self.long, now=self.now, fetch=self.fetch
        )
        result(self.store.recover(list(self.records)))
        return self.store

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    async def load(self, node_id: str) -> NodeRecord | None:
        if self.unreadable is not None:
            raise self.unreadable
        encoded = self.records.get(node_id)
        return None if encoded is None else msgspec.msgpack.decode(encoded, type=NodeRecord)

    async def scan(self, after: Sequence[str], limit: int) -> list[NodeRecord]:
        ids = sorted(node_id for node_id in self.records if [node_id] > list(after))[:limit]
        return [msgspec.msgpack.decode(self.records[node_id], type=NodeRecord) for node_id in ids]

    async def commit(self, batch: Batch, undo: Batch | None = None) -> None:
        if self.failing is not None:
            self.late += [batch] if undo is None else [batch, undo]
            raise self.failing
        self.commits += 1
        self._keep(batch)

    def back(self) -> None:
        """Commits do not fail any more, and those that did are made."""
        self.failing = None
        for batch in self.late:
            self._keep(batch)
        self.late.clear()

    def _keep(self, batch: Batch) -> None:
        for record in batch.nodes:
            self.records[record.node.id] = msgspec.msgpack.encode(record)
        for node_id in batch.gone_nodes:
            self.records.pop(node_id, None)

    def content(self, node_id: str, user: User = ALICE, selection: Selection = ALL) -> bytes:
        _, slices = result(self.store.content(node_id, user, selection))
        return b"".join(Pieces(slices))

    def names(self) -> list[str]:
        """All files on disk, without their directories; the file of a node is just ``data``."""
        names = [path.name for path in self.files.nodes.parent.rglob("*") if path.is_file()]
        return sorted("data" if name.startswith(DATA) else name for name in names)


class Gate:
    """Holds work back while it is shut."""

    def __init__(self) -> None:
        self.shut = False
        self.waiting: list[Callable[[], Any]] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.waiting.append(lambda: maybeDeferred(function, *args, **kwargs).chainDeferred(done))
        if not self.shut:
            self.open()
        return done

    def open(self) -> None:
        self.shut = False
        while self.waiting and not self.shut:
            self.waiting.pop(0)()


def later(work: Coroutine[Deferred[Any], Any, Any]) -> list[Any]:
    """What *work* comes to stands in this list, once it is there."""
    results: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    return results


def result(work: Coroutine[Deferred[Any], Any, Any] | Deferred[Any]) -> Any:
    """What *work* comes to, at once."""
    results: list[Any] = []
    deferred = work if isinstance(work, Deferred) else Deferred.fromCoroutine(work)
    deferred.addBoth(results.append)
    assert results, "it waits for something"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def whole(data: bytes, filename: str = "f") -> Change:
    return Change(fill=Whole(Bytes(data, filename)))


def filled(fill: Fill) -> Change:
    return Change(fill=fill)
