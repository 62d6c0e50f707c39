"""Checked decoding of a data host's answers: their ids, hashes and sizes become keys, numbers and parts of URLs."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from awed.model.errors import Unavailable
from awed.model.node import NODE_ID, Node

T = TypeVar("T")

MOST = 2**63 - 1
"""The most bytes or units that a file may have."""

_MD5 = re.compile(r"[0-9a-fA-F]{32}")


def read(what: str, data: Any, kind: type[T]) -> T:
    """*data* as a *kind*.

    Raises :class:`~awed.model.errors.Unavailable`, whose text begins with *what* was asked, if it is of another type.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise Unavailable(f"{what}: the answer is not one of a Shock: {error}") from None


def read_node(what: str, data: Any, node_id: str = "") -> Node:
    """The node with this document. Fields that are null have their defaults.

    Raises :class:`~awed.model.errors.Unavailable` if a value is impossible, or if it is another node than *node_id*.
    """
    document = _set(read(what, data, dict[str, Any]))
    file = document.get("file")
    node = read(what, document | {"file": _set(file)} if isinstance(file, dict) else document, Node)
    md5 = node.file.checksum.pop("md5", None)
    if md5:
        node.file.checksum["md5"] = md5.lower()
    for fault in _faults(node, node_id):
        raise Unavailable(f"{what}: the answer is not one of a Shock: {fault}")
    return node


def part_md5(node: Node, rank: int) -> str | None:
    """The MD5 of the part *rank* (from 1), None if the node's document does not have it."""
    parts = node.parts.parts if node.parts else []
    part = parts[rank - 1] if rank <= len(parts) else None
    return part[1].lower() if part and len(part) > 1 else None


def _faults(node: Node, node_id: str) -> Iterator[str]:
    """What is impossible about *node*. Values are not quoted: users may name a host in the server's own network, and
    must not learn what it answers."""
    if not NODE_ID.fullmatch(node.id):
        yield "the id cannot be one of a node"
    elif node_id and node.id != node_id:
        yield "it is about another node"
    if not _MD5.fullmatch(node.file.checksum.get("md5", "0" * 32)):
        yield "the md5 is not 32 hexadecimal digits"
    if not 0 <= node.file.size <= MOST:
        yield f"the size of the file is not between 0 and {MOST}"
    if not all(0 <= index.total_units <= MOST for index in node.indexes.values()):
        yield f"the number of units of an index is not between 0 and {MOST}"


def _set(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}
