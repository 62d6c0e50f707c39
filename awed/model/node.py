"""Nodes of a Shock data store. The fields are named and ordered as in Shock's own documents."""

import re
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from awed.model.access import Acl
from awed.model.times import NO_TIME

NODE_ID = re.compile(r"[0-9A-Za-z-]{1,100}")
"""Matches, as a whole, the id of a node at any host."""

LONGEST_ATTRIBUTES = 16 * 1024 * 1024
"""Bytes that the attributes of a node may have, as JSON."""


class Lock(Struct):
    """Shown of a file or index while it is being built. *error*: why that failed, "" if it has not."""

    created_on: datetime = NO_TIME
    error: str = ""


class NodeFile(Struct):
    """A node's file. *checksum* is ``{"md5": hex}``, empty if there is no file."""

    name: str = ""
    size: int = 0
    checksum: dict[str, str] = {}
    format: str = ""
    virtual: bool = False
    virtual_parts: list[str] | None = None
    created_on: datetime = NO_TIME
    locked: Lock | None = None


class NodeIndex(Struct):
    """An index of a node's file. *average_unit_size* is in bytes."""

    total_units: int = 0
    average_unit_size: int = 0
    created_on: datetime = NO_TIME
    locked: Lock | None = None


class NodeParts(Struct):
    """The parts of a file that is sent in parts: each ``[file name, md5]``, or None while it has not arrived."""

    count: int = 0
    length: int = 0
    varlen: bool = False
    parts: list[list[str] | None] = []
    compression: str = ""


class Node(Struct):
    """A node, as the API shows it."""

    id: str
    version: str = ""
    file: NodeFile = field(default_factory=NodeFile)
    attributes: Any = None
    indexes: dict[str, NodeIndex] = {}
    version_parts: dict[str, str] = {}
    tags: list[str] | None = None
    linkage: list[Any] | None = None
    priority: int = 0
    created_on: datetime = NO_TIME
    last_modified: datetime = NO_TIME
    expiration: datetime = NO_TIME
    type: str = "basic"
    parts: NodeParts | None = None
    locations: None = None
    restore: bool = False

    @property
    def has_file(self) -> bool:
        """Whether the node has a file, which may be empty."""
        return self.file.size > 0 or self.file.created_on != NO_TIME


class Delivery(Struct):
    """The upload of a file or part: *size* in bytes, *attempt* of the workunit that sent it (0 if unknown)."""

    size: int
    attempt: int = 0


class NodeRecord(Struct):
    """A node as it is stored: its document, its ACL, and the deliveries of its file, one for each part.

    Locks, and parts that are not merged yet, are not stored: after a restart the daemon finds them out from the disk.
    """

    node: Node
    acl: Acl
    delivered: list[Delivery] = []
