"""What the query strings of ``/node`` ask for."""

import hashlib
from collections.abc import Callable, Iterator

from awed.model.access import PUBLIC, RIGHTS, Acl
from awed.model.errors import Invalid
from awed.model.node import Node
from awed.nodes.indexing import Selection
from awed.nodes.search import Condition, NodeQuery
from awed.nodes.units import UNIT
from awed.web.params import Params

_LISTING = frozenset({"query", "querynode", "order", "direction", "limit", "offset", "distinct"})


def selected(params: Params) -> Selection:
    """Which bytes of a file a download is about. Raises :class:`~awed.model.errors.Invalid`."""
    unit = params.count("chunk_size", UNIT)
    if not unit:
        raise Invalid("chunk_size must be at least 1")
    return Selection(
        seek=params.count("seek", 0),
        length=params.count("length", 0) if "length" in params else None,
        index=params.text("index"),
        parts=tuple(params.texts("part")),
        unit=unit,
    )


def etag_of(node: Node, selection: Selection) -> str:
    """Names those bytes: it changes when they do."""
    md5 = node.file.checksum.get("md5", "")
    if selection == Selection():
        return md5
    made = node.indexes[selection.index].created_on if selection.index else ""
    return hashlib.md5(f"{md5} {made} {selection}".encode(), usedforsecurity=False).hexdigest()


def distinct_path(params: Params) -> str:
    """Where in documents the values stand that ``distinct`` asks for: what is no field of a node is an attribute."""
    path = params.text("distinct")
    return path if path.partition(".")[0] in Node.__struct_fields__ else f"attributes.{path}"


def wanted(params: Params) -> NodeQuery:
    """Which nodes a list is about. Raises :class:`~awed.model.errors.Invalid`."""
    return NodeQuery(
        conditions=tuple(_conditions(params)),
        order=params.text("order", "created_on"),
        descending=params.descending(),
        limit=params.count("limit", 25),
        offset=params.count("offset", 0),
    )


def _conditions(params: Params) -> Iterator[Condition]:
    if "query" in params:
        prefix = "attributes."
    elif "querynode" in params:
        prefix = ""
    else:
        return
    for name in params:
        if name not in _LISTING:
            yield from (Condition(prefix + name, value) for value in params.values(name))


def shown_acl(acl: Acl, params: Params) -> dict[str, object]:
    """An ACL as Shock shows it: what all may do stands apart from the lists. ``verbosity=full`` asks for users."""
    shown: Callable[[str], object] = _user if params.text("verbosity") == "full" else str
    lists: dict[str, object] = {
        right: [shown(name) for name in getattr(acl, right) if name != PUBLIC] for right in RIGHTS
    }
    public = {right: PUBLIC in getattr(acl, right) for right in RIGHTS}
    return {"owner": shown(acl.owner), **lists, "public": public}


def _user(name: str) -> dict[str, object]:
    """A user as Shock shows one; here a name is all that there is."""
    unknown = {"fullname": "", "email": "", "shock_admin": False, "custom_fields": None}
    return {"uuid": name, "username": name, **unknown}
