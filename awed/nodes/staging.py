"""Makes the files of nodes in the temporary directory, before they are moved to their nodes.

What takes long is done here: files are joined, cut out of others, unpacked and downloaded. It is stopped when the
request is cancelled.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec import UNSET, Struct
from twisted.internet.defer import Deferred

from awed.model.access import User
from awed.model.errors import Invalid, NodeNotFound
from awed.model.node import Node, NodeIndex
from awed.nodes.access import check, may
from awed.nodes.base import NodeBase
from awed.nodes.change import Change, CopyOf, FromUrl, JoinOf, KnownAs, SubsetOf, Whole
from awed.nodes.files import Written, content_of, data_name, must_have_file, numbers_in, sync
from awed.nodes.indexing import PREFIX, SIZE, NodeIndexes
from awed.nodes.merging import ArrivedPart, PartMerger, stage_part
from awed.nodes.units import number_of_units, put_together
from awed.nodes.unpacking import members, unpacked
from awed.tx.files import Pieces, Slice
from awed.tx.locks import to_the_end, unbroken
from awed.tx.longwork import Steps

T = TypeVar("T")


class StagedFile(Struct):
    """A durable file at *path*, and what the document of its node is to have.

    *name* "": the node keeps the name that it has, else gets *default_name*, else its id. *indexes*: by name, the
    file of an index and its description. *replaces*: whether it may replace a file that an earlier attempt of its
    workunit sent.
    """

    path: Path
    written: Written
    name: str = ""
    default_name: str = ""
    format: str = ""
    type: str = "basic"
    virtual_parts: list[str] | None = None
    attributes: Any = UNSET
    indexes: dict[str, tuple[Path, NodeIndex]] = {}
    replaces: bool = False


class Staged(Struct):
    """The files that one request brings: *file* and *parts* for its node, *members* of an archive for new nodes.

    *paths*: all files that were made for the request, whether moved since or not.
    """

    file: StagedFile | None = None
    parts: dict[int, tuple[Path, ArrivedPart]] = {}
    members: list[StagedFile] = []
    paths: list[Path] = []


Use = Callable[[Staged], Coroutine[Deferred[Any], Any, T]]
"""Moves staged files to their nodes."""


class Stager:
    """Stages the files of requests. A request that is cancelled stops its staging, but not the moving of files."""

    def __init__(self, base: NodeBase, merger: PartMerger, indexes: NodeIndexes) -> None:
        self._base = base
        self._merger = merger
        self._indexes = indexes

    async def change(self, change: Change, user: User, use: Use[T]) -> T:
        """Stage the files of *change*, then return what *use* returns.

        Raises :class:`~awed.model.errors.Unauthorized` if *user* may not read a node whose file is to be copied.
        """

        async def stage(staged: Staged) -> None:
            staged.file = await self._made(change, user, staged)

        async def go_on(staged: Staged) -> T:
            await self._take_uploads(change, staged)
            return await use(staged)

        return await self._owned(stage, go_on)

    async def archive(self, node: Node, archive_format: str, user: User, use: Use[T]) -> T:
        """Stage the members of the archive that is the node's file, then return what *use* returns."""

        async def stage(staged: Staged) -> None:
            await self._base.long.run(user.name, self._unpacking(node, archive_format, staged))

        return await self._owned(stage, use)

    async def _owned(self, stage: Callable[[Staged], Awaitable[None]], use: Use[T]) -> T:
        staged = Staged()
        try:
            await stage(staged)
        except BaseException:
            await self._drop(staged)
            raise
        return await to_the_end(self._used(staged, use))

    async def _used(self, staged: Staged, use: Use[T]) -> T:
        try:
            return await use(staged)
        finally:
            await self._drop(staged)

    async def _drop(self, staged: Staged) -> None:
        """Remove what was not moved to a node."""
        if staged.paths:
            await self._base.in_thread(_unlink, staged.paths)

    async def _take_uploads(self, change: Change, staged: Staged) -> None:
        """Make those uploads durable that are used as they are."""
        files, in_thread = self._base.files, self._base.in_thread
        if isinstance(change.fill, Whole) and not change.fill.compression:
            upload = change.fill.upload
            path = await in_thread(files.stage, upload)
            staged.paths.append(path)
            staged.file = StagedFile(path, Written(upload.size, upload.md5), upload.filename or "", replaces=True)
        for number, upload in change.parts.items():
            staged.parts[number] = await in_thread(stage_part, files, upload, change.attempt)
            staged.paths.append(staged.parts[number][0])

    async def _made(self, change: Change, user: User, staged: Staged) -> StagedFile | None:
        """The file of *change*, if it is to be made from something else than a plain upload."""
        fill = change.fill
        if isinstance(fill, KnownAs):
            fill = await self._known(fill.md5, user)
        match fill:
            case Whole() if fill.compression:
                return await self._unpacked(fill, user, self._new_path(staged))
            case FromUrl(url):
                return await self._fetched(url, user, self._new_path(staged))
            case CopyOf():
                return await self._copied(fill, user, staged)
            case SubsetOf():
                return await self._subset(fill, user, staged)
            case JoinOf(sources):
                return await self._joined(sources, user, self._new_path(staged))
        return None

    async def _unpacked(self, whole: Whole, user: User, path: Path) -> StagedFile:
        name = whole.upload.filename or ""
        blocks = unpacked(Pieces(content_of(whole.upload)), whole.compression)
        written = await self._base.long.run(user.name, self._base.files.write(blocks, path))
        return StagedFile(path, written, name.rpartition(".")[0] or name, replaces=True)

    async def _fetched(self, url: str, user: User, path: Path) -> StagedFile:
        if self._base.fetch is None:
            raise Invalid("files are not fetched from URLs by this server ([Security] fetch_urls)")
        async with self._base.long.waits.place(user.name):
            written = await self._base.fetch(url, path)
        await self._base.in_thread(sync, path)
        return StagedFile(path, written, PurePosixPath(urlsplit(url).path).name, replaces=True)

    async def _copied(self, copy: CopyOf, user: User, staged: Staged) -> StagedFile:
        source = await self._source(copy.source, user)
        written = Written(source.file.size, source.file.checksum["md5"])
        path = await self._shared(source, data_name(written.md5), user, staged)
        copied = StagedFile(path, written, source.file.name, format=source.file.format, type="copy")
        for name, index in source.indexes.items() if copy.indexes else ():
            if name != SIZE:
                copied.indexes[name] = await self._shared(source, PREFIX + name, user, staged), index
        if copy.attributes:
            copied.attributes = source.attributes
        return copied

    async def _shared(self, source: Node, name: str, user: User, staged: Staged) -> Path:
        """A second copy of a node's file *name*: a hard link, where the file system can do that."""
        files, path = self._base.files, self._new_path(staged)
        original = files.path(source.id, name)
        with _gone_told():
            if not await unbroken(self._base.in_thread(files.link, original, path)):
                await self._base.long.run(user.name, files.copy(original, path))
        return path

    async def _known(self, md5: str, user: User) -> CopyOf | None:
        """The copy of a node whose file has this MD5, if there is one that *user* may read."""
        async for page in self._base.records.pages():
            for record in page:
                node = record.node
                if node.type == "basic" and node.file.checksum.get("md5") == md5 and may(user, "read", record):
                    return CopyOf(node.id)
        return None

    async def _subset(self, subset: SubsetOf, user: User, staged: Staged) -> StagedFile:
        """The units that are asked for as a file, with an index of them, by which subsets of it can be made."""
        parent = await self._source(subset.parent, user)
        total = self._indexes.usable(parent, subset.index).total_units
        path, index_path = self._new_path(staged), self._new_path(staged)
        files = self._base.files
        data = files.data(parent).path

        def steps() -> Steps[tuple[Written, int]]:
            with files.writing(index_path) as index:
                units = self._indexes.units(parent, subset.index, numbers_in(subset.records, total))
                written = yield from files.write(
                    Pieces(Slice(data, *unit) for unit in put_together(units, index)), path
                )
                return written, number_of_units(index)

        with _gone_told():
            written, records = await self._base.long.run(user.name, steps())
        found = StagedFile(path, written, default_name=parent.file.name, type="subset")
        if subset.index != SIZE:
            mean_size = written.size // records if records else 0
            found.indexes[subset.index] = index_path, NodeIndex(records, mean_size, self._base.now())
        return found

    async def _joined(self, sources: list[str], user: User, path: Path) -> StagedFile:
        files = self._base.files
        slices = [files.data(await self._source(source, user)) for source in sources]
        files.admit(sum(piece.length for piece in slices))
        with _gone_told():
            written = await self._base.long.run(user.name, files.write(Pieces(slices), path))
        return StagedFile(path, written, type="virtual", virtual_parts=sources)

    async def _source(self, node_id: str, user: User) -> Node:
        record = await self._base.records.get(node_id)
        check(user, "read", record)
        await self._merger.begin_again(record)
        await self._merger.show(record.node)
        must_have_file(record.node)
        return record.node

    def _unpacking(self, node: Node, archive_format: str, staged: Staged) -> Steps[None]:
        files, size = self._base.files, 0
        for name, content in members(files.data(node).path, archive_format, files.admit):
            path = self._new_path(staged)
            written = yield from files.write(content, path, before=size)
            size += written.size
            staged.members.append(StagedFile(path, written, name))

    def _new_path(self, staged: Staged) -> Path:
        path = self._base.files.new_path()
        staged.paths.append(path)
        return path


@contextmanager
def _gone_told() -> Iterator[None]:
    """Context in which a missing file raises :class:`NodeNotFound`: its node was deleted while the file was read."""
    try:
        yield
    except FileNotFoundError:
        raise NodeNotFound from None


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
