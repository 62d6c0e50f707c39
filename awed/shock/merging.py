"""Nodes whose file comes in parts: which have arrived, and their merge once all are there."""

from pathlib import Path

from awed.model.errors import Invalid, Locked
from awed.model.node import Node, NodeParts
from awed.shock.base import NodeBase
from awed.shock.change import Declare
from awed.shock.files import DATA, Written, must_be_empty, set_file
from awed.shock.packing import unpacked
from awed.shock.parts import Arrivals, ArrivedPart, part_name, read_arrivals
from awed.streams import Pieces, Slice

FILE = "file"
"""What is locked of a node while its file is put together."""


class PartMerger:
    """Takes parts in until the last one is there, and merges them in the background."""

    def __init__(self, base: NodeBase) -> None:
        self._base = base
        self._arrivals: dict[str, Arrivals] = {}

    def declare(self, node: Node, declared: Declare) -> None:
        """Make it a node that gets its file in parts; saying the same again is no error."""
        parts = NodeParts(count=declared.count, varlen=declared.count == 0, compression=declared.compression)
        same = node.parts is not None and (node.parts.count, node.parts.varlen) == (parts.count, parts.varlen)
        if not same:
            must_be_empty(node)
            node.type = "parts"
            node.parts = parts

    async def close(self, node: Node) -> None:
        """No more parts will come. Raises :class:`Invalid` if one is missing between those that came."""
        if node.parts is None or not node.parts.varlen or node.has_file:
            raise Invalid("Node is not open for a number of parts that is not known")
        arrived = (await self._arrived(node.id)).parts
        missing = set(range(1, max(arrived, default=1) + 1)) - set(arrived)
        if missing:
            raise Invalid(f"Node lacks part {min(missing)}")
        node.parts.count, node.parts.varlen = len(arrived), False

    async def add(self, node: Node, number: int, path: Path, part: ArrivedPart) -> None:
        """Take a part in. One that comes again replaces the old one, until the merge begins."""
        if node.parts is None:
            raise Invalid("Node is not a parts node")
        if number < 1 or (not node.parts.varlen and number > node.parts.count):
            raise Invalid(f"Node has no part {number}: it has parts 1 to {node.parts.count}")
        if node.has_file:
            if part.md5 not in (node.parts.parts[number - 1] or ()):
                raise Invalid("Node file immutable")
            return  # the same work, delivered again
        if self._merging(node.id):
            raise Locked("Node file is locked")
        arrivals = await self._arrived(node.id)
        await self._base.in_thread(self._base.files.place, path, node.id, part_name(number))
        arrivals.parts[number] = part

    async def show(self, node: Node) -> None:
        """Set in the document which parts have arrived, and whether they are being merged."""
        if node.parts is not None and not node.has_file:
            node.parts = (await self._arrived(node.id)).shown(node.parts)
        node.file.locked = self._base.underway.lock(node.id, FILE)

    async def merge_if_complete(self, node: Node) -> None:
        """Begin the merge, if every part has arrived."""
        if node.parts is None or node.has_file or self._merging(node.id):
            return
        if (await self._arrived(node.id)).complete(node.parts):
            self._base.underway.start(node.id, FILE, self._merge(node.id, node.parts))

    def forget(self, node_id: str) -> None:
        """The node is gone."""
        self._arrivals.pop(node_id, None)

    def _merging(self, node_id: str) -> bool:
        lock = self._base.underway.lock(node_id, FILE)
        return lock is not None and not lock.error

    async def _merge(self, node_id: str, declared: NodeParts) -> None:
        arrivals = await self._arrived(node_id)
        slices = arrivals.slices(self._base.files, node_id)
        path, written = await self._base.in_thread(self._write, slices, declared.compression)
        await self._base.alone.run(node_id, self._merged(node_id, arrivals, path, written))

    def _write(self, slices: list[Slice], compression: str) -> tuple[Path, Written]:
        with self._base.files.new() as (path, file):
            written = self._base.files.write(unpacked(Pieces(slices), compression), file)
        return path, written

    async def _merged(self, node_id: str, arrivals: Arrivals, path: Path, written: Written) -> None:
        base = self._base
        record = await base.records.get(node_id)
        node = record.node
        assert node.parts is not None
        await base.in_thread(base.files.place, path, node_id, DATA)
        node.parts = arrivals.shown(node.parts)
        node.last_modified = base.now()
        set_file(node, node.file.name or node_id, written, node.last_modified)
        await base.records.put(record)
        self.forget(node_id)
        await base.in_thread(base.files.remove, node_id, map(part_name, arrivals.parts))

    async def _arrived(self, node_id: str) -> Arrivals:
        if node_id not in self._arrivals:
            found = await self._base.in_thread(read_arrivals, self._base.files, node_id)
            self._arrivals.setdefault(node_id, found)
        return self._arrivals[node_id]
