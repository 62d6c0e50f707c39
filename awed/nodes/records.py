"""Records of nodes between the store and their users: read, stamped, committed."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from awed.model.errors import NotFound
from awed.model.ids import is_uuid
from awed.model.node import NodeRecord
from awed.model.records import Batch, Commit

Load = Callable[[str], Awaitable[NodeRecord | None]]
Scan = Callable[[str, int], Awaitable[list[NodeRecord]]]

PAGE = 500
"""Records that are scanned at a time."""


class NodeRecords:
    """Records by id. *load* gives one that nobody else holds; *commit* returns once a batch is durable; *scan* gives
    the first records, so many, with ids after one."""

    def __init__(self, load: Load, commit: Commit, scan: Scan) -> None:
        self._load = load
        self._commit = commit
        self._scan = scan
        self._in_doubt: set[str] = set()

    async def find(self, node_id: str) -> NodeRecord | None:
        """A node's record, None if there is no such node."""
        return await self._load(node_id) if is_uuid(node_id) else None

    async def get(self, node_id: str) -> NodeRecord:
        """A node's record. Raises :class:`~awed.model.errors.NotFound`."""
        record = await self.find(node_id)
        if record is None:
            raise NotFound("Node not found")
        return record

    async def pages(self) -> AsyncIterator[list[NodeRecord]]:
        """All records, by id, some at a time."""
        last = ""
        while page := await self._scan(last, PAGE):
            yield page
            last = page[-1].node.id

    async def put(self, record: NodeRecord, new: bool = False) -> None:
        """Stamp the record with its versions and make it durable. A *new* one that is not durable in time will not
        stay: whoever made it makes another."""
        _stamp(record)
        self._in_doubt.add(record.node.id)
        await self._commit(Batch(nodes=[record]), Batch(gone_nodes=[record.node.id]) if new else None)
        self._in_doubt.discard(record.node.id)

    def in_doubt(self, node_id: str) -> bool:
        """Whether the last record that was put may still become durable: it was not when the wait for that ended."""
        return node_id in self._in_doubt

    async def drop(self, node_id: str) -> None:
        """Remove a record for good."""
        await self._commit(Batch(gone_nodes=[node_id]))
        self._in_doubt.discard(node_id)


def _stamp(record: NodeRecord) -> None:
    """Set the versions, which change with what they stand for and with nothing else."""
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
