"""Workers of both generations register and send heartbeats; their profiles are checked."""

import base64
import json
from typing import Any

import pytest

from awed.api.profile import read_heartbeat, read_profile
from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.states import ClientState
from tests.unit.workflow.documents import JOB_ID, NOW
from tests.unit.workflow.test_recorded import EXCHANGES

WORK = f"{JOB_ID}_0_0"
NEW_ID = "bd0f7434-ab07-404c-ae36-f538003811da"


def profile(**fields: object) -> tuple[Client, list[str]]:
    return read_profile(json.dumps(fields).encode(), now=NOW, new_id=lambda: NEW_ID)


def recorded(name: str) -> Any:
    return json.loads((EXCHANGES / name).read_bytes())["request"]


@pytest.mark.parametrize("name", ["v0.9.51/client_register_old_form.json", "head/client_register_new_form.json"])
def test_profiles_of_both_generations(name: str) -> None:
    sent = recorded(name)["parts"][0]["content"]
    client, held = read_profile(sent.encode(), now=NOW, new_id=lambda: NEW_ID)
    assert client.id == json.loads(sent)["id"]
    assert (client.name, client.group, client.cores, client.apps) == ("alpha", "grp", 2, ["*"])
    assert (client.regtime, client.status, held) == (NOW, ClientState.IDLE, [])


def test_a_client_without_id_gets_one() -> None:
    assert profile(id=None)[0].id == profile()[0].id == profile(id="")[0].id == NEW_ID


def test_work_in_both_forms() -> None:
    wrapped = "base64:" + base64.b64encode(WORK.encode()).decode()
    for work in ({WORK: True, "other_0_0": False}, {"data": [WORK]}, {"data": [wrapped]}, {"data": [WORK, "what?"]}):
        client, held = profile(current_work=work)
        assert held == [WORK]
        assert client.current_work == {}


@pytest.mark.parametrize("work", [None, {}, {"data": None}, {"data": []}])
def test_no_work(work: object) -> None:
    assert profile(current_work=work)[1] == []


def test_what_the_server_decides_is_ignored() -> None:
    client, _ = profile(Status="online", regtime="never", lastcompleted=5, serve_time="0", assigned_work=1, healthy=0)
    assert client == profile()[0]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"apps": "*"}, "apps: expected array, found string"),
        ({"apps": ["a", 1]}, "apps[1]: expected string, found integer"),
        ({"cores": "2"}, "cores: expected integer, found string"),
        ({"cores": -1}, "cores: must be at least 0"),
        ({"slots": 0}, "slots: must be at least 1"),
        ({"slots": 10_001}, "slots: must be at most 10000"),
        ({"total_failed": 2**70}, "total_failed: must be at most 9223372036854775807"),
        ({"current_work": [WORK]}, "current_work: expected object, found array"),
        ({"current_work": {"data": "x"}}, "current_work.data: expected boolean or array, found string"),
        ({"id": "a/b"}, 'id: "a/b" must have at most 100 characters and no blanks or slashes'),
        ({"id": 7}, "id: expected string, found integer"),
        ({"group": "x\0"}, "group: contains a NUL character"),
    ],
)
def test_wrong_profiles(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(Invalid) as refused:
        profile(**fields)
    assert refused.value.texts == [text]


def test_several_wrong_keys_together() -> None:
    with pytest.raises(Invalid) as refused:
        profile(cores="x", apps=5)
    assert refused.value.texts == ["apps: expected array, found integer", "cores: expected integer, found string"]


def test_no_json() -> None:
    with pytest.raises(Invalid) as refused:
        read_profile(b"", now=NOW, new_id=lambda: NEW_ID)
    assert refused.value.texts == ["malformed JSON: unexpected end (line 1, column 1)"]


def test_heartbeats() -> None:
    assert read_heartbeat(recorded("head/client_heartbeat_put.json")["body"].encode()) == []
    assert read_heartbeat(json.dumps({"busy": True, "current_work": {"data": [WORK]}}).encode()) == [WORK]
    assert read_heartbeat(b'{"busy": true, "current_work": null}') is read_heartbeat(b"{}") is None
    with pytest.raises(Invalid):
        read_heartbeat(b"[]")


def test_what_a_worker_offers_and_that_it_may_not_say_it() -> None:
    assert profile(resources={"cores": 2, "memory": "8G", "x": 1})[0].offers == {
        "cores": 2.0,
        "memory": 8 << 30,
        "x": 1,
    }
    assert profile(resources={})[0].offers == {}
    assert profile()[0].offers is None
    with pytest.raises(Invalid, match=r"resources\.memory"):
        profile(resources={"memory": -1})
