"""The changes that a request asks for on a node."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from awed.model.errors import Invalid
from awed.model.node import Node
from awed.nodes.files import Upload


class Whole(Struct):
    """An uploaded file. *compression*: ``gzip`` or ``bzip2`` if it is to be unpacked, else ""."""

    upload: Upload
    compression: str = ""


class FromUrl(Struct):
    """A file that the server downloads from an HTTP or HTTPS URL."""

    url: str


class Declare(Struct):
    """The file will be sent in *count* parts, 0 if that is not known yet. *compression*: of all parts together."""

    count: int
    compression: str = ""


class CloseParts(Struct):
    """No more parts will be sent: the file is complete."""


class CopyOf(Struct):
    """The file of the node *source*, and if asked for its attributes and indexes."""

    source: str
    attributes: bool = False
    indexes: bool = False


class SubsetOf(Struct):
    """Units of the file of the node *parent*. *records*: their numbers in *index*, from 1, one a line, ascending."""

    parent: str
    index: str
    records: Upload


class JoinOf(Struct):
    """The files of the nodes *sources*, strung together."""

    sources: list[str]


class KnownAs(Struct):
    """The file with this MD5 of any node that the user may read. The node stays empty if there is none."""

    md5: str


Fill = Whole | FromUrl | Declare | CloseParts | CopyOf | SubsetOf | JoinOf | KnownAs
"""The ways in which a node gets its file."""


class Change(Struct):
    """All that one request asks for.

    *parts*: uploads by number, from 1. *attempt*: of the workunit that sends the file or the parts; those of a later
    attempt replace those of an earlier one, never the other way round. 0: unknown, nothing is replaced. *tags*,
    *linkage*: added to those that the node has.
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
    """Make all of *change* but its files. Raises :class:`~awed.model.errors.Invalid` if another format is set."""
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
