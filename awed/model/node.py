"""Nodes of the data store, field for field as Shock shows them."""

import re
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from awed.model.access import Acl
from awed.model.times import NO_TIME

NODE_ID = re.compile(r"[0-9A-Za-z-]{1,100}")
"""What can be the id of a node, at any host."""

LONGEST_ATTRIBUTES = 16 * 1024 * 1024
"""Bytes of JSON that the attributes of a node may have."""


class Lock(Struct):
    """Work under way on a file or an index; a non-empty *error* means that it failed."""

    created_on: datetime = NO_TIME
    error: str = ""


class NodeFile(Struct):
    """A node's file: ``checksum`` is ``{"md5": hex}``, empty while there is no file."""

    name: str = ""
    size: int = 0
    checksum: dict[str, str] = {}
    format: str = ""
    virtual: bool = False
    virtual_parts: list[str] | None = None
    created_on: datetime = NO_TIME
    locked: Lock | None = None


class NodeIndex(Struct):
    """An index of a node's file: how many units, and their mean size in bytes."""

    total_units: int = 0
    average_unit_size: int = 0
    created_on: datetime = NO_TIME
    locked: Lock | None = None


class NodeParts(Struct):
    """Files that arrived for a parts node; an entry is ``[file name, md5]`` or null."""

    count: int = 0
    length: int = 0
    varlen: bool = False
    parts: list[list[str] | None] = []
    compression: str = ""


class Node(Struct):
    """The node document."""

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
        return self.file.size > 0 or self.file.created_on != NO_TIME


class Delivery(Struct):
    """How a node got its file or a part of it: *size* bytes, by the *attempt*-th run of a workunit, 0 if unknown."""

    size: int
    attempt: int = 0


class NodeRecord(Struct):
    """A node as it is stored: its document, its rights, and the deliveries of its file, part by part.

    What a restart finds out by itself is not in it: locks, and the parts that have arrived but are not merged yet.
    """

    node: Node
    acl: Acl
    delivered: list[Delivery] = []
