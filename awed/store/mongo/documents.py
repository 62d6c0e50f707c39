"""The MongoDB documents of records.

A record is kept whole, as JSON made by msgspec, in the field ``doc``: BSON cannot hold all that JSON can (integers
beyond 64 bits, any key), has times to the millisecond only, and limits a document to 16 MB. The other fields are for
finding it; those of jobs and tasks also have their document as BSON in ``find``, so that any path can be searched.

Every document has in ``n`` the number of the batch that wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from awed.model.job import Job, Task
from awed.model.records import KINDS, JobRecord, Kind, TaskRecord
from awed.store.document import DEPTH, FILE_LISTS, bounded, sortable
from awed.store.mongo.database import Document
from awed.store.readers import readers

PIECE = 3_000_000
"""Characters of JSON in one document, at most 12 MB. A longer record is continued in further documents."""

SEARCHED = 1_000_000
"""Characters of JSON above which a record is found only by what is short in it (:func:`_brief`), as ``find`` may take
nine times as many bytes."""

SHORT = 1000
"""Characters of a text, or members of an object, by which such a record is found."""


class Setting(Struct, array_like=True):
    """An entry of a batch's ``meta``."""

    key: str
    value: str


SETTINGS = Kind("meta", Setting, {"id": attrgetter("key")}, gone={})
"""The kind of the settings, which MongoDB has in a collection like those of records."""

COLLECTIONS: dict[str, Kind[Any]] = {kind.name: kind for kind in (*KINDS, SETTINGS)}
"""Every collection that has records, with their kind."""


def place(fields: Mapping[str, Any]) -> Document:
    """Fields of records by their names in documents, where the id is ``_id``."""
    return {"_id" if name == "id" else name: value for name, value in fields.items()}


def later(rest: Sequence[str], after: Sequence[str | int]) -> Document:
    """A filter for the documents after *after* in the order of the fields *rest*; for all if *after* is empty."""
    if not after:
        return {}
    names = ["_id" if name == "id" else name for name in rest]
    same = [dict(zip(names[:place], after, strict=False)) for place in range(len(names))]
    arms = [{**equal, name: {"$gt": value}} for equal, name, value in zip(same, names, after, strict=True)]
    return arms[0] if len(arms) == 1 else {"$or": arms}


def documents(collection: str, text: str) -> Iterator[Document]:
    """The documents of a record, which is given as JSON. There are several only if it is longer than PIECE."""
    kind = COLLECTIONS[collection]
    record = kind.decode(text)
    fields = place({name: field(record) for name, field in kind.fields.items()})
    fields |= {"_id": kind.id(record), **_more(record)}
    if len(text) > SEARCHED and "find" in fields:
        fields["find"] = _brief(fields["find"])
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    yield {**fields, "doc": pieces[0], "pieces": len(pieces)}
    owners = {name: fields[name] for name in kind.gone.values() if name != "id"}
    for number, piece in enumerate(pieces[1:], 1):
        yield {"_id": piece_id(fields["_id"], number), "of": fields["_id"], **owners, "doc": piece}


def removed(kind: Kind[Any], field: str, id: str) -> list[tuple[str, str]]:
    """Filters for the documents of the records whose *field* is *id*, which are deleted: pairs of name and value."""
    if field != "id":
        return [(field, id)]
    # Parts of a job that are deleted by their own id are small, and have one document.
    return [("_id", id)] if kind.job == "job" else [("_id", id), ("of", id)]


def piece_id(key: str, number: int) -> Document:
    """The key of a further document (numbered from 1) of the record *key*. Unlike keys of records it is no text."""
    return {"of": key, "piece": number}


def field(part: str) -> str:
    """A name in ``find``: a dollar at its begin, which would make it an operator, is replaced by a fullwidth one."""
    return "\uff04" + part[1:] if part.startswith("$") else part


def _searchable(value: Any, depth: int = 0) -> Any:
    """The part of a JSON value that BSON can hold and a path can lead to."""
    if isinstance(value, dict):
        if depth == DEPTH:
            return None
        return {
            field(name): _searchable(inner, depth + 1)
            for name, inner in value.items()
            if "." not in name and "\0" not in name
        }
    if isinstance(value, list):
        return [_searchable(inner) for inner in value if not isinstance(inner, dict | list)]
    return bounded(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _find(record: Job | Task) -> Document:
    document = msgspec.to_builtins(record)
    found: Document = _searchable(document)
    # Through no other lists does a path lead.
    found |= {name: [_searchable(file, 2) for file in document[name]] for name in FILE_LISTS & document.keys()}
    return found


def _brief(found: Document, depth: int = 2) -> Document:
    """What is short in a searchable document, down to the attributes of a job."""
    brief: Document = {}
    for name, value in found.items():
        if isinstance(value, dict):
            if depth and len(value) <= SHORT:
                brief[name] = _brief(value, depth - 1)
        elif not isinstance(value, list) and not (isinstance(value, str) and len(value) > SHORT):
            brief[name] = value
    return brief


def _more(record: object) -> Document:
    """The fields that only documents of jobs and tasks have, for searches."""
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
        "owner": record.acl.owner,
        "readers": readers(record.acl),
        "times": {name: sortable(moment) for name, moment in times.items()},
        "find": _find(job),
    }


def order(kind: Kind[Any]) -> list[tuple[str, int]]:
    """The order of records of a kind, for which there is an index: by the key, for parts of a job without the id."""
    return [(name, 1) for name in kind.key if name != "id"] or [("_id", 1)]


FENCE_KEY, LEASE_KEY, VERSION_KEY = 0, 1, 2
"""Keys of documents that are no records: each collection has a fence; ``meta`` also has the lease and the version."""

RECORDS = {"_id": {"$gte": ""}}
"""A filter for the first documents of records, whose keys are texts, unlike those of all other documents."""
