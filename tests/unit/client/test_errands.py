"""What is asked of the server for calls of functions."""

import json

import pytest

from awed.client import AweExecutor, Client
from awed.client.batch import Batch
from awed.client.errands import Errands
from awed.client.functions import packed
from tests.unit.cli.fake import envelope, fake_server, job, task


def test_of_a_call_that_no_worker_can_run_one_is_warned() -> None:
    batch = Batch("squared", packed(len, [[(("x",), {})]]), 0, lambda _: None)
    told = {"place": "tasks[0].clientgroups", "text": "no worker is registered of group huge"}
    with fake_server() as server:
        server.raw(
            "POST /job", (200, json.dumps(json.loads(envelope(job(task("call")))) | {"warnings": [told]}).encode())
        )
        errands = Errands(Client(server.url).server, "huge", {}, "", lambda _: None, lambda: None)
        with pytest.warns(UserWarning, match=r"^squared: no worker is registered of group huge$"):
            errands.send(batch)
    assert batch.is_sent


def test_an_address_is_no_client() -> None:
    with pytest.raises(TypeError, match=r"must be an awed\.client\.Client, not 'http://h'"):
        AweExecutor("http://h")  # type: ignore[arg-type]
