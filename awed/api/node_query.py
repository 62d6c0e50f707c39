"""The query strings of ``/node``."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from msgspec import Struct

from awed.api.paging import Paging
from awed.model.access import PUBLIC, RIGHTS, Acl
from awed.model.node import Node
from awed.nodes.indexing import Selection
from awed.nodes.packing import PACKINGS
from awed.nodes.search import Condition, NodeQuery
from awed.nodes.units import UNIT
from awed.web.arguments import Rest
from awed.web.kinds import count, word


class Download(Struct, frozen=True):
    """The part of a file that is to be downloaded, its name and its packing."""

    download_raw: Annotated[bool, "As download, without a file name."] = False
    file_name: Annotated[str | None, "The file name to download it under."] = None
    seek: Annotated[int, "Offset of the first byte."] = 0
    length: Annotated[int | None, "Number of bytes."] = None
    index: Annotated[str, "Index by which parts are selected."] = ""
    part: Annotated[list[str], "Units of the index, as a or a-b, repeatable."] = []
    chunk_size: Annotated[int, count(1), "Bytes of a unit of the index size."] = UNIT
    compression: Annotated[str, word(PACKINGS), "The file is packed while it is sent."] = ""

    @property
    def selection(self) -> Selection:
        """The part of the file."""
        return Selection(self.seek, self.length, self.index, tuple(self.part), self.chunk_size)

    def name_of(self, node: Node) -> str | None:
        """The file name under which it is sent, None for none."""
        if self.download_raw:
            return None
        return node.file.name if self.file_name is None else self.file_name


def etag_of(node: Node, selection: Selection) -> str:
    """The ETag of this part of the node's file: it changes whenever the bytes do."""
    md5 = node.file.checksum.get("md5", "")
    if selection == Selection():
        return md5
    made = node.indexes[selection.index].created_on if selection.index else ""
    return hashlib.md5(f"{md5} {made} {selection}".encode(), usedforsecurity=False).hexdigest()


def distinct_path(field: str) -> str:
    """The path of *field* in documents. What is no field of a node is one of its attributes."""
    return field if field.partition(".")[0] in Node.__struct_fields__ else f"attributes.{field}"


class NodeList(Paging, frozen=True):
    """The nodes that a list is to have."""

    order: Annotated[str, "By which field."] = "created_on"
    query: Annotated[bool, "Other parameters match attributes."] = False
    querynode: Annotated[bool, "Other parameters match fields of the node."] = False

    def query_for(self, fields: Rest) -> NodeQuery:
        """The query for the page. *fields*: all other parameters."""
        return NodeQuery(tuple(self._conditions(fields)), self.order, self.descending, self.limit, self.offset)

    def _conditions(self, fields: Rest) -> Iterator[Condition]:
        if self.query or self.querynode:
            prefix = "attributes." if self.query else ""
            yield from (Condition(prefix + name, text) for name, texts in fields.items() for text in texts)


class NodeSelection(NodeList, frozen=True):
    """The nodes whose files an archive is to have."""

    limit: Annotated[int, "How many at most; 0: all."] = 0


def shown_acl(acl: Acl, verbosity: str) -> dict[str, Any]:
    """An ACL as Shock shows it, with the rights of everybody apart. *verbosity*: ``full`` for users, else names."""
    shown: Callable[[str], object] = _user if verbosity == "full" else str
    lists: dict[str, object] = {
        right: [shown(name) for name in getattr(acl, right) if name != PUBLIC] for right in RIGHTS
    }
    public = {right: PUBLIC in getattr(acl, right) for right in RIGHTS}
    return {"owner": shown(acl.owner), **lists, "public": public}


def _user(name: str) -> dict[str, Any]:
    """A user as Shock shows one, of whom awed knows the name only."""
    unknown = {"fullname": "", "email": "", "shock_admin": False, "custom_fields": None}
    return {"uuid": name, "username": name, **unknown}
