"""Indexes of nodes' files: made in the background, and used to find parts of a file."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from awed.model.errors import Invalid, Locked
from awed.model.node import Node, NodeIndex
from awed.nodes import formats
from awed.nodes.base import NodeBase
from awed.nodes.files import Upload, content_of, must_have_file, numbers_in
from awed.nodes.merging import FILE
from awed.nodes.units import (
    UNIT,
    Unit,
    Units,
    batched,
    between,
    packed,
    part_range,
    read_entries,
    read_index,
    read_units,
    sized,
    write_index,
)
from awed.tx.files import Pieces, Slice, cut
from awed.tx.longwork import Steps

PREFIX = "index."
SIZE = "size"
"""The index that every file has, without a file of its own."""

SMALL = 16 * UNIT
"""Bytes of a file up to which an index is made before the request for it is answered."""

_COLUMN = re.compile(r"column([1-9][0-9]{0,3})\Z")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
_KINDS = ("line", "record", "chunkrecord")


class Selection(Struct, frozen=True):
    """What of a file is asked for: *length* bytes (None: all) from *seek* on, or the units *parts* of an *index*.

    *unit*: the bytes in a unit of the index ``size``.
    """

    seek: int = 0
    length: int | None = None
    index: str = ""
    parts: tuple[str, ...] = ()
    unit: int = UNIT


class SubsetIndex(Struct, frozen=True):
    """An index of those units of the index *parent* whose numbers the file *records* lists."""

    parent: str
    records: Upload


class NodeIndexes:
    """Makes, keeps and reads indexes."""

    def __init__(self, base: NodeBase) -> None:
        self._base = base

    def show(self, node: Node) -> None:
        """Set in the document which indexes are being made, and which could not be."""
        for subject in self._base.underway.subjects(node.id):
            if subject != FILE:
                node.indexes[subject] = NodeIndex(locked=self._base.underway.lock(node.id, subject))

    def begin(self, node: Node, name: str, user: str, rebuild: bool = False) -> None:
        """Begin to make an index for *user*. Raises :class:`Invalid` if there is no such kind or it is there
        already."""
        if name not in _KINDS and not _COLUMN.match(name):
            raise Invalid(f"Invalid index type: {name}")
        must_have_file(node)
        lock = self._base.underway.lock(node.id, name)
        if lock is not None and not lock.error:
            raise Locked("Node index is locked")
        if lock is None and name in node.indexes and not rebuild:
            raise Invalid(f"Node has an index {name}, force_rebuild=1 makes it again")
        data = self._base.files.data(node)
        work = self._make(node.id, name, user, data, lambda: _units(name, data))
        self._base.underway.start(node.id, name, work)

    async def put(self, node: Node, name: str, user: str, source: Upload | SubsetIndex) -> None:
        """Give the node an index that is made already, or one of some units of another."""
        must_have_file(node)
        if not _NAME.match(name) or name in (SIZE, FILE):
            raise Invalid(f"Invalid index type: {name}")
        data = self._base.files.data(node)
        await self._make(node.id, name, user, data, lambda: self._units_of(node, source))

    def remove(self, node: Node, name: str) -> None:
        """Remove an index from the document. Raises :class:`Invalid` if there is none."""
        if name == SIZE or node.indexes.pop(name, None) is None:
            raise Invalid(f"Invalid index type: {name}")

    async def select(self, node: Node, selection: Selection, user: str) -> list[Slice]:
        """Where the bytes are that *user* asks for."""
        must_have_file(node)
        data = self._base.files.data(node)
        if selection.index:
            return [Slice(data.path, *unit) for unit in await self._selected(node, selection, user)]
        size = node.file.size
        if selection.seek > size:
            raise Invalid(f"seek is beyond the end of the file, which has {size} bytes")
        end = size if selection.length is None else min(size, selection.seek + selection.length)
        return cut([data], selection.seek, end)

    def units(self, node: Node, name: str, numbers: Iterable[int]) -> Iterator[Unit]:
        """Units of an index, one by one. Blocks."""
        if name == SIZE:
            return (_piece(node.file.size, UNIT, number, number) for number in numbers)
        return read_units(self._base.files.path(node.id, PREFIX + name), numbers)

    def usable(self, node: Node, name: str) -> NodeIndex:
        """The index of that name. Raises :class:`Invalid`, in Shock's words, if it is not there or not yet."""
        index = node.indexes.get(name)
        if index is None:
            raise Invalid(f"Invalid index type: {name}")
        if index.locked is not None:
            raise Invalid(index.locked.error or "Node file is locked")
        return index

    async def _selected(self, node: Node, selection: Selection, user: str) -> list[Unit]:
        if self._base.underway.may_go_well(node.id, selection.index):
            self.begin(node, selection.index, user)
            raise Invalid("Node file is locked")  # as Shock says it of an index
        index = self.usable(node, selection.index)
        is_kind = selection.index in (SIZE, *_KINDS) or _COLUMN.match(selection.index)
        if not selection.parts and is_kind:
            raise Invalid("an index needs a part: part=n or part=a-b")
        size = node.file.size
        total = sized(size, selection.unit) if selection.index == SIZE else index.total_units
        ranges = [part_range(part, total) for part in selection.parts] or [(1, total)]
        if selection.index == SIZE:
            return [_piece(size, selection.unit, first, last) for first, last in ranges]
        path = self._base.files.path(node.id, PREFIX + selection.index)
        return await self._base.in_thread(
            lambda: [u for first, last in ranges for u in read_index(path, first, last)]
        )

    async def _make(self, node_id: str, name: str, user: str, data: Slice, find: Callable[[], Units]) -> None:
        """Make an index of those units of the file *data* that *find* finds, which may block."""
        async with self._base.temporary() as path:
            total = await self._base.long.run(user, self._writing(path, find))
            await self._base.alone.run(node_id, self._made(node_id, name, data, path, total))

    async def _made(self, node_id: str, name: str, data: Slice, path: Path, total: int) -> None:
        record = await self._base.records.get(node_id)
        if self._base.files.data(record.node) != data:
            raise Invalid("the file was replaced while the index was made")
        await self._base.in_thread(self._base.files.place, path, node_id, PREFIX + name)
        mean_size = data.length // total if total else 0
        record.node.indexes[name] = NodeIndex(total, mean_size, self._base.now())
        await self._base.records.put(record)

    def _writing(self, path: Path, find: Callable[[], Units]) -> Steps[int]:
        with self._base.files.writing(path) as file:
            return (yield from write_index(find(), file))

    def _units_of(self, node: Node, source: Upload | SubsetIndex) -> Units:
        """The units that came with a request."""
        if isinstance(source, SubsetIndex):
            numbers = numbers_in(source.records, self.usable(node, source.parent).total_units)
            return batched(self.units(node, source.parent, numbers))
        return read_entries(Pieces(content_of(source)), node.file.size)


def _units(name: str, data: Slice) -> Units:
    """The units of a file for the index *name*."""
    size = data.length
    blocks = Pieces([data])
    if name == "line":
        return between(formats.lines(blocks), size)
    if column := _COLUMN.match(name):
        return between(formats.column(int(column[1]), blocks), size)
    if not size:
        return iter(())
    head = b"".join(Pieces(cut([data], 0, formats.HEAD)))
    records = between(formats.records(head)(blocks), size)
    return packed(records) if name == "chunkrecord" else records


def _piece(size: int, unit: int, first: int, last: int) -> Unit:
    """The bytes of the units *first* to *last* of *unit* bytes each."""
    offset = (first - 1) * unit
    return Unit(offset, min(last * unit, size) - offset)
