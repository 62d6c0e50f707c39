"""What one request changes of a node."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from awed.model.errors import Invalid
from awed.model.node import Node
from awed.nodes.files import Upload


class Whole(Struct):
    """The file, in one piece. *compression*: ``gzip`` or ``bzip2`` if it is to be unpacked."""

    upload: Upload
    compression: str = ""


class FromUrl(Struct):
    """The file that an http or https URL shows."""

    url: str


class Declare(Struct):
    """The file will come in *count* parts; 0: in parts whose number is told later."""

    count: int
    compression: str = ""


class CloseParts(Struct):
    """No more parts will come."""


class CopyOf(Struct):
    """The file of another node, with its attributes or indexes if asked for."""

    source: str
    attributes: bool = False
    indexes: bool = False


class SubsetOf(Struct):
    """The units of a parent's index whose numbers the file *records* lists, one a line, ascending, from 1 up."""

    parent: str
    index: str
    records: Upload


class JoinOf(Struct):
    """The files of other nodes, one after the other."""

    sources: list[str]


class KnownAs(Struct):
    """The file with this md5, of any node that may be read; if there is none the node stays empty."""

    md5: str


Fill = Whole | FromUrl | Declare | CloseParts | CopyOf | SubsetOf | JoinOf | KnownAs
"""The ways in which a node gets its file."""


class Change(Struct):
    """Everything that one request asks for. *parts*: uploads by number; *tags* are added to those there are.

    *attempt*: the run of a workunit that delivers the file or the parts; a later run may replace what an earlier one
    delivered, but not the other way round. 0: unknown, nothing is replaced.
    """

    fill: Fill | None = None
    parts: dict[int, Upload] = {}
    attempt: int = 0
    attributes: Any = UNSET
    file_name: str = ""
    format: str = ""
    tags: list[str] = []
    priority: int | None = None
    expiration: datetime | UnsetType = UNSET
    linkage: dict[str, Any] | None = None


def apply(change: Change, node: Node) -> None:
    """Make all of *change* that is not about files. Raises :class:`~awed.model.errors.Invalid`."""
    if change.format and node.file.format not in ("", change.format):
        raise Invalid(f"Node format is {node.file.format} already, it cannot be changed")
    node.file.format = change.format or node.file.format
    node.file.name = change.file_name or node.file.name
    if change.attributes is not UNSET:
        node.attributes = change.attributes
    if change.tags:
        node.tags = list(dict.fromkeys([*(node.tags or []), *change.tags]))
    if change.priority is not None:
        node.priority = change.priority
    if change.expiration is not UNSET:
        node.expiration = change.expiration
    if change.linkage is not None:
        node.linkage = [*(node.linkage or []), change.linkage]
