"""Records become MongoDB's documents.

A record is kept whole as the JSON that msgspec makes of it, in the field ``doc``: BSON cannot hold all that JSON can
(integers beyond 64 bits, any key), keeps times to the millisecond only, and a document ends at 16 MB. Other fields
exist to find it by; of jobs and tasks ``find`` has the document as BSON, so that every path can be asked for.

Every document has in ``n`` the number of the batch that wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from awed.model.job import Job, Task
from awed.model.records import KINDS, JobRecord, Kind, TaskRecord
from awed.store.document import DEPTH, bounded, sortable
from awed.store.mongo.database import Document
from awed.store.readers import readers

PIECE = 3_000_000
"""Characters of JSON that fit in one document: at most 12 MB. What is more stands in further documents."""

SEARCHED = 1_000_000
"""Characters of JSON above which a record is not found by its content: as BSON it may be nine times as large."""


class Setting(Struct, array_like=True):
    """One entry of a batch's ``meta``."""

    key: str
    value: str


SETTINGS = Kind("meta", Setting, {"id": attrgetter("key")}, gone={})

COLLECTIONS: dict[str, Kind[Any]] = {kind.name: kind for kind in (*KINDS, SETTINGS)}
"""Every collection that holds records, and of which kind."""


def place(fields: Mapping[str, Any]) -> Document:
    """Fields of records, as documents have them."""
    return {"_id" if name == "id" else name: value for name, value in fields.items()}


def later(rest: Sequence[str], after: Sequence[str | int]) -> Document:
    """Those that have more than *after* in the fields *rest*, of which the first differences count."""
    if not after:
        return {}
    names = ["_id" if name == "id" else name for name in rest]
    same = [dict(zip(names[:place], after, strict=False)) for place in range(len(names))]
    arms = [{**equal, name: {"$gt": value}} for equal, name, value in zip(same, names, after, strict=True)]
    return arms[0] if len(arms) == 1 else {"$or": arms}


def documents(collection: str, text: str) -> Iterator[Document]:
    """The documents that hold a record, which is given as JSON. Nearly always it is one."""
    kind = COLLECTIONS[collection]
    record = kind.decode(text)
    fields = place({name: field(record) for name, field in kind.fields.items()})
    fields |= {"_id": kind.id(record), **_more(record)}
    if len(text) > SEARCHED:
        fields.pop("find", None)
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    yield {**fields, "doc": pieces[0], "pieces": len(pieces)}
    owners = {name: fields[name] for name in kind.gone.values() if name != "id"}
    for number, piece in enumerate(pieces[1:], 1):
        yield {"_id": piece_id(fields["_id"], number), "of": fields["_id"], **owners, "doc": piece}


def removed(kind: Kind[Any], field: str, id: str) -> list[tuple[str, str]]:
    """What the documents of records have that go because *field* is *id*, as pairs of a name and a value."""
    if field != "id":
        return [(field, id)]
    # What is a job's needs but one document where it can go without its job.
    return [("_id", id)] if kind.job == "job" else [("_id", id), ("of", id)]


def piece_id(key: str, number: int) -> Document:
    """The key of a further document of the record *key*, from 1. It is no text, as those of records are."""
    return {"of": key, "piece": number}


def field(part: str) -> str:
    """A name in a document as it stands in ``find``, where a dollar in front would be an operator."""
    return "\uff04" + part[1:] if part.startswith("$") else part


def _searchable(value: Any, depth: int = 0) -> Any:
    """What BSON can hold of a JSON value, and a path can lead to."""
    if isinstance(value, dict):
        if depth == DEPTH:
            return None
        return {
            field(name): _searchable(inner, depth + 1)
            for name, inner in value.items()
            if "." not in name and "\0" not in name
        }
    if isinstance(value, list):
        return None if depth == DEPTH else [_searchable(inner, depth + 1) for inner in value]
    return bounded(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _more(record: object) -> Document:
    """What documents of jobs and tasks have besides, for searches."""
    if isinstance(record, TaskRecord):
        return {"find": _find(record.task)}
    if not isinstance(record, JobRecord):
        return {}
    job, info = record.job, record.job.info
    times = {
        "updatetime": job.updatetime,
        "expiration": job.expiration,
        "submittime": info.submittime,
        "startedtime": info.startedtime,
        "completedtime": info.completedtime,
        "start_at": info.start_at,
    }
    return {
        "state": job.state.value,
        "readers": readers(record.acl),
        "times": {name: sortable(moment) for name, moment in times.items()},
        "find": _find(job),
    }


def _find(record: Job | Task) -> Any:
    return _searchable(msgspec.to_builtins(record))


def order(kind: Kind[Any]) -> list[tuple[str, int]]:
    """The order of records, for which there is an index: parts of a job by its fields but the id, all else by id."""
    return [(name, 1) for name in kind.key if name != "id"] or [("_id", 1)]


FENCE_KEY, LEASE_KEY, VERSION_KEY = 0, 1, 2
"""Keys of what is no record: each collection has a fence, ``meta`` the lease and the schema's version besides."""

RECORDS = {"_id": {"$gte": ""}}
"""Matches records alone: their keys are texts, those of further pieces, fences and the lease are not."""
