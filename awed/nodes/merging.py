"""Files that are sent in parts: which parts have arrived, and the merge once all have.

The name and the MD5 of a part are kept in the same file after its bytes. So one rename makes all durable, no record
is written for a part, and its cost does not grow with the number of parts.
"""

import os
import struct
from pathlib import Path

import msgspec
from msgspec import Struct

from awed.model.errors import Invalid, Locked, StaleAttempt
from awed.model.node import Delivery, Node, NodeParts, NodeRecord
from awed.nodes.base import NodeBase
from awed.nodes.change import Declare
from awed.nodes.files import NodeFiles, Upload, Written, data_name, must_be_empty, set_file
from awed.nodes.unpacking import unpacked
from awed.tx.files import Pieces, Slice, cut

PREFIX = "part."
_LENGTH = struct.Struct("<I")


class ArrivedPart(Struct):
    """A part that has arrived: file name, MD5, size in bytes, and the attempt of the workunit that sent it."""

    name: str
    md5: str
    size: int
    attempt: int = 0


class Arrivals:
    """The parts of one node that have arrived, by number from 1."""

    def __init__(self, parts: dict[int, ArrivedPart]) -> None:
        self.parts = parts

    def shown(self, declared: NodeParts) -> NodeParts:
        """*declared*, the parts in the node's document, with those that have arrived."""
        count = max(declared.count, max(self.parts, default=0))
        entries = [self.parts.get(number) for number in range(1, count + 1)]
        shown = [None if part is None else [part.name, part.md5] for part in entries]
        return msgspec.structs.replace(declared, length=len(self.parts), parts=shown)

    def complete(self, declared: NodeParts) -> bool:
        """Whether all parts have arrived; false while their number is not known."""
        return not declared.varlen and declared.count > 0 and len(self.parts) == declared.count


def part_name(number: int) -> str:
    """The name of a part's file in the node's directory."""
    return f"{PREFIX}{number}"


def stage_part(files: NodeFiles, upload: Upload, attempt: int) -> tuple[Path, ArrivedPart]:
    """Make an upload durable as a part, in the temporary directory; its path there. Blocks."""
    part = ArrivedPart(upload.filename or "", upload.md5, upload.size, attempt)
    trailer = msgspec.json.encode(part)
    return files.stage(upload, trailer + _LENGTH.pack(len(trailer))), part


def read_arrivals(files: NodeFiles, node_id: str) -> Arrivals:
    """Read from a node's directory which parts have arrived. Blocks."""
    directory = files.directory(node_id)
    names = [name for name in os.listdir(directory) if name.startswith(PREFIX)] if directory.exists() else []
    return Arrivals({int(name.removeprefix(PREFIX)): _read_part(directory / name) for name in names})


def _read_part(path: Path) -> ArrivedPart:
    with path.open("rb") as file:
        file.seek(-_LENGTH.size, os.SEEK_END)
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        file.seek(-_LENGTH.size - length, os.SEEK_END)
        return msgspec.json.decode(file.read(length), type=ArrivedPart)


FILE = "file"
"""The subject that is locked while a node's parts are merged (see :class:`~awed.nodes.underway.Underway`)."""


class PartMerger:
    """Takes parts, and merges them in the background once all have arrived.

    The caller of a method that changes a node holds the node's lock.
    """

    def __init__(self, base: NodeBase) -> None:
        self._base = base
        self._arrivals: dict[str, Arrivals] = {}

    def declare(self, node: Node, declared: Declare) -> None:
        """Make *node* one whose file is sent in parts. To declare the same again is no error.

        Raises :class:`Invalid` if it has a file, or other parts were declared.
        """
        parts = NodeParts(count=declared.count, varlen=declared.count == 0, compression=declared.compression)
        same = node.parts is not None and (node.parts.count, node.parts.varlen) == (parts.count, parts.varlen)
        if not same:
            must_be_empty(node)
            node.type = "parts"
            node.parts = parts

    async def close(self, node: Node) -> None:
        """Take the number of parts to be that of those that have arrived.

        Raises :class:`Invalid` if one is missing between them, or if the node does not wait for an unknown number.
        """
        if node.parts is None or not node.parts.varlen or node.has_file:
            raise Invalid("Node is not open for a number of parts that is not known")
        arrived = (await self._arrived(node.id)).parts
        missing = set(range(1, max(arrived, default=1) + 1)) - set(arrived)
        if missing:
            raise Invalid(f"Node lacks part {min(missing)}")
        node.parts.count, node.parts.varlen = len(arrived), False

    async def add(self, record: NodeRecord, number: int, path: Path, part: ArrivedPart) -> None:
        """Take a part, staged at *path*. It replaces one of the same number until the merge begins; one from a later
        attempt of its workunit replaces it after the merge too.

        Raises :class:`Invalid` if the node takes no such part, :class:`Locked` during the merge,
        :class:`StaleAttempt` if a part of a later attempt is there, and :class:`~awed.model.errors.TooLarge`.
        """
        node = record.node
        if node.parts is None:
            raise Invalid("Node is not a parts node")
        if number < 1 or (not node.parts.varlen and number > node.parts.count):
            raise Invalid(f"Node has no part {number}: it has parts 1 to {node.parts.count}")
        if node.has_file and part.md5 in (node.parts.parts[number - 1] or ()):
            return  # the same part was sent again, as after a workunit that ran twice
        if self._merging(node.id):
            raise Locked("Node file is locked")
        arrivals = await self._arrived(node.id)
        present = arrivals.parts.get(number)
        if node.has_file and (node.parts.compression or part.attempt <= record.delivered[number - 1].attempt):
            raise Invalid("Node file immutable")
        if present is not None and 0 < part.attempt < present.attempt:
            raise StaleAttempt(f"part {number} was delivered by a later attempt")
        self._base.files.admit(sum(other.size for n, other in arrivals.parts.items() if n != number) + part.size)
        await self._base.in_thread(self._base.files.place, path, node.id, part_name(number))
        arrivals.parts[number] = part

    async def show(self, node: Node) -> None:
        """Set in the node's document which parts have arrived, and whether they are being merged."""
        if node.parts is not None and not node.has_file:
            node.parts = (await self._arrived(node.id)).shown(node.parts)
        node.file.locked = self._base.underway.lock(node.id, FILE)

    async def merge_if_complete(self, record: NodeRecord) -> None:
        """Begin the merge if all parts have arrived, or one that replaces a merged part. Runs as the owner's work."""
        node = record.node
        if node.parts is None or self._merging(node.id):
            return
        arrivals = await self._arrived(node.id)
        if arrivals.parts if node.has_file else arrivals.complete(node.parts):
            self._base.underway.start(node.id, FILE, self._merge(node.id, record.acl.owner, arrivals))

    async def begin_again(self, record: NodeRecord) -> bool:
        """Restart a merge that failed for lack of something, such as disk space. Returns whether there was one."""
        if not self._base.underway.may_go_well(record.node.id, FILE):
            return False
        await self.merge_if_complete(record)
        return True

    async def resume(self, record: NodeRecord) -> None:
        """Begin a merge again that a restart interrupted."""
        node = record.node
        if node.parts is not None and node.has_file:
            arrived = (await self._arrived(node.id)).parts
            for number, entry in enumerate(node.parts.parts, 1):
                if number in arrived and arrived[number].md5 in (entry or ()):
                    del arrived[number]  # merged already, only its file was left
        await self.merge_if_complete(record)

    async def waiting(self, node: Node) -> list[str]:
        """The names of the files of parts that are to be merged."""
        return [] if node.parts is None else list(map(part_name, (await self._arrived(node.id)).parts))

    def forget(self, node_id: str) -> None:
        """Forget the parts of a node that is deleted or merged."""
        self._arrivals.pop(node_id, None)

    def _merging(self, node_id: str) -> bool:
        lock = self._base.underway.lock(node_id, FILE)
        return lock is not None and not lock.error

    async def _merge(self, node_id: str, user: str, arrivals: Arrivals) -> None:
        record = await self._base.records.get(node_id)
        assert record.node.parts is not None
        blocks = unpacked(Pieces(self._slices(record, arrivals)), record.node.parts.compression)
        async with self._base.temporary() as path:
            written = await self._base.long.run(user, self._base.files.write(blocks, path))
            await self._base.alone.run(node_id, self._merged(node_id, arrivals, path, written))

    def _slices(self, record: NodeRecord, arrivals: Arrivals) -> list[Slice]:
        """The slices with the bytes of all parts in order: files of parts, and parts of the file merged before."""
        node, files = record.node, self._base.files
        own = {n: Slice(files.path(node.id, part_name(n)), 0, part.size) for n, part in arrivals.parts.items()}
        if not node.has_file:
            return [piece for _, piece in sorted(own.items())]
        slices: list[Slice] = []
        offset = 0
        for number, delivery in enumerate(record.delivered, 1):
            end = offset + delivery.size
            slices += [own[number]] if number in own else cut([files.data(node)], offset, end)
            offset = end
        return slices

    async def _merged(self, node_id: str, arrivals: Arrivals, path: Path, written: Written) -> None:
        base = self._base
        record = await base.records.get(node_id)
        node = record.node
        assert node.parts is not None
        await base.in_thread(base.files.place, path, node_id, data_name(written.md5))
        _note(record, node.parts, arrivals)
        node.last_modified = base.now()
        before = node.file.size
        set_file(node, node.file.name or node_id, written, node.last_modified)
        await base.records.put(record)
        base.usage.changed(node_id, before, node.file.size)
        self.forget(node_id)
        await base.in_thread(base.files.keep, node_id, {data_name(written.md5)})

    async def _arrived(self, node_id: str) -> Arrivals:
        if node_id not in self._arrivals:
            found = await self._base.in_thread(read_arrivals, self._base.files, node_id)
            self._arrivals.setdefault(node_id, found)
        return self._arrivals[node_id]


def _note(record: NodeRecord, parts: NodeParts, arrivals: Arrivals) -> None:
    """Set in the record of which parts the file now consists."""
    if not record.node.has_file:
        parts.parts = [None] * parts.count
        parts.length = parts.count
        record.delivered = [Delivery(0)] * parts.count
    for number, part in arrivals.parts.items():
        parts.parts[number - 1] = [part.name, part.md5]
        record.delivered[number - 1] = Delivery(part.size, part.attempt)
