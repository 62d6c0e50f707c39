"""Queries for nodes: conditions on their documents, in the syntax of Shock's query strings."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from awed.model.access import PUBLIC, RIGHTS, User
from awed.model.node import NodeRecord
from awed.nodes.access import may

_RANGE = re.compile(r"([\[\]])([^;]*);([^;]*)([\[\]])\Z")

Test = Callable[[Any], bool]


class Condition(Struct, frozen=True):
    """A condition on the value at a dotted *path* of a document.

    *value*: ``x`` for a text or number equal to it; ``x*``, ``*x``, ``*x*`` for a text that begins with it, ends with
    it or contains it; ``[a;b]`` or ``]a;b[`` for a range of numbers or times with or without its ends; ``null`` for
    no value, "" for any; with ``!`` before it, the opposite.
    """

    path: str
    value: str

    def holds(self, document: dict[str, Any]) -> bool:
        """Whether *document* fulfils the condition."""
        text = self.value.removeprefix("!")
        leaves = [leaf for leaf in leaves_at(document, self.path.split(".")) if leaf is not None]
        if text == "null":
            found = not leaves
        elif text == "":
            found = bool(leaves)
        else:
            found = any(map(_test(text), leaves))
        return found is not self.value.startswith("!")


class NodeQuery(Struct, frozen=True):
    """A page of the nodes that fulfil all *conditions*. *order*: a dotted path. *limit* 0 means no limit."""

    conditions: tuple[Condition, ...] = ()
    order: str = "created_on"
    descending: bool = True
    limit: int = 25
    offset: int = 0


def document_of(record: NodeRecord) -> dict[str, Any]:
    """The document to which conditions apply: the node's, with its owner and who has which right."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record.node))
    document["owner"] = record.acl.owner
    for right in RIGHTS:
        holders = getattr(record.acl, right)
        document[right] = holders
        document[f"public_{right}"] = PUBLIC in holders
    return document


def leaves_at(value: Any, path: list[str]) -> Iterator[Any]:
    """All values at a path of a document. In a list the path is followed in each element."""
    if isinstance(value, list):
        for element in value:
            yield from leaves_at(element, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from leaves_at(value[path[0]], path[1:])


def matching(records: list[NodeRecord], query: NodeQuery, user: User) -> list[tuple[tuple[int, Any, str], str]]:
    """The sort key and the id of each record that *user* may read and that fulfils *query*."""
    found = []
    for record in records:
        if may(user, "read", record):
            document = document_of(record)
            if all(condition.holds(document) for condition in query.conditions):
                found.append((_place(document, query.order), record.node.id))
    return found


def values_at(records: list[NodeRecord], path: str, user: User) -> dict[tuple[str, Any], Any]:
    """The distinct texts, numbers and booleans at *path*, by a key that sorts them and tells 1 from true."""
    documents = (document_of(record) for record in records if may(user, "read", record))
    leaves = (leaf for document in documents for leaf in leaves_at(document, path.split(".")))
    return {(_kind(leaf), leaf): leaf for leaf in leaves if isinstance(leaf, str | int | float)}


def _kind(leaf: Any) -> str:
    if isinstance(leaf, bool):
        return "boolean"
    return "text" if isinstance(leaf, str) else "number"


def _place(document: dict[str, Any], path: str) -> tuple[int, Any, str]:
    """The sort key of a document: those without a value come first, then numbers, then texts."""
    leaf = next(leaves_at(document, path.split(".")), None)
    if isinstance(leaf, str):
        return 2, leaf, document["id"]
    return (1, leaf, document["id"]) if isinstance(leaf, int | float) else (0, 0, document["id"])


def _test(text: str) -> Test:
    if match := _RANGE.match(text):
        opening, low, high, closing = match.groups()
        return lambda leaf: _within(leaf, (low, opening == "["), (high, closing == "]"))
    inner = text.strip("*")
    if text != inner and inner:
        begins, ends = not text.startswith("*"), not text.endswith("*")
        return lambda leaf: isinstance(leaf, str) and _like(leaf, inner, begins, ends)
    return lambda leaf: _equals(leaf, text)


def _like(leaf: str, inner: str, begins: bool, ends: bool) -> bool:
    if begins:
        return leaf.startswith(inner)
    return leaf.endswith(inner) if ends else inner in leaf


def _equals(leaf: Any, text: str) -> bool:
    if isinstance(leaf, bool):
        return text == str(leaf).lower()
    if isinstance(leaf, int | float):
        return leaf == _number(text)
    return str(leaf) == text


def _within(leaf: Any, low: tuple[str, bool], high: tuple[str, bool]) -> bool:
    """Whether a leaf is between two bounds, each a text and whether it is inclusive."""
    read: Callable[[str], Any] = _number if isinstance(leaf, int | float) else _time
    value, first, last = read(str(leaf)), read(low[0]), read(high[0])
    if value is None or first is None or last is None:
        return False
    return bool((first < value or (low[1] and first == value)) and (value < last or (high[1] and value == last)))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
