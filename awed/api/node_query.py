"""What the query strings of ``/node`` ask for."""

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
    """Which bytes of a file a download is about, and as what they come."""

    download_raw: Annotated[bool, "The same, without a name."] = False
    file_name: Annotated[str | None, "The name to download it under."] = None
    seek: Annotated[int, "Where in the file to begin, in bytes."] = 0
    length: Annotated[int | None, "How many bytes."] = None
    index: Annotated[str, "By which index it is cut into parts."] = ""
    part: Annotated[list[str], "Which parts, as a or a-b, repeatable."] = []
    chunk_size: Annotated[int, count(1), "Bytes of a part of the index size."] = UNIT
    compression: Annotated[str, word(PACKINGS), "Packed while it is sent."] = ""

    @property
    def selection(self) -> Selection:
        return Selection(self.seek, self.length, self.index, tuple(self.part), self.chunk_size)

    def name_of(self, node: Node) -> str | None:
        """The name of what is sent, None for none."""
        if self.download_raw:
            return None
        return node.file.name if self.file_name is None else self.file_name


def etag_of(node: Node, selection: Selection) -> str:
    """Names those bytes: it changes when they do."""
    md5 = node.file.checksum.get("md5", "")
    if selection == Selection():
        return md5
    made = node.indexes[selection.index].created_on if selection.index else ""
    return hashlib.md5(f"{md5} {made} {selection}".encode(), usedforsecurity=False).hexdigest()


def distinct_path(field: str) -> str:
    """Where the values of a field stand in documents: what is no field of a node is an attribute."""
    return field if field.partition(".")[0] in Node.__struct_fields__ else f"attributes.{field}"


class NodeList(Paging, frozen=True):
    """Which nodes a list is about."""

    order: Annotated[str, "By which field."] = "created_on"
    query: Annotated[bool, "Other parameters match attributes."] = False
    querynode: Annotated[bool, "Other parameters match fields of the node."] = False

    def query_for(self, fields: Rest) -> NodeQuery:
        """The same with all other parameters."""
        return NodeQuery(tuple(self._conditions(fields)), self.order, self.descending, self.limit, self.offset)

    def _conditions(self, fields: Rest) -> Iterator[Condition]:
        if self.query or self.querynode:
            prefix = "attributes." if self.query else ""
            yield from (Condition(prefix + name, text) for name, texts in fields.items() for text in texts)


class NodeSelection(NodeList, frozen=True):
    """Which nodes are all taken at once."""

    limit: Annotated[int, "How many at most; 0: all."] = 0


def shown_acl(acl: Acl, verbosity: str) -> dict[str, Any]:
    """An ACL as Shock shows it: what all may do stands apart from the lists. *verbosity* ``full`` asks for users."""
    shown: Callable[[str], object] = _user if verbosity == "full" else str
    lists: dict[str, object] = {
        right: [shown(name) for name in getattr(acl, right) if name != PUBLIC] for right in RIGHTS
    }
    public = {right: PUBLIC in getattr(acl, right) for right in RIGHTS}
    return {"owner": shown(acl.owner), **lists, "public": public}


def _user(name: str) -> dict[str, Any]:
    """A user as Shock shows one; here a name is all that there is."""
    unknown = {"fullname": "", "email": "", "shock_admin": False, "custom_fields": None}
    return {"uuid": name, "username": name, **unknown}
