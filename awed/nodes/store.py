"""The daemon's own node store: files in the data directory, records in the daemon's store.

A file is durable in its node's directory before the record that names it is committed, and a record is deleted before
its files are. :meth:`NodeStore.recover` and :meth:`NodeStore.tidy` remove files that a crash in between left.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import UNSET
from twisted.logger import Logger

from awed.model.access import ADMIN, Acl, AclChange, User, Verb
from awed.model.errors import AwedError, Invalid, NotFound, StoreAway, Unavailable
from awed.model.ids import new_id
from awed.model.node import Node, NodeIndex, NodeRecord
from awed.model.times import NO_TIME
from awed.nodes.access import check, check_change
from awed.nodes.base import NodeBase, Usage
from awed.nodes.change import Change, apply
from awed.nodes.fetching import Fetch
from awed.nodes.files import NodeFiles, Upload, data_name
from awed.nodes.filling import Filler
from awed.nodes.indexing import PREFIX, SIZE, SMALL, NodeIndexes, Selection, SubsetIndex
from awed.nodes.merging import FILE, PartMerger
from awed.nodes.records import NodeRecords
from awed.nodes.search import NodeQuery, matching, values_at
from awed.nodes.staging import Staged, StagedFile, Stager
from awed.nodes.underway import Underway
from awed.tx.files import Slice
from awed.tx.locks import Alone
from awed.tx.longwork import LongWork
from awed.tx.threads import InThread

ALL = Selection()


class NodeStore:
    """The nodes of this daemon.

    *in_thread* is for short blocking calls, *long* for long work. *now* is the clock. *fetch* downloads URLs; None
    refuses them.

    Every method that takes a user raises :class:`~awed.model.errors.NodeNotFound` for an unknown node and for one to
    which the user has no right at all, and :class:`~awed.model.errors.Unauthorized` if the user lacks just this
    right.
    """

    _log = Logger()

    def __init__(
        self,
        files: NodeFiles,
        records: NodeRecords,
        *,
        in_thread: InThread,
        long: LongWork,
        now: Callable[[], datetime],
        fetch: Fetch | None = None,
    ) -> None:
        base = NodeBase(files, records, Alone(), Underway(now), Usage(), in_thread, long, now, fetch)
        self._base = base
        self._merger = PartMerger(base)
        self._indexes = NodeIndexes(base)
        self._stager = Stager(base, self._merger, self._indexes)
        self._filler = Filler(base, self._merger)

    @property
    def bytes(self) -> int:
        """Bytes of the files of all nodes. After a start, without those that :meth:`tidy` has not reached yet."""
        return self._base.usage.bytes

    async def create(self, user: User, change: Change, node_id: str = "") -> Node:
        """Make a node that *user* owns, with all that *change* asks for. *node_id*: a fresh id, if it is to have a
        certain one."""
        node_id = node_id or new_id()
        return await self._stager.change(change, user, lambda staged: self._create(node_id, user, change, staged))

    async def create_from(self, source_id: str, archive_format: str, user: User, change: Change) -> list[Node]:
        """Make a node for each file in the archive that is the file of node *source_id*, each changed by *change*."""
        source = (await self._record(source_id, user, "read")).node
        if not source.has_file:
            raise Invalid("Node has no file")
        return await self._stager.archive(
            source, archive_format, user, lambda staged: self._create_all(user, change, staged.members)
        )

    async def update(self, node_id: str, user: User, change: Change) -> Node:
        """Change a node. Changes of the same node are made one after the other, so none is lost."""
        await self._record(node_id, user, "write")

        async def use(staged: Staged) -> Node:
            return await self._base.alone.run(node_id, self._update(node_id, user, change, staged))

        return await self._stager.change(change, user, use)

    async def require(self, node_id: str, user: User, right: Verb) -> None:
        """Raises what :func:`awed.nodes.access.check` raises if *user* lacks the right *right* to the node."""
        await self._record(node_id, user, right)

    async def get(self, node_id: str, user: User) -> Node:
        """The node's document."""
        return await self._shown(await self._record(node_id, user, "read"))

    async def get_settled(self, node_id: str, user: User) -> Node:
        """The node's document, once its file is not locked.

        Raises :class:`Invalid` if the merge failed, and :class:`~awed.model.errors.Unavailable` if it failed for lack
        of something; then the next call restarts it.
        """
        underway = self._base.underway
        await underway.ended(node_id, FILE)
        node = await self._needed(node_id, user)
        if node.file.locked is not None:
            await underway.ended(node_id, FILE)
            node = await self.get(node_id, user)
        error = underway.error(node_id, FILE)
        if isinstance(error, StoreAway):
            raise error
        if error is not None:
            raise type(error)(f"the file of node {node_id} could not be put together: {error}")
        return node

    async def content(self, node_id: str, user: User, selection: Selection = ALL) -> tuple[Node, list[Slice]]:
        """The node, and the slices of its file that *selection* means.

        Raises what :meth:`NodeIndexes.select` raises.
        """
        node = await self._needed(node_id, user)
        return node, await self._indexes.select(node, selection, user.name)

    def in_turns_of(self, user: User) -> InThread:
        """Runs the packing of files while they are sent, in turns of *user*."""
        return self._base.long.in_turns_of(user.name)

    async def find(self, query: NodeQuery, user: User) -> tuple[AsyncIterator[Node], int]:
        """A page of the nodes that *user* may read and that match *query*, loaded one by one during the iteration;
        and the number of all matching nodes."""
        found: list[tuple[tuple[int, Any, str], str]] = []
        async for page in self._base.records.pages():
            found += await self._base.in_thread(matching, page, query, user)
        found.sort(reverse=query.descending)
        end = query.offset + query.limit if query.limit else None
        return self._each([node_id for _, node_id in found[query.offset : end]]), len(found)

    async def _each(self, node_ids: Iterable[str]) -> AsyncIterator[Node]:
        for node_id in node_ids:
            record = await self._base.records.find(node_id)
            if record is not None:
                yield await self._shown(record)

    async def distinct(self, path: str, user: User) -> list[Any]:
        """The distinct texts, numbers and booleans at a dotted *path* of the documents that *user* may read."""
        values: dict[tuple[str, Any], Any] = {}
        async for page in self._base.records.pages():
            values |= await self._base.in_thread(values_at, page, path, user)
        return [values[key] for key in sorted(values, key=lambda key: (key[0], key[1]))]

    async def remove_expired(self) -> int:
        """Delete the nodes that have expired. Returns how many there were."""
        now = self._base.now()
        over: list[str] = []
        async for page in self._base.records.pages():
            over += [record.node.id for record in page if NO_TIME < record.node.expiration <= now]
        for node_id in over:
            with suppress(NotFound):  # deleted by its owner meanwhile
                await self.delete(node_id, User(ADMIN, admin=True))
        return len(over)

    async def delete(self, node_id: str, user: User) -> None:
        """Delete the node and its files. Work on it in the background is stopped."""
        await self._record(node_id, user, "delete")
        await self._base.underway.stop(node_id)
        await self._base.alone.run(node_id, self._delete(node_id, user))

    async def acl(self, node_id: str, user: User) -> Acl:
        """The ACL of the node, which *user* must be allowed to read."""
        return (await self._record(node_id, user, "read")).acl

    async def change_acl(self, node_id: str, user: User, change: AclChange) -> Acl:
        """Change the ACL of the node. Returns the new one."""
        return await self._base.alone.run(node_id, self._change_acl(node_id, user, change))

    async def index(self, node_id: str, name: str, user: User) -> NodeIndex:
        """The index *name*, which is made if it is not there and waited for.

        Raises :class:`Invalid` if it cannot be made, :class:`~awed.model.errors.Unavailable` if not now.
        """
        node = await self.get_settled(node_id, user)
        lock = self._base.underway.lock(node_id, name)
        if name not in node.indexes or (lock is not None and lock.error):
            self._indexes.begin(node, name, user.name)
        await self._base.underway.ended(node_id, name)
        error = self._base.underway.error(node_id, name)
        if isinstance(error, Unavailable):
            raise error
        return self._indexes.usable(await self.get(node_id, user), name)

    async def make_index(self, node_id: str, name: str, user: User, rebuild: bool = False) -> None:
        """Begin to make an index, and wait for that of a file of at most SMALL bytes.

        Raises what :meth:`NodeIndexes.begin` raises.
        """
        node = await self._needed(node_id, user)
        if name != SIZE:
            self._indexes.begin(node, name, user.name, rebuild)
            if node.file.size <= SMALL:
                await self._base.underway.ended(node_id, name)

    async def put_index(self, node_id: str, name: str, user: User, source: Upload | SubsetIndex) -> None:
        """Store an uploaded index, or one of some units of another. Raises what :meth:`NodeIndexes.put` raises."""
        record = await self._record(node_id, user, "write")
        await self._indexes.put(record.node, name, user.name, source)

    async def remove_index(self, node_id: str, name: str, user: User) -> None:
        """Remove an index. Raises :class:`Invalid` if there is none."""
        await self._base.alone.run(node_id, self._remove_index(node_id, name, user))

    async def recover(self, node_ids: Iterable[str]) -> None:
        """Make the directories, and remove files of nodes other than *node_ids*. To be called first of all."""
        self._base.usage.begin(await self._base.in_thread(self._sweep, frozenset(node_ids)))

    async def tidy(self) -> None:
        """Restart merges that were interrupted, and remove files that no record names. May run beside requests."""
        for node_id in await self._base.in_thread(lambda: list(self._base.files.all_nodes())):
            await self._base.alone.run(node_id, self._tidy(node_id))

    async def close(self) -> None:
        """Wait for the end of all background work."""
        await self._base.underway.all_ended()

    async def _record(self, node_id: str, user: User, right: Verb) -> NodeRecord:
        record = await self._base.records.get(node_id)
        check(user, right, record)
        return record

    async def _needed(self, node_id: str, user: User) -> Node:
        """The document of a node whose file is needed. Restarts a merge that failed for lack of something."""
        record = await self._record(node_id, user, "read")
        if await self._merger.begin_again(record):
            record = await self._base.records.get(node_id)
        return await self._shown(record)

    async def _create_all(self, user: User, change: Change, members: list[StagedFile]) -> list[Node]:
        return [await self._create(new_id(), user, change, Staged(member)) for member in members]

    async def _create(self, node_id: str, user: User, change: Change, staged: Staged) -> Node:
        record = NodeRecord(Node(node_id, created_on=self._base.now()), Acl.of(user.name))
        try:
            await self._filler.fill(record, change, staged)
            apply(change, record.node)
            await self._base.records.put(record, new=True)
        except Exception:
            self._merger.forget(node_id)
            if not self._base.records.in_doubt(node_id):
                await self._base.in_thread(self._base.files.remove_node, node_id)
            raise
        self._base.usage.changed(node_id, 0, record.node.file.size)
        return await self._changed(record)

    async def _update(self, node_id: str, user: User, change: Change, staged: Staged) -> Node:
        record = await self._record(node_id, user, "write")
        if change.expiration is not UNSET:
            check(user, "delete", record)
        before = record.node.file.size
        try:
            await self._filler.fill(record, change, staged)
            apply(change, record.node)
            # A request that only brings parts changes no record until they are merged.
            if change != Change(parts=change.parts, attempt=change.attempt):
                record.node.last_modified = self._base.now()
                await self._base.records.put(record)
                self._base.usage.changed(node_id, before, record.node.file.size)
        finally:
            if change.fill is not None:
                await self._clean(node_id)
        return await self._changed(record)

    async def _changed(self, record: NodeRecord) -> Node:
        """Begin the merge if all parts have arrived. Returns the document to answer with."""
        await self._merger.merge_if_complete(record)
        return await self._shown(record)

    async def _shown(self, record: NodeRecord) -> Node:
        """The node's document with what the record does not have: locks, and parts that have arrived."""
        await self._merger.show(record.node)
        self._indexes.show(record.node)
        return record.node

    async def _delete(self, node_id: str, user: User) -> None:
        record = await self._record(node_id, user, "delete")
        await self._base.records.drop(node_id)
        self._base.usage.changed(node_id, record.node.file.size, 0)
        self._merger.forget(node_id)
        self._base.underway.forget(node_id)
        await self._base.in_thread(self._base.files.remove_node, node_id)

    async def _change_acl(self, node_id: str, user: User, change: AclChange) -> Acl:
        record = await self._base.records.get(node_id)
        check_change(user, change, record)
        change(record.acl)
        await self._base.records.put(record)
        return record.acl

    async def _remove_index(self, node_id: str, name: str, user: User) -> None:
        record = await self._record(node_id, user, "write")
        self._indexes.remove(record.node, name)
        await self._base.records.put(record)
        await self._clean(node_id)

    def _sweep(self, node_ids: frozenset[str]) -> list[str]:
        """Remove files that belong to none of *node_ids*. Returns those that have files."""
        self._base.files.prepare()
        found = list(self._base.files.all_nodes())
        for node_id in found:
            if node_id not in node_ids:
                self._base.files.remove_node(node_id)
        return [node_id for node_id in found if node_id in node_ids]

    async def _tidy(self, node_id: str) -> None:
        record = await self._base.records.find(node_id)
        self._base.usage.seen(node_id, record.node if record else None)
        if record is not None:
            await self._merger.resume(record)
            await self._clean(node_id)

    async def _clean(self, node_id: str) -> None:
        """Remove files that the node's record does not name and that do not wait for a merge.

        While a record that names other files may still become durable, none are removed. The next change or start
        does that.
        """
        if self._base.records.in_doubt(node_id):
            return
        try:
            node = (await self._base.records.get(node_id)).node
            told = {PREFIX + name for name in node.indexes} | set(await self._merger.waiting(node))
            if node.has_file:
                told.add(data_name(node.file.checksum["md5"]))
            await self._base.in_thread(self._base.files.keep, node_id, told)
        except (AwedError, OSError):
            self._log.failure("node {node}: what is left over is removed at the next start", node=node_id)
