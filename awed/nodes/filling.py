"""Puts files into nodes: whole files, parts, and files made from other nodes."""

from msgspec import UNSET
from msgspec.structs import replace

from awed.model.node import Delivery, Node, NodeRecord
from awed.nodes.base import NodeBase
from awed.nodes.change import Change, CloseParts, Declare
from awed.nodes.files import data_name, must_be_empty, set_file
from awed.nodes.indexing import PREFIX
from awed.nodes.merging import PartMerger
from awed.nodes.staging import Staged, StagedFile


class Filler:
    """Moves staged files to their node.

    The caller holds the node's lock, and makes the record durable afterwards.
    """

    def __init__(self, base: NodeBase, merger: PartMerger) -> None:
        self._base = base
        self._merger = merger

    async def fill(self, record: NodeRecord, change: Change, staged: Staged) -> None:
        """Make what *change* asks for about the node's file.

        Raises :class:`~awed.model.errors.Invalid` if the node has a file that this one may not replace, and what
        :class:`PartMerger` raises.
        """
        if staged.file is not None:
            await self._take(record, staged.file, change.attempt)
        match change.fill:
            case Declare():
                self._merger.declare(record.node, change.fill)
            case CloseParts():
                await self._merger.close(record.node)
        for number, (path, part) in staged.parts.items():
            await self._merger.add(record, number, path, part)

    async def _take(self, record: NodeRecord, staged: StagedFile, attempt: int) -> None:
        node, written = record.node, staged.written
        if node.has_file and node.file.checksum.get("md5") == written.md5:
            return  # the same file was sent again, as after a workunit that ran twice
        delivered = record.delivered if node.parts is None and staged.replaces else []
        if not (delivered and attempt > delivered[0].attempt):
            must_be_empty(node)
        place, in_thread = self._base.files.place, self._base.in_thread
        await in_thread(place, staged.path, node.id, data_name(written.md5))
        for name, (path, _) in staged.indexes.items():
            await in_thread(place, path, node.id, PREFIX + name)
        self._show(node, staged)
        if staged.replaces:
            record.delivered = [Delivery(written.size, attempt)]

    def _show(self, node: Node, staged: StagedFile) -> None:
        """Set in the node's document what *staged* brings."""
        name = staged.name or node.file.name or staged.default_name or node.id
        set_file(node, name, staged.written, self._base.now())
        node.indexes.update({name: index for name, (_, index) in staged.indexes.items()})
        node.type = staged.type
        if staged.format:
            node.file.format = staged.format
        if staged.virtual_parts is not None:
            node.file = replace(node.file, virtual=True, virtual_parts=staged.virtual_parts)
        if staged.attributes is not UNSET:
            node.attributes = staged.attributes
