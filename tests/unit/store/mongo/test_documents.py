"""Records as MongoDB's documents: what can be searched, and that every one fits."""

import bson
import msgspec
import pytest

from awed.model.records import Batch
from awed.store.mongo.documents import PIECE, documents
from awed.store.mongo.writer import Write, additions, encode, removals
from tests.unit.store.records import at, job, node, report, task, work

LARGEST = 16 * 1024 * 1024


def json(record: object) -> str:
    return msgspec.json.encode(record).decode()


def test_a_record_is_kept_whole() -> None:
    record = job("a", name="n", updated=0.5, read=("ann",))
    (document,) = documents("jobs", json(record))
    assert msgspec.json.decode(document["doc"], type=type(record)) == record
    assert document["_id"] == "a"
    assert document["readers"] == ["all", "@ann", "@joe"]
    assert document["times"]["updatetime"] == "2026-01-01T00:00:00.500000"
    assert document["find"]["info"]["name"] == "n"


def test_all_that_bson_can_hold_is_found() -> None:
    attributes = {
        "$x": {"$y": 1},
        "a.b": 1,
        "a\0": 1,
        "big": 10**30,
        "small": -(2**63),
        "yes": True,
        "l": [10**30],
    }
    (document,) = documents("tasks", json(with_attributes(attributes)))
    assert document["find"]["userattr"] == {
        "\uff04x": {"\uff04y": 1},
        "big": 1e30,
        "small": -(2**63),
        "yes": True,
        "l": [1e30],
    }
    bson.encode(document)


def test_what_is_deeper_than_anyone_asks_is_not_searched() -> None:
    deep: dict[str, object] = {}
    for _ in range(400):
        deep = {"d": [deep]}
    (document,) = documents("tasks", json(with_attributes(deep)))
    bson.encode(document)


@pytest.mark.parametrize(
    ("value", "characters"),
    [
        (0, 900_000),  # all of it can be searched
        ("", 900_000),
        ([], 900_000),
        ("\U0001f9ec" * 10, 900_000),
        (0, 3_500_000),  # none of it, and it is stored in pieces
        ("\U0001f9ec" * 10, 3_500_000),
    ],
)
def test_every_document_fits(value: object, characters: int) -> None:
    """MongoDB takes documents up to 16 MB; a stranger's must not be one that cannot be stored."""
    record = with_attributes({"x": [value] * (characters // (len(json(value)) + 1))})
    found = list(documents("tasks", json(record)))
    assert max(len(bson.encode(document)) for document in found) < LARGEST
    assert "".join(document["doc"] for document in found) == json(record)


def test_further_pieces_know_whose_they_are() -> None:
    first, second = documents("reports", json(report("a", 0, stdout="x" * PIECE)))
    assert first["pieces"] == 2
    assert (second["of"], second["job"], second["task"]) == ("a_0_0", "a", "a_0")
    assert not isinstance(second["_id"], str)


def test_nothing_of_a_batch_is_shared() -> None:
    record = job("a", name="before")
    (write,) = encode(Batch(jobs=[record]))
    record.job.info.name = "after"
    (document,) = additions(write, 5)
    assert document["find"]["info"]["name"] == "before"
    assert document["n"] == 5


def test_a_batch_survives_the_log() -> None:
    batch = Batch(jobs=[job("a", submittime=at(1))], work=[work("a", 0)], gone_jobs=["b"], meta={"k": "v"})
    writes = encode(batch)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(writes), type=list[Write]) == writes


def test_removals_take_only_what_earlier_batches_wrote() -> None:
    writes = encode(Batch(nodes=[node("n")], gone_nodes=["n"]))
    assert [request._filter for request in removals(writes[0], 5)] == [
        {"_id": "n", "n": {"$lt": 5}},
        {"of": "n", "n": {"$lt": 5}},
    ]


def with_attributes(attributes: dict[str, object]) -> object:
    record = task("a", 0)
    record.task.userattr = attributes
    return record
