"""What a batch writes into each collection, in a form that can be kept and done again."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct
from pymongo import DeleteMany

from awed.model.records import Batch
from awed.store.mongo.database import Document
from awed.store.mongo.documents import documents


class Write(Struct, array_like=True):
    """Into one collection: *gone*, pairs of a field and the value that a document has there, then *records*, each as
    JSON."""

    collection: str
    gone: list[tuple[str, str]] = []
    records: list[str] = []


def encode(batch: Batch) -> list[Write]:
    """What *batch* writes; nothing of it is shared with the batch."""
    of_gone_jobs = [("job", id) for id in batch.gone_jobs]
    writes = [
        Write("tasks", of_gone_jobs, _texts(batch.tasks)),
        Write("work", [*of_gone_jobs, *_keys(batch.gone_work)], _texts(batch.work)),
        Write("reports", [*of_gone_jobs, *(("task", id) for id in batch.gone_reports)], _texts(batch.reports)),
        Write("secrets", of_gone_jobs, _texts(batch.secrets)),
        Write("jobs", _keys(batch.gone_jobs, pieces=True), _texts(batch.jobs)),
        Write("clients", _keys(batch.gone_clients, pieces=True), _texts(batch.clients)),
        Write("groups", _keys(batch.gone_groups), _texts(batch.groups)),
        Write("accounts", _keys(batch.gone_accounts), _texts(batch.accounts)),
        Write("nodes", _keys(batch.gone_nodes, pieces=True), _texts(batch.nodes)),
        Write("meta", [], _texts(list(batch.meta.items()))),
    ]
    return [write for write in writes if write.gone or write.records]


def removals(write: Write, number: int) -> list[DeleteMany]:
    """What batch *number* removes: only what earlier batches wrote, so that a removal that comes late takes nothing
    of a later one."""
    return [DeleteMany({name: value, "n": {"$lt": number}}) for name, value in write.gone]


def additions(write: Write, number: int) -> Iterator[Document]:
    """The documents that batch *number* writes."""
    for text in write.records:
        for document in documents(write.collection, text):
            yield {**document, "n": number}


def _keys(ids: Sequence[str], pieces: bool = False) -> list[tuple[str, str]]:
    """The documents with these keys, and their further pieces, if they may have some that belong to no job."""
    return [(name, id) for id in ids for name in (("_id", "of") if pieces else ("_id",))]


def _texts(records: Sequence[object]) -> list[str]:
    return [_encoder.encode(record).decode() for record in records]


_encoder = msgspec.json.Encoder()
