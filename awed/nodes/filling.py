"""How a node gets its file: an upload, parts, another node's file, or a subset of it."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from awed.model.access import User
from awed.model.errors import Invalid, NotFound
from awed.model.node import Delivery, Node, NodeRecord
from awed.nodes.access import check, may
from awed.nodes.base import NodeBase
from awed.nodes.change import Change, CloseParts, CopyOf, Declare, FromUrl, JoinOf, KnownAs, SubsetOf, Whole
from awed.nodes.files import Written, content_of, data_name, lines_of, must_be_empty, set_file, sync
from awed.nodes.indexing import PREFIX, SIZE, NodeIndexes
from awed.nodes.merging import ArrivedPart, PartMerger, stage_part
from awed.nodes.packing import members, unpacked
from awed.nodes.units import ascending
from awed.tx.files import Pieces, Slice

T = TypeVar("T")


class StagedFile(NamedTuple):
    """A file that is durable in the temporary directory, and the name that its node is to show."""

    path: Path
    name: str
    written: Written


class Staged(Struct):
    """Uploads of one request, durable in the temporary directory and not yet in their node."""

    whole: StagedFile | None = None
    parts: dict[int, tuple[Path, ArrivedPart]] = {}

    def paths(self) -> list[Path]:
        """Where they are, unless they were moved to their node."""
        return [path for path, _ in self.parts.values()] + ([self.whole.path] if self.whole else [])


class Filler:
    """Puts files into nodes. The caller runs it alone on the node, and makes the record durable afterwards."""

    def __init__(self, base: NodeBase, merger: PartMerger, indexes: NodeIndexes) -> None:
        self._base = base
        self._merger = merger
        self._indexes = indexes

    async def staged(self, change: Change, work: Callable[[Staged], Awaitable[T]]) -> T:
        """Make the uploads durable, and let *work* put them into their node. What it does not use is removed."""
        staged = Staged()
        try:
            if isinstance(change.fill, Whole):
                staged.whole = await self._base.in_thread(self._stage, change.fill)
            if isinstance(change.fill, FromUrl):
                staged.whole = await self._fetched(change.fill.url)
            for number, upload in change.parts.items():
                staged.parts[number] = await self._base.in_thread(
                    stage_part, self._base.files, upload, change.attempt
                )
            return await work(staged)
        finally:
            if staged.paths():
                await self.drop([staged])

    async def _fetched(self, url: str) -> StagedFile:
        if self._base.fetch is None:
            raise Invalid("upload_url is not allowed at this server")
        path = self._base.files.new_path()
        written = await self._base.fetch(url, path)
        await self._base.in_thread(sync, path)
        return StagedFile(path, PurePosixPath(urlsplit(url).path).name, written)

    async def unpacked(self, node: Node, archive_format: str) -> list[Staged]:
        """The members of the archive that a node has as its file, each staged to become a file of its own."""
        staged: list[Staged] = []
        try:
            await self._base.in_thread(self._unpack, self._base.files.data(node).path, archive_format, staged)
        except BaseException:
            await self.drop(staged)
            raise
        return staged

    async def drop(self, staged: Iterable[Staged]) -> None:
        """Remove what was staged and not moved to its node."""
        await self._base.in_thread(_unlink, [path for one in staged for path in one.paths()])

    async def fill(self, record: NodeRecord, user: User, change: Change, staged: Staged) -> None:
        """Do what *change* asks for about the file. *user* must be allowed to read what is copied."""
        node = record.node
        if staged.whole is not None:
            await self._fill_whole(record, staged.whole, change.attempt)
        match change.fill:
            case Declare() as declared:
                self._merger.declare(node, declared)
            case CloseParts():
                await self._merger.close(node)
            case CopyOf() as copy:
                await self._copy(node, user, copy)
            case SubsetOf() as subset:
                await self._take_subset(node, user, subset)
            case JoinOf(sources):
                await self._join(node, user, sources)
            case KnownAs(md5):
                await self._copy_known(node, user, md5)
        for number, (path, part) in staged.parts.items():
            await self._merger.add(record, number, path, part)

    async def _fill_whole(self, record: NodeRecord, staged: StagedFile, attempt: int) -> None:
        node = record.node
        path, name, written = staged
        if node.has_file and node.file.checksum.get("md5") == written.md5:
            return  # the same work, delivered again
        if not (node.parts is None and record.delivered and attempt > record.delivered[0].attempt):
            must_be_empty(node)
        await self._place(node, path, name or node.file.name, written)
        record.delivered = [Delivery(written.size, attempt)]

    async def _copy(self, node: Node, user: User, copy: CopyOf) -> None:
        source = await self._source(copy.source, user)
        if node.has_file and node.file.checksum == source.file.checksum:
            return  # the same work, done again
        must_be_empty(node)
        written = Written(source.file.size, source.file.checksum["md5"])
        set_file(node, source.file.name, written, self._base.now())
        if copy.indexes:
            node.indexes.update({name: index for name, index in source.indexes.items() if name != SIZE})
        names = [data_name(written.md5), *(PREFIX + name for name in node.indexes if name != SIZE)]
        for name in names:
            try:
                await self._base.in_thread(self._base.files.share, source.id, node.id, name)
            except FileNotFoundError:
                raise NotFound("Node not found") from None
        if copy.attributes:
            node.attributes = source.attributes
        node.type = "copy"
        node.file = replace(node.file, format=source.file.format)

    async def _take_subset(self, node: Node, user: User, subset: SubsetOf) -> None:
        parent = await self._source(subset.parent, user)
        total = self._indexes.usable(parent, subset.index).total_units
        data = self._base.files.data(parent).path

        def write() -> tuple[Path, Written]:
            numbers = ascending(lines_of(subset.records), total)
            return self._write(Slice(data, *unit) for unit in self._indexes.units(parent, subset.index, numbers))

        path, written = await self._base.in_thread(write)
        try:
            if node.has_file and node.file.checksum.get("md5") == written.md5:
                return  # the same work, done again
            must_be_empty(node)
            node.type = "subset"
            await self._place(node, path, node.file.name or parent.file.name, written)
        finally:
            await self._base.in_thread(_unlink, [path])

    async def _join(self, node: Node, user: User, sources: list[str]) -> None:
        must_be_empty(node)
        slices = [self._base.files.data(await self._source(source, user)) for source in sources]
        path, written = await self._base.in_thread(self._write, slices)
        node.type = "virtual"
        await self._place(node, path, node.file.name or node.id, written)
        node.file = replace(node.file, virtual=True, virtual_parts=sources)

    async def _copy_known(self, node: Node, user: User, md5: str) -> None:
        async for page in self._base.records.pages():
            for record in page:
                known = record.node
                if known.type == "basic" and known.file.checksum.get("md5") == md5 and may(user, "read", record):
                    await self._copy(node, user, CopyOf(known.id))
                    return

    def _write(self, slices: Iterable[Slice]) -> tuple[Path, Written]:
        with self._base.files.new() as (path, file):
            return path, self._base.files.write(Pieces(slices), file)

    async def _source(self, node_id: str, user: User) -> Node:
        record = await self._base.records.get(node_id)
        check(user, "read", record)
        if not record.node.has_file:
            raise Invalid("Node has no file")
        return record.node

    async def _place(self, node: Node, path: Path, name: str, written: Written) -> None:
        await self._base.in_thread(self._base.files.place, path, node.id, data_name(written.md5))
        set_file(node, name, written, self._base.now())

    def _stage(self, whole: Whole) -> StagedFile:
        upload, name = whole.upload, whole.upload.filename or ""
        if not whole.compression:
            return StagedFile(self._base.files.stage(upload), name, Written(upload.size, upload.md5))
        with self._base.files.new() as (path, file):
            written = self._base.files.write(unpacked(Pieces(content_of(upload)), whole.compression), file)
        return StagedFile(path, name.rpartition(".")[0] or name, written)

    def _unpack(self, archive: Path, archive_format: str, staged: list[Staged]) -> None:
        for name, content in members(archive, archive_format):
            with self._base.files.new() as (path, file):
                written = self._base.files.write(content, file)
            staged.append(Staged(StagedFile(path, name, written)))


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
