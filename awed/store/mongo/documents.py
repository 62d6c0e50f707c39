"""Records become MongoDB's documents.

A record is kept whole as the JSON that msgspec makes of it, in the field ``doc``: BSON cannot hold all that JSON can
(integers beyond 64 bits, any key), keeps times to the millisecond only, and a document ends at 16 MB. Other fields
exist to find it by; of jobs and tasks ``find`` has the document as BSON, so that every path can be asked for.

Every document has in ``n`` the number of the batch that wrote it.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from pymongo import UpdateOne

from awed.model.access import Account, GroupRecord
from awed.model.client import Client
from awed.model.ids import new_id
from awed.model.job import Job, Task
from awed.model.node import NodeRecord
from awed.model.records import JobRecord, Secret, TaskRecord
from awed.model.work import WorkRecord, WorkReport
from awed.store.document import DEPTH, bounded, sortable
from awed.store.mongo.database import Database, Document
from awed.store.readers import readers

VERSION = 1
"""Of the documents' form. One that is changed comes with code here that changes the documents of the last."""


async def prepare(database: Database) -> None:
    """Make the database ready. Raises :class:`ValueError` if it is of a newer awed."""
    found = await database.one("meta", {"_id": VERSION_KEY})
    if found is not None and found["version"] > VERSION:
        raise ValueError(f"the database has schema version {found['version']}, this awed knows up to {VERSION}")
    for name, kind in KINDS.items():
        if kind.indexes:
            await database.index(name, kind.indexes)
    (identity,) = documents("meta", f'["server_uuid", "{new_id()}"]')
    await database.write(
        "meta",
        [
            UpdateOne({"_id": identity.pop("_id")}, {"$setOnInsert": identity}, upsert=True),
            UpdateOne({"_id": VERSION_KEY}, {"$set": {"version": VERSION}}, upsert=True),
        ],
    )


PIECE = 3_000_000
"""Characters of JSON that fit in one document: at most 12 MB. What is more stands in further documents."""

SEARCHED = 1_000_000
"""Characters of JSON above which a record is not found by its content: as BSON it may be nine times as large."""


class Setting(Struct, array_like=True):
    """One entry of a batch's ``meta``."""

    key: str
    value: str


class Kind(NamedTuple):
    """How a collection's documents are made: the type of its records, the fields by which one is found (``_id`` the
    first of them), and the indexes."""

    record: Any
    fields: Callable[[Any], Document]
    indexes: list[dict[str, int]] = []


def documents(collection: str, text: str) -> Iterator[Document]:
    """The documents that hold a record, which is given as JSON. Nearly always it is one."""
    kind = KINDS[collection]
    fields = kind.fields(msgspec.json.decode(text, type=kind.record))
    if len(text) > SEARCHED:
        fields.pop("find", None)
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    yield {**fields, "doc": pieces[0], "pieces": len(pieces)}
    owners: Document = {name: fields[name] for name in ("job", "task") if name in fields}
    for number, piece in enumerate(pieces[1:], 1):
        yield {"_id": piece_id(fields["_id"], number), "of": fields["_id"], **owners, "doc": piece}


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


def _find(record: Job | Task) -> Any:
    return _searchable(msgspec.to_builtins(record))


def _job(record: JobRecord) -> Document:
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
        "_id": job.id,
        "state": job.state.value,
        "readers": readers(record.acl),
        "times": {name: sortable(moment) for name, moment in times.items()},
        "find": _find(job),
    }


def _task(record: TaskRecord) -> Document:
    task = record.task
    return {"_id": f"{task.jobid}/{record.index}", "job": task.jobid, "position": record.index, "find": _find(task)}


def _work(record: WorkRecord) -> Document:
    return {"_id": record.wuid, "job": record.jobid}


def _report(record: WorkReport) -> Document:
    return {"_id": record.wuid, "job": record.jobid, "task": record.taskid, "rank": record.rank}


def _secret(record: Secret) -> Document:
    return {"_id": record.key, "job": record.jobid}


def _client(record: Client) -> Document:
    return {"_id": record.id}


def _group(record: GroupRecord) -> Document:
    return {"_id": record.group.id}


def _account(record: Account) -> Document:
    return {"_id": record.name, "token_hash": record.token_hash}


def _node(record: NodeRecord) -> Document:
    return {"_id": record.node.id}


def _setting(record: Setting) -> Document:
    return {"_id": record.key}


_INDEXED_INFO = ("name", "pipeline", "clientgroups", "project", "service", "user", "priority", "userattr.submission")

KINDS = {
    "tasks": Kind(TaskRecord, _task, [{"job": 1, "position": 1}]),
    "work": Kind(WorkRecord, _work, [{"job": 1}]),
    "reports": Kind(WorkReport, _report, [{"job": 1, "task": 1, "rank": 1}, {"task": 1}]),
    "secrets": Kind(Secret, _secret, [{"job": 1}]),
    "jobs": Kind(
        JobRecord,
        _job,
        [
            {"readers": 1, "state": 1, "times.updatetime": -1, "_id": -1},
            {"readers": 1, "times.updatetime": -1, "_id": -1},
            {"state": 1, "times.expiration": 1},
            {"times.submittime": 1},
            {"times.completedtime": 1},
            {"of": 1},
            *({f"find.info.{name}": 1} for name in _INDEXED_INFO),
        ],
    ),
    "clients": Kind(Client, _client, [{"of": 1}]),
    "groups": Kind(GroupRecord, _group),
    "accounts": Kind(Account, _account, [{"token_hash": 1}]),
    "nodes": Kind(NodeRecord, _node, [{"of": 1}]),
    "meta": Kind(Setting, _setting),
}
"""Every collection that holds records."""

FENCE_KEY, LEASE_KEY, VERSION_KEY = 0, 1, 2
"""Keys of what is no record: each collection has a fence, ``meta`` the lease and the schema's version besides."""

RECORDS = {"_id": {"$gte": ""}}
"""Matches records alone: their keys are texts, those of further pieces, fences and the lease are not."""
