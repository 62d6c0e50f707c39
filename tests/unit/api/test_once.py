"""The header ``Idempotency-Key``."""

import msgspec
import pytest

from awed.model.ids import new_id
from tests.unit.api.served import Served, data, fault
from tests.unit.web.wire import Reply

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}, "arg": 1}]}
FINISHED = {"id": new_id(), "state": "completed", "info": {"name": "n"}, **JOB}


def submit(served: Served, key: str, part: str = "upload", token: str = "", document: object = JOB) -> Reply:
    headers = {"Idempotency-Key": key, **({"Datatoken": token} if token else {})}
    return served.call("POST", "/job", {part: msgspec.json.encode(document)}, headers=headers)


@pytest.mark.parametrize(("part", "document"), [("upload", JOB), ("import", FINISHED)])
def test_a_repeated_request_gets_the_same_answer_and_is_told_that_it_is_one(
    served: Served, part: str, document: object
) -> None:
    first, second = (submit(served, "k", part, document=document) for _ in range(2))
    assert first.json == second.json
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(data(served.call("GET", "/job"))) == 1


def test_another_document_or_data_token_is_another_request(served: Served) -> None:
    job = data(submit(served, "k"))["id"]
    assert job in fault(submit(served, "k", document={**JOB, "info": {"name": "other"}}), 422)
    assert job in fault(submit(served, "k", token="t"), 422)


@pytest.mark.parametrize("key", ["", "a b", "\u00e9", 256 * "x"])
def test_what_is_no_key_is_refused(served: Served, key: str) -> None:
    assert "1 to 255 visible ASCII characters" in fault(submit(served, key))
    assert data(submit(served, 255 * "~"))
