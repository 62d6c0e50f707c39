"""Reads and writes the records of nodes, and sets their versions."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec

from awed.model.errors import NodeNotFound
from awed.model.ids import is_uuid
from awed.model.node import NodeRecord
from awed.model.records import Batch, Commit

Load = Callable[[str], Awaitable[NodeRecord | None]]
"""Loads the record of a node, a copy of the caller's own."""

Scan = Callable[[Sequence[str], int], Awaitable[list[NodeRecord]]]
"""Loads records in the order of ids: those after one id, in a list, or from the first on; at most so many."""

PAGE = 500
"""Records that are read at a time."""


class NodeRecords:
    """The records of nodes, through the daemon's store."""

    def __init__(self, load: Load, commit: Commit, scan: Scan) -> None:
        self._load = load
        self._commit = commit
        self._scan = scan
        self._in_doubt: set[str] = set()

    async def find(self, node_id: str) -> NodeRecord | None:
        """A node's record, None if there is no such node."""
        return await self._load(node_id) if is_uuid(node_id) else None

    async def get(self, node_id: str) -> NodeRecord:
        """A node's record. Raises :class:`~awed.model.errors.NodeNotFound` if there is no such node."""
        record = await self.find(node_id)
        if record is None:
            raise NodeNotFound
        return record

    async def pages(self) -> AsyncIterator[list[NodeRecord]]:
        """All records, in the order of ids, up to PAGE at a time."""
        last: list[str] = []
        while page := await self._scan(last, PAGE):
            yield page
            last = [page[-1].node.id]

    async def put(self, record: NodeRecord, new: bool = False) -> None:
        """Set the versions of a record and make it durable.

        Raises :class:`~awed.model.errors.StoreAway` if that takes too long. A *new* node is then deleted again when
        the store is back, as the caller will repeat the request and make another.
        """
        _stamp(record)
        self._in_doubt.add(record.node.id)
        await self._commit(Batch(nodes=[record]), Batch(gone_nodes=[record.node.id]) if new else None)
        self._in_doubt.discard(record.node.id)

    def in_doubt(self, node_id: str) -> bool:
        """Whether the last :meth:`put` of a node failed, so that its record may still become durable."""
        return node_id in self._in_doubt

    async def drop(self, node_id: str) -> None:
        """Delete a record."""
        await self._commit(Batch(gone_nodes=[node_id]))
        self._in_doubt.discard(node_id)


def _stamp(record: NodeRecord) -> None:
    """Set the versions in the node's document. Each is a hash of what it is the version of."""
    node = record.node
    node.version_parts = {
        "acl_ver": _version(record.acl),
        "attributes_ver": _version(node.attributes),
        "file_ver": _version(node.file),
        "indexes_ver": _version(node.indexes),
    }
    node.version = _version([node.id, *node.version_parts.values()])


def _version(value: Any) -> str:
    return hashlib.md5(msgspec.json.encode(value, order="deterministic"), usedforsecurity=False).hexdigest()
