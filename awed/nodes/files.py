"""The files of nodes on disk. Each node has a directory, with complete and durable files only.

A file is written under a temporary name on the same file system, fsynced and renamed, so a crash at any moment leaves
the old file or the new one. All functions block.
"""

import errno
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec import Struct

from awed.model.errors import Invalid, Locked, TooLarge
from awed.model.ids import is_uuid
from awed.model.node import Node, NodeFile, NodeIndex
from awed.nodes.units import UNIT, ascending, sized
from awed.tx.files import HashedFile, Pieces, Slice, check_space, shortage_told
from awed.tx.longwork import Steps

DATA = "data."
"""The node's file is called ``data.<MD5>`` in the node's directory. A file that replaces it has another name, so
after a crash in between the file that the record names is still there."""

LONGEST_LINE = 80
"""Bytes that a line in a list of numbers may have, on average."""

_NO_LINKS = {errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV}


class Upload(Protocol):
    """An uploaded file: a small one is *data*, others are at *path*, on the file system of the nodes.

    *size* is in bytes, *md5* in hex.
    """

    @property
    def filename(self) -> str | None: ...
    @property
    def size(self) -> int: ...
    @property
    def md5(self) -> str: ...
    @property
    def data(self) -> bytes | None: ...
    @property
    def path(self) -> Path | None: ...


class Written(Struct, frozen=True):
    """A file that was written: its size in bytes and its MD5 in hex."""

    size: int
    md5: str


class NodeFiles:
    """The directories ``nodes``, ``preauth`` and ``tmp`` under *root*.

    Writing raises :class:`~awed.model.errors.NoSpace` if less than *min_free* bytes of the disk would be left, and
    :class:`~awed.model.errors.TooLarge` if a file would have more than *largest* bytes (0: no limit).
    """

    def __init__(self, root: Path, min_free: int = 0, largest: int = 0) -> None:
        self.nodes = root / "nodes"
        self.addresses = root / "preauth"
        self.temporary = root / "tmp"
        self._min_free = min_free
        self._largest = largest

    def prepare(self) -> None:
        """Make the directories, and empty the temporary one of what a crash left."""
        for directory in (self.nodes, self.addresses, self.temporary):
            directory.mkdir(parents=True, exist_ok=True)
        for path in self.temporary.iterdir():
            path.unlink()

    def directory(self, node_id: str) -> Path:
        """The directory of a node. Two levels above it keep directories small."""
        return self.nodes / node_id[:2] / node_id[2:4] / node_id

    def path(self, node_id: str, name: str) -> Path:
        """The path of a file of the node."""
        return self.directory(node_id) / name

    def all_nodes(self) -> Iterator[str]:
        """The id of each node that has a directory."""
        return (directory.name for directory in self.nodes.glob("*/*/*") if is_uuid(directory.name))

    def stage(self, upload: Upload, trailer: bytes = b"") -> Path:
        """Make an upload, with *trailer* after it, a durable file. Returns its path in the temporary directory.

        Raises :class:`~awed.model.errors.Invalid` if the upload was discarded meanwhile.
        """
        check_space(self.temporary, len(upload.data or b""), self._min_free)
        if upload.path is None:
            path = self.new_path()
            with self.writing(path) as file:
                file.write(upload.data or b"")
                file.write(trailer)
            return path
        try:
            with shortage_told(), upload.path.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(trailer)
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            raise Invalid("the upload broke off") from None
        return upload.path

    def new_path(self) -> Path:
        """A path for a new temporary file."""
        return self.temporary / uuid.uuid4().hex

    @contextmanager
    def writing(self, path: Path) -> Iterator[BinaryIO]:
        """Context that makes a new file at *path*: durable at the end, removed after an error."""
        try:
            with shortage_told(), path.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def place(self, path: Path, node_id: str, name: str) -> None:
        """Move the durable file *path* to the directory of its node, as *name*.

        Raises :class:`~awed.model.errors.Invalid` if it was removed meanwhile, because the upload was discarded.
        """
        target = self.path(node_id, name)
        self._make(target.parent)
        try:
            path.replace(target)
        except FileNotFoundError:
            raise Invalid("the upload broke off") from None
        sync(target.parent)

    def link(self, source: Path, path: Path) -> bool:
        """Make *path* a hard link to *source*. False if the file system cannot do that."""
        try:
            os.link(source, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return False
        return True

    def copy(self, source: Path, path: Path) -> Steps[Written]:
        """Copy *source* to a new, durable file at *path*."""
        return (yield from self.write(Pieces([Slice(source, 0, source.stat().st_size)]), path))

    def keep(self, node_id: str, names: set[str]) -> None:
        """Remove the node's files whose names are not in *names*."""
        directory = self.directory(node_id)
        for name in set(os.listdir(directory)) - names if directory.is_dir() else ():
            (directory / name).unlink(missing_ok=True)

    def data(self, node: Node) -> Slice:
        """The whole of the node's file."""
        return Slice(self.path(node.id, data_name(node.file.checksum["md5"])), 0, node.file.size)

    def remove_node(self, node_id: str) -> None:
        """Remove all files of a node."""
        shutil.rmtree(self.directory(node_id), ignore_errors=True)

    def admit(self, size: int) -> None:
        """Raises :class:`~awed.model.errors.TooLarge` if a file may not have *size* bytes."""
        if self._largest and size > self._largest:
            raise TooLarge(f"the file would have more than the {self._largest} bytes that a file may have here")

    def write(self, blocks: Iterable[bytes], path: Path, before: int = 0) -> Steps[Written]:
        """Write *blocks* to a new, durable file at *path*.

        *before*: bytes that count as part of the file when its size is checked.
        """
        with self.writing(path) as file:
            hashed = HashedFile(file)
            for data in blocks:
                self.admit(before + hashed.size + len(data))
                check_space(self.temporary, len(data), self._min_free)
                hashed.write(data)
                yield
        return Written(hashed.size, hashed.md5)

    def _make(self, directory: Path) -> None:
        """Make a directory and its missing parents, durably."""
        if not directory.is_dir():
            self._make(directory.parent)
            directory.mkdir(exist_ok=True)
            sync(directory.parent)


def sync(path: Path) -> None:
    """Make the content of a file, or the entries of a directory, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def content_of(upload: Upload) -> list[bytes | Slice]:
    """The bytes of an upload, for :class:`~awed.tx.files.Pieces`."""
    return [Slice(upload.path, 0, upload.size) if upload.path else upload.data or b""]


def lines_of(upload: Upload) -> Iterator[bytes]:
    """The lines of an upload that are not empty, without blanks at both ends. Blocks."""
    rest = b""
    for block in Pieces(content_of(upload)):
        *whole, rest = (rest + block).split(b"\n")
        yield from filter(None, map(bytes.strip, whole))
    if rest.strip():
        yield rest.strip()


def numbers_in(upload: Upload, total: int) -> Iterator[int]:
    """The numbers in an upload, one a line. Blocks.

    Raises :class:`~awed.model.errors.Invalid` if they are not between 1 and *total*, or do not ascend.
    """
    if upload.size > LONGEST_LINE * total:
        raise Invalid(f"the list of records has more than {total} lines of up to {LONGEST_LINE} bytes")
    return ascending(lines_of(upload), total)


def data_name(md5: str) -> str:
    """The name in the node's directory of its file with this MD5."""
    return DATA + md5


def must_have_file(node: Node) -> None:
    """Raises :class:`~awed.model.errors.Locked` while the node's parts are merged, and
    :class:`~awed.model.errors.Invalid` if it has no file."""
    lock = node.file.locked
    if lock is not None and not lock.error:
        raise Locked("Node file is locked")
    if not node.has_file:
        raise Invalid(f"Node has no file: {lock.error}" if lock else "Node has no file")


def must_be_empty(node: Node) -> None:
    """Raises :class:`~awed.model.errors.Invalid` if the node has a file, or waits for the parts of one."""
    if node.has_file or node.parts is not None:
        raise Invalid("Node file immutable")


def set_file(node: Node, name: str, written: Written, now: datetime) -> None:
    """Set in the node's document that it has this file, and ``size`` as its only index."""
    node.file = NodeFile(
        name=name,
        size=written.size,
        checksum={"md5": written.md5},
        format=node.file.format,
        created_on=now,
    )
    node.indexes = {"size": NodeIndex(sized(written.size), UNIT, now)}
