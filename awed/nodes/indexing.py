"""Indexes of nodes' files: making them in the background, and finding parts of a file with them."""

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
"""An index is kept in the node's directory in a file with this prefix and its name."""

SIZE = "size"
"""The index by units of equal size, which is computed and needs no file."""

SMALL = 16 * UNIT
"""Bytes of a file up to which a request to make an index is answered only when the index is there."""

_COLUMN = re.compile(r"column([1-9][0-9]{0,3})\Z")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
_KINDS = ("line", "record", "chunkrecord")


class Selection(Struct, frozen=True):
    """The part of a file that is asked for: *length* bytes (None: all) from *seek* on, or *parts* of an *index*.

    *parts*: ranges of units, ``n`` or ``a-b``, from 1. *unit*: bytes in a unit of the index ``size``.
    """

    seek: int = 0
    length: int | None = None
    index: str = ""
    parts: tuple[str, ...] = ()
    unit: int = UNIT


class SubsetIndex(Struct, frozen=True):
    """An index of some units of the index *parent*. *records*: their numbers, one a line, ascending."""

    parent: str
    records: Upload


class NodeIndexes:
    """Makes, stores and reads indexes."""

    def __init__(self, base: NodeBase) -> None:
        self._base = base

    def show(self, node: Node) -> None:
        """Set in the node's document which indexes are being made, and which failed."""
        for subject in self._base.underway.subjects(node.id):
            if subject != FILE:
                node.indexes[subject] = NodeIndex(locked=self._base.underway.lock(node.id, subject))

    def begin(self, node: Node, name: str, user: str, rebuild: bool = False) -> None:
        """Begin to make the index *name* for *user*.

        Raises :class:`Invalid` if there is no such kind of index, if the node has it and not *rebuild*, or if the
        node has no file; :class:`Locked` if the index or the file is being made.
        """
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
        """Store an uploaded index as *name*, or one of some units of another index. Waits until it is durable.

        Raises :class:`Invalid` for a bad name or index, :class:`Locked` while the node's file is being made.
        """
        must_have_file(node)
        if not _NAME.match(name) or name in (SIZE, FILE):
            raise Invalid(f"Invalid index type: {name}")
        data = self._base.files.data(node)
        await self._make(node.id, name, user, data, lambda: self._units_of(node, source))

    def remove(self, node: Node, name: str) -> None:
        """Remove an index from the node's document. Raises :class:`Invalid` if there is none."""
        if name == SIZE or node.indexes.pop(name, None) is None:
            raise Invalid(f"Invalid index type: {name}")

    async def select(self, node: Node, selection: Selection, user: str) -> list[Slice]:
        """The slices of the node's file that *selection* means.

        Raises :class:`Invalid` if it is outside the file, or the index is not there or not yet. An index that failed
        for lack of something is begun again, for *user*.
        """
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
        """The units with these *numbers* of the index *name*. Blocks."""
        if name == SIZE:
            return (_piece(node.file.size, UNIT, number, number) for number in numbers)
        return read_units(self._base.files.path(node.id, PREFIX + name), numbers)

    def usable(self, node: Node, name: str) -> NodeIndex:
        """The index *name*. Raises :class:`Invalid`, worded as by Shock, if it is not there or not ready."""
        index = node.indexes.get(name)
        if index is None:
            raise Invalid(f"Invalid index type: {name}")
        if index.locked is not None:
            raise Invalid(index.locked.error or "Node file is locked")
        return index

    async def _selected(self, node: Node, selection: Selection, user: str) -> list[Unit]:
        if self._base.underway.may_go_well(node.id, selection.index):
            self.begin(node, selection.index, user)
            raise Invalid("Node file is locked")  # Shock's words for a locked index too
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
        """Make the index *name* of the file *data*. *find* finds its units, in a thread."""
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
        """The units of an index that a request brings."""
        if isinstance(source, SubsetIndex):
            numbers = numbers_in(source.records, self.usable(node, source.parent).total_units)
            return batched(self.units(node, source.parent, numbers))
        return read_entries(Pieces(content_of(source)), node.file.size)


def _units(name: str, data: Slice) -> Units:
    """The units of the file *data* for the kind of index *name*."""
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
    """The bytes from unit *first* to unit *last* of a file of *size* bytes, in units of *unit* bytes."""
    offset = (first - 1) * unit
    return Unit(offset, min(last * unit, size) - offset)
