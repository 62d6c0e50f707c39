"""The embedded node store: files in the data directory, documents in the daemon's store.

An upload is durable under its node's directory before the record that tells of it is committed, and a record is gone
before its files are removed. What a crash leaves between the two is cleaned up by :meth:`NodeStore.recover`.
"""

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred

from awed.model.access import Acl, User
from awed.model.errors import Invalid, Locked
from awed.model.ids import new_id
from awed.model.node import Node, NodeFile, NodeIndex, NodeParts, NodeRecord
from awed.shock.access import check, owned_by
from awed.shock.alone import Alone, to_the_end
from awed.shock.change import Change, Declare, Whole, apply
from awed.shock.files import DATA, NodeFiles, Written
from awed.shock.parts import PREFIX, Arrivals, ArrivedPart, part_name, read_arrivals, stage_part
from awed.shock.records import Commit, Load, NodeRecords
from awed.shock.underway import Underway
from awed.streams import Slice
from awed.threads import InThread

FILE = "file"
"""What is locked of a node while its file is put together."""

UNIT = 1024 * 1024
"""Bytes in a unit of the index ``size``."""


class Staged(Struct):
    """Uploads of one request, durable in the temporary directory and not yet in their node."""

    whole: Path | None = None
    parts: dict[int, tuple[Path, ArrivedPart]] = {}


class NodeStore:
    """Nodes of this daemon. *load* and *commit* reach the daemon's store; *now* is the clock."""

    def __init__(
        self, files: NodeFiles, load: Load, commit: Commit, in_thread: InThread, now: Callable[[], datetime]
    ) -> None:
        self._files = files
        self._records = NodeRecords(load, commit)
        self._in_thread = in_thread
        self._now = now
        self._alone = Alone()
        self._underway = Underway(now)
        self._arrivals: dict[str, Arrivals] = {}

    async def create(self, user: User, change: Change) -> Node:
        """A new node of *user*, with all that *change* asks for."""
        record = NodeRecord(Node(new_id(), created_on=self._now()), owned_by(user))
        return await to_the_end(self._staged(change, lambda staged: self._create(record, user, change, staged)))

    async def update(self, node_id: str, user: User, change: Change) -> Node:
        """The node after *change*. Nobody's change of the same node is lost."""
        check(user, "write", (await self._records.get(node_id)).acl)
        return await to_the_end(self._staged(change, lambda staged: self._update(node_id, user, change, staged)))

    async def get(self, node_id: str, user: User) -> Node:
        """The node's document."""
        record = await self._records.get(node_id)
        check(user, "read", record.acl)
        return await self._shown(record)

    async def get_settled(self, node_id: str, user: User) -> Node:
        """The node's document, once its file is not locked. Raises :class:`Invalid` if that came to nothing."""
        await self._underway.ended(node_id, FILE)
        node = await self.get(node_id, user)
        if node.file.locked is not None:
            raise Invalid(f"the file of node {node_id} could not be put together: {node.file.locked.error}")
        return node

    async def index(self, node_id: str, index: str, user: User) -> NodeIndex:
        """An index of the node's file."""
        node = await self.get_settled(node_id, user)
        if index not in node.indexes:
            raise Invalid(f"Invalid index type: {index}")
        return node.indexes[index]

    async def content(self, node_id: str, user: User) -> tuple[Node, list[Slice]]:
        """The node, and where the bytes of its file are."""
        node = await self.get(node_id, user)
        if node.file.locked is not None:
            raise Locked("Node file is locked")
        if not node.has_file:
            raise Invalid("Node has no file")
        return node, [Slice(self._files.path(node_id, DATA), 0, node.file.size)]

    async def delete(self, node_id: str, user: User) -> None:
        """Remove the node and its files."""
        check(user, "delete", (await self._records.get(node_id)).acl)
        for subject in self._underway.subjects(node_id):
            await self._underway.ended(node_id, subject)
        await self._alone.run(node_id, self._delete(node_id, user))

    async def acl(self, node_id: str, user: User) -> Acl:
        """Who may do what with the node; for those who may read it."""
        record = await self._records.get(node_id)
        check(user, "read", record.acl)
        return record.acl

    async def recover(self, node_ids: Iterable[str]) -> None:
        """Make the directories, and remove files of nodes other than *node_ids*. Before anything else."""
        await self._in_thread(self._sweep, frozenset(node_ids))

    async def tidy(self) -> None:
        """Take up merges that a restart interrupted, and remove files no record tells of. Runs beside requests."""
        for node_id, names in await self._in_thread(lambda: list(self._files.all_nodes())):
            await self._alone.run(node_id, self._tidy(node_id, names))

    async def close(self) -> None:
        """Wait for what is under way."""
        await self._underway.all_ended()

    async def _staged(self, change: Change, work: Callable[[Staged], Coroutine[Deferred[Any], Any, Node]]) -> Node:
        """Make the uploads durable, and let *work* put them into their node. What it does not use is removed."""
        staged = Staged()
        try:
            if isinstance(change.fill, Whole):
                staged.whole = await self._in_thread(self._files.stage, change.fill.upload)
            for number, upload in change.parts.items():
                staged.parts[number] = await self._in_thread(stage_part, self._files, upload)
            return await work(staged)
        finally:
            paths = [path for path, _ in staged.parts.values()] + ([staged.whole] if staged.whole else [])
            if paths:
                await self._in_thread(_unlink, paths)

    async def _create(self, record: NodeRecord, user: User, change: Change, staged: Staged) -> Node:
        node = record.node
        try:
            await self._fill(record, user, change, staged)
            apply(change, node)
            await self._records.put(record)
        except Exception:
            await self._in_thread(self._files.remove_node, node.id)
            self._arrivals.pop(node.id, None)
            raise
        return await self._changed(record)

    async def _update(self, node_id: str, user: User, change: Change, staged: Staged) -> Node:
        return await self._alone.run(node_id, self._update_alone(node_id, user, change, staged))

    async def _update_alone(self, node_id: str, user: User, change: Change, staged: Staged) -> Node:
        record = await self._records.get(node_id)
        check(user, "write", record.acl)
        had_file = record.node.has_file
        try:
            await self._fill(record, user, change, staged)
            apply(change, record.node)
            if change != Change(parts=change.parts):  # of parts alone the record tells only when they are merged
                record.node.last_modified = self._now()
                await self._records.put(record)
        except Exception:
            if not had_file:
                await self._in_thread(self._files.remove, node_id, [DATA])
            raise
        return await self._changed(record)

    async def _changed(self, record: NodeRecord) -> Node:
        """The document to answer with; if all parts are there now, their merge has begun."""
        node = record.node
        waits = node.parts is not None and not node.has_file and not self._merging(node.id)
        if node.parts and waits and (await self._arrived(node.id)).complete(node.parts):
            self._underway.start(node.id, FILE, self._merge(node.id))
        return await self._shown(record)

    async def _fill(self, record: NodeRecord, user: User, change: Change, staged: Staged) -> None:
        node = record.node
        match change.fill:
            case Whole(upload):
                await self._fill_whole(node, upload.filename or "", Written(upload.size, upload.md5), staged.whole)
            case Declare() as declared:
                _declare(node, declared)
        for number, (path, part) in staged.parts.items():
            await self._fill_part(node, number, path, part)

    async def _fill_whole(self, node: Node, name: str, written: Written, path: Path | None) -> None:
        assert path is not None
        if node.has_file and node.file.checksum.get("md5") == written.md5:
            return  # the same work, delivered again
        _must_be_empty(node)
        await self._in_thread(self._files.place, path, node.id, DATA)
        _set_file(node, name or node.file.name, written, self._now())

    async def _fill_part(self, node: Node, number: int, path: Path, part: ArrivedPart) -> None:
        if node.parts is None:
            raise Invalid("Node is not a parts node")
        if number < 1 or (not node.parts.varlen and number > node.parts.count):
            raise Invalid(f"Node has no part {number}: it has parts 1 to {node.parts.count}")
        if node.has_file:
            if part.md5 not in (node.parts.parts[number - 1] or ()):
                raise Invalid("Node file immutable")
            return  # the same work, delivered again
        arrivals = await self._arrived(node.id)
        if self._merging(node.id):
            raise Locked("Node file is locked")
        await self._in_thread(self._files.place, path, node.id, part_name(number))
        arrivals.parts[number] = part

    def _merging(self, node_id: str) -> bool:
        lock = self._underway.lock(node_id, FILE)
        return lock is not None and not lock.error

    async def _merge(self, node_id: str) -> None:
        arrivals = await self._arrived(node_id)
        path, written = await self._in_thread(self._write, arrivals.slices(self._files, node_id))
        await self._alone.run(node_id, self._merged(node_id, arrivals, path, written))

    async def _merged(self, node_id: str, arrivals: Arrivals, path: Path, written: Written) -> None:
        record = await self._records.get(node_id)
        node = record.node
        assert node.parts is not None
        await self._in_thread(self._files.place, path, node_id, DATA)
        node.parts = arrivals.shown(node.parts)
        _set_file(node, node.file.name or node_id, written, self._now())
        node.last_modified = self._now()
        await self._records.put(record)
        del self._arrivals[node_id]
        await self._in_thread(self._files.remove, node_id, map(part_name, arrivals.parts))

    def _write(self, slices: Iterable[Slice]) -> tuple[Path, Written]:
        with self._files.new() as (path, file):
            written = self._files.concatenate(slices, file)
        return path, written

    async def _delete(self, node_id: str, user: User) -> None:
        check(user, "delete", (await self._records.get(node_id)).acl)
        await self._records.drop(node_id)
        self._arrivals.pop(node_id, None)
        self._underway.forget(node_id)
        await self._in_thread(self._files.remove_node, node_id)

    async def _shown(self, record: NodeRecord) -> Node:
        """The document with what the record does not tell: locks, and parts that have arrived."""
        node = record.node
        if node.parts is not None and not node.has_file:
            node.parts = (await self._arrived(node.id)).shown(node.parts)
        node.file.locked = self._underway.lock(node.id, FILE)
        return node

    async def _arrived(self, node_id: str) -> Arrivals:
        if node_id not in self._arrivals:
            found = await self._in_thread(read_arrivals, self._files, node_id)
            self._arrivals.setdefault(node_id, found)
        return self._arrivals[node_id]

    def _sweep(self, node_ids: frozenset[str]) -> None:
        self._files.prepare()
        for node_id, _ in self._files.all_nodes():
            if node_id not in node_ids:
                self._files.remove_node(node_id)

    async def _tidy(self, node_id: str, names: list[str]) -> None:
        record = await self._records.find(node_id)
        if record is None:
            return
        parts = [name for name in names if name.startswith(PREFIX)]
        if record.node.has_file:
            await self._in_thread(self._files.remove, node_id, parts)
        else:
            await self._in_thread(self._files.remove, node_id, [DATA])
            await self._changed(record)


def _must_be_empty(node: Node) -> None:
    if node.has_file or node.parts is not None:
        raise Invalid("Node file immutable")


def _declare(node: Node, declared: Declare) -> None:
    """Make it a parts node; saying the same again is no error."""
    parts = NodeParts(count=declared.count, varlen=declared.count == 0, compression=declared.compression)
    same = node.parts is not None and (node.parts.count, node.parts.varlen) == (parts.count, parts.varlen)
    if not same:
        _must_be_empty(node)
        node.type = "parts"
        node.parts = parts


def _set_file(node: Node, name: str, written: Written, now: datetime) -> None:
    node.file = NodeFile(
        name=name,
        size=written.size,
        checksum={"md5": written.md5},
        format=node.file.format,
        created_on=now,
    )
    node.indexes["size"] = NodeIndex(-(-written.size // UNIT), UNIT, now)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
