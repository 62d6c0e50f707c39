"""The files of a workunit: downloads, parts of split inputs, unpacking, uploads."""

import bz2
import gzip
import os
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple
from uuid import uuid4

from msgspec.structs import replace

from awed.model.errors import AwedError
from awed.model.job import IO, NO_NODE
from awed.model.node import Node
from awed.model.work import Workunit
from awed.shock.client import ShockClient
from awed.tx.threads import InThread
from awed.wire.headers import Tokens
from awed.worker.attributes import read_attributes, write_attributes
from awed.worker.cache import Cache
from awed.worker.copying import copy, stoppable
from awed.worker.errors import WorkFailed
from awed.worker.outputs import Output, needs_file
from awed.worker.paths import inside, path_of
from awed.worker.urls import Urls, is_directory

_OPENERS: Mapping[str, Callable[[Path], gzip.GzipFile | bz2.BZ2File]] = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File}


def unpack(path: Path, method: str, stop: Event) -> None:
    """Replace a file that was packed by *method*, ``gzip`` or ``bzip2``, by its unpacked content.

    Blocks: for a thread. Raises :class:`WorkFailed` for another method, or a file that cannot be unpacked, and
    :class:`~awed.worker.copying.Stopped`.
    """
    if method not in _OPENERS:
        raise WorkFailed(f"uncompress must be one of {', '.join(_OPENERS)}, found {method!r}")
    unpacked = path.with_name(f"{path.name}.unpacked")
    try:
        with _OPENERS[method](path) as packed, unpacked.open("wb") as plain:
            copy(packed, plain, stop)
        unpacked.rename(path)
    except (OSError, EOFError, zlib.error) as error:
        raise WorkFailed(f"cannot uncompress it by {method}: {error}") from error
    finally:
        unpacked.unlink(missing_ok=True)


def part_of(work: Workunit, io: IO) -> tuple[str, str] | None:
    """The name of an index, and the range of its units that *work* reads of *io*; None if it reads the whole file."""
    if work.part is None or work.rank < 1 or io.filename != work.part.input:
        return None
    return work.part.index, unit_range(work.rank, work.totalwork, work.part.totalindex)


def unit_range(rank: int, totalwork: int, units: int) -> str:
    """The units of the *rank*-th of *totalwork* workunits, ``a-b`` or ``a``: 1-based, both ends included.

    The first ``units % totalwork`` workunits get one more than the others.
    """
    size, larger = divmod(units, totalwork)
    first = (rank - 1) * size + min(rank - 1, larger) + 1
    last = first + size - (rank > larger)
    return f"{first}-{last}" if last > first else f"{first}"


class Access(NamedTuple):
    """What the files of a workunit are read and written with."""

    tokens: Tokens
    urls: Urls

    def host(self, host: str) -> ShockClient:
        """The data host at the URL *host*, with the token for it."""
        return self.urls.host(host, self.tokens.at(host))


class FileMover:
    """Downloads inputs and predata into work directories, and uploads outputs to their nodes.

    *room* makes room for a file of so many bytes. Its methods raise :class:`WorkFailed`, whose texts begin with the
    name of the file.
    """

    def __init__(self, cache: Cache, in_thread: InThread, room: Callable[[int], Awaitable[int]]) -> None:
        self._cache = cache
        self._in_thread = in_thread
        self._room = room

    async def fetch_predata(self, work: Workunit, root: Path, access: Access) -> int:
        """Put the predata into the work directory *root*, through the cache; their size in bytes."""
        files = [_opened(io, access.tokens) for io in work.predata]
        return sum([await _about(io, self._fetch_predata(io, root, access)) for io in files])

    async def fetch_inputs(self, work: Workunit, root: Path, access: Access) -> int:
        """Put the inputs into the work directory *root*; their size in bytes."""
        files = [_opened(io, access.tokens) for io in work.inputs]
        return sum([await _about(io, self._fetch_input(io, work, root, access)) for io in files])

    async def deliver(self, work: Workunit, outputs: Iterable[Output], root: Path, access: Access) -> None:
        """Upload *outputs* in the work directory *root*: whole, or as the part of the rank of *work*."""
        for output in outputs:
            await _about(output.io, self._deliver(output, work, root, access))

    async def make_node(self, host: str, path: Path, name: str, expiration: str, access: Access) -> str:
        """Make a node of the file at *path* at the data host *host*; its id. *expiration*: after how long it is
        deleted, "" for never."""
        return (await access.host(host).make(path, filename=name, expiration=expiration)).id

    async def _fetch_input(self, io: IO, work: Workunit, root: Path, access: Access) -> int:
        if io.is_elsewhere and is_directory(io.url):
            return await self._bring_directory(io, root, access)
        node = await self._node(io, access)
        if io.attrfile:
            await self._in_thread(write_attributes, inside(root, io.attrfile), node and node.attributes)
        if io.nofile:
            return 0
        part = part_of(work, io)
        return await self._bring(io, node, root, access, part, shared=io.cache and part is None)

    async def _fetch_predata(self, io: IO, root: Path, access: Access) -> int:
        if io.is_elsewhere and is_directory(io.url):
            return await self._bring_directory(io, root, access)
        return await self._bring(io, await self._node(io, access), root, access, shared=True)

    async def _bring_directory(self, io: IO, root: Path, access: Access) -> int:
        target = path_of(root, io)
        await access.urls.fetch_directory(io.url, target)
        return await self._in_thread(_total_size, target)

    async def _bring(
        self,
        io: IO,
        node: Node | None,
        root: Path,
        access: Access,
        part: tuple[str, str] | None = None,
        *,
        shared: bool,
    ) -> int:
        """Put a file at its path when it is complete; its size in bytes. *shared*: through the cache."""
        place, arriving = path_of(root, io), root / f".{uuid4().hex}"
        if node is not None and part is None:
            await self._room(node.file.size)  # what its host says, and not the document
        fetch = partial(self._fetch, io=io, node=node, access=access, part=part)
        if shared and (source := await self._source(io, node, access.urls)):
            await self._cache.copy(_cache_key(source, io), arriving, fetch)
        else:
            await fetch(arriving)
        place.parent.mkdir(parents=True, exist_ok=True)
        arriving.rename(place)
        return place.stat().st_size

    async def _node(self, io: IO, access: Access) -> Node | None:
        return await access.host(io.host).node(io.node) if has_node(io) else None

    async def _source(self, io: IO, node: Node | None, urls: Urls) -> str:
        """What identifies the content of *io*, for the key of the cache; "" if nothing does.

        The host was asked just now with the workunit's own token, so nobody reads from the cache what the host would
        not show.
        """
        if node is not None:
            return f"{io.host} {_md5(node) or node.id}"
        version = await urls.version(io.url) if io.url else ""
        return version and f"{io.url} {version}"

    async def _fetch(
        self, path: Path, io: IO, node: Node | None, access: Access, part: tuple[str, str] | None = None
    ) -> None:
        if has_node(io):
            md5 = _md5(node) if part is None else None
            await access.host(io.host).download(io.node, path, part=part, md5=md5)
        elif io.url:
            await access.urls.fetch(io.url, path)
        else:
            raise WorkFailed("neither a node nor a url to fetch it from")
        if io.uncompress:
            await stoppable(access.urls.in_thread, partial(unpack, path, io.uncompress))

    async def _deliver(self, output: Output, work: Workunit, root: Path, access: Access) -> None:
        io = output.io
        if io.is_elsewhere:
            if output.path:
                await access.urls.deliver(output.path, io.url)
            return
        if not has_node(io):
            raise WorkFailed("no node to deliver it to")
        host = access.host(io.host)
        attributes = await self._attributes(io, root) if work.rank <= 1 else None
        if io.type == "copy":
            await host.copy(io.node, _parent(io, work))
        elif io.type == "subset" and output.path and output.size:
            await host.subset(io.node, _parent(io, work), io.formoptions.get("parent_index", ""), output.path)
        elif path := _uploaded(output, work):
            name, rank = io.shockfilename or io.filename, work.rank or None
            await host.upload(
                io.node,
                path,
                filename=name,
                rank=rank,
                attributes=attributes,
                attempt=work.attempt,
            )
            return
        if attributes is not None:
            await host.set_attributes(io.node, attributes)

    async def _attributes(self, io: IO, root: Path) -> dict[str, Any] | None:
        """The attributes of an output: those of the document, overridden by the command's attribute file.

        None if there are none.
        """
        written = await self._in_thread(read_attributes, inside(root, io.attrfile)) if io.attrfile else {}
        return {**io.nodeattr, **written} or None


def _opened(io: IO, tokens: Tokens) -> IO:
    """*io* with the password in its URL."""
    return replace(io, url=tokens.url(io.url)) if io.url in tokens.passwords else io


def has_node(io: IO) -> bool:
    """Whether the file of *io* is in a Shock node, not at a plain URL."""
    return bool(io.host) and io.node not in ("", NO_NODE)


async def _about(io: IO, step: Awaitable[Any]) -> Any:
    """The result of *step*. Raises :class:`WorkFailed`, with the name of the file in the text."""
    try:
        return await step
    except AwedError as error:
        raise WorkFailed(*(f"{io.filename}: {text}" for text in error.texts)) from error
    except OSError as error:
        raise WorkFailed(f"{io.filename}: {error.strerror}") from error


def _uploaded(output: Output, work: Workunit) -> Path | None:
    """The file to upload; None for none. Each rank uploads a part, if need be an empty one, to complete the node."""
    if output.path is None and work.rank and needs_file(output.io):
        return Path(os.devnull)
    return output.path


def _parent(io: IO, work: Workunit) -> str:
    """The id of the node whose file an output shares: ``parent_node``, or the node of the input ``parent_name``.

    Raises :class:`WorkFailed` if neither is given.
    """
    name = io.formoptions.get("parent_name")
    named = [source.node for source in work.inputs if name and source.filename == name]
    parent = named[0] if named else io.formoptions.get("parent_node")
    if not parent:
        raise WorkFailed("formoptions.parent_node or parent_name must name the node it is made of")
    return parent


def _md5(node: Node | None) -> str | None:
    """The md5 of the node's whole file; None if it is not known."""
    return node.file.checksum.get("md5") if node else None


def _total_size(directory: Path) -> int:
    """The bytes of all files below *directory*. Blocks: for a thread."""
    return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_dir())


def _cache_key(source: str, io: IO) -> str:
    return sha256(f"{source} {io.uncompress}".encode()).hexdigest()
