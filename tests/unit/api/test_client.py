"""``/client``: what the API itself does, without the scheduler's rules."""

import pytest

from tests.unit.api.served import Served, data, fault

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


def test_a_worker_is_told_its_record_and_who_the_server_is(served: Served) -> None:
    client = served.register(id="c1", name="alpha", group="g")
    assert list(client)[-3:] == ["server_uuid", "heartbeat_limit", "max_log"]
    assert (client["id"], client["name"], client["Status"]) == ("c1", "alpha", "active-idle")
    assert client["server_uuid"] == served.engine.server_uuid
    shown = data(served.call("GET", "/client/c1"))
    told = {"server_uuid": client["server_uuid"], "heartbeat_limit": 30.0, "max_log": 1000, "current_work": {}}
    assert {key: value for key, value in (shown | told).items() if key in client} == client


@pytest.mark.parametrize(
    ("files", "text"),
    [(None, "Profile file not provided"), ({"other": "{}"}, "Profile file not provided"), ({"profile": "{"}, "")],
)
def test_what_is_no_registration(served: Served, files: dict[str, str | bytes] | None, text: str) -> None:
    assert fault(served.call("POST", "/client", files)).startswith(f"Error in registering new client: {text}")


def test_lists(served: Served) -> None:
    served.register(id="c1", group="g1", apps=["sort"])
    served.register(id="c2", group="g2")
    served.submit(JOB)
    served.call("GET", "/work?client=c2")

    def found(query: str) -> list[str]:
        return [client["id"] for client in data(served.call("GET", f"/client?{query}"))]

    assert found("") == ["c1", "c2"]
    assert found("busy") == ["c2"]
    assert found("group=g1") == ["c1"]
    assert found("status=active-busy") == found("status=busy") == ["c2"]
    assert found("status=idle") == ["c1"]
    assert found("app=sort") == ["c1"]
    assert found("group=g1&status=busy") == []


def test_a_worker_is_shown_as_every_generation_reads_it(served: Served) -> None:
    """Programs of v0.9.51 look for keys with the value true, those of the last development version for a list."""
    client = served.register(id="c1")
    assert client["current_work"] == {}
    assert "data" not in client["current_work"]
    idle = data(served.call("GET", "/client/c1"))
    assert idle["current_work"] == {"data": []}
    assert [idle[key] for key in ("online", "busy", "suspended")] == [True, False, False]
    wuid = f"{served.submit(JOB)['id']}_0_0"
    served.call("GET", "/work?client=c1")
    [busy] = data(served.call("GET", "/client"))
    assert busy["current_work"] == {wuid: True, "data": [wuid]}
    assert [busy[key] for key in ("online", "busy", "suspended")] == [True, True, False]
    served.call("PUT", "/client/c1?suspend")
    aside = data(served.call("GET", "/queue?client", user="root"))["c1"]
    assert [aside[key] for key in ("online", "busy", "suspended")] == [True, False, True]


def test_the_list_is_by_name_and_id_whoever_spoke_last(served: Served) -> None:
    for client_id, name in (("1", "b"), ("3", "a"), ("2", "a")):
        served.register(id=client_id, name=name)
    for last in ("2", "1", "3"):
        served.call("GET", f"/client/{last}?heartbeat")
        assert [client["id"] for client in data(served.call("GET", "/client"))] == ["2", "3", "1"]


@pytest.mark.parametrize(
    ("method", "query"), [("GET", ""), ("GET", "?heartbeat"), ("PUT", "?suspend"), ("DELETE", "")]
)
def test_an_unknown_worker(served: Served, method: str, query: str) -> None:
    assert fault(served.call(method, f"/client/unknown{query}")) == "Client not found"


def test_heartbeats_in_both_forms(served: Served) -> None:
    served.register(id="c1")
    beat = {"server-uuid": served.engine.server_uuid}
    body = b'{"healthy": true, "error_message": "", "busy": false, "current_work": {"data": []}}'
    assert data(served.call("GET", "/client/c1?heartbeat")) == beat
    assert data(served.call("PUT", "/client/c1?heartbeat", body=body)) == beat
    assert data(served.call("PUT", "/client/c1?heartbeat")) == beat


def test_a_heartbeat_tells_what_to_throw_away(served: Served) -> None:
    served.register(id="c1")
    job_id = served.submit(JOB)["id"]
    served.call("GET", "/work?client=c1")
    served.call("DELETE", f"/job/{job_id}")
    assert data(served.call("GET", "/client/c1?heartbeat"))["discard"] == f"{job_id}_0_0"


@pytest.mark.parametrize("body", [b"{", b"[" * 100000, b'{"current_work": 3}', b"\xff"])
def test_a_heartbeat_that_is_no_json(served: Served, body: bytes) -> None:
    served.register(id="c1")
    assert served.call("PUT", "/client/c1?heartbeat", body=body).status == 400


def test_operations(served: Served) -> None:
    served.register(id="c1")
    assert data(served.call("PUT", "/client/c1?suspend")) == "client suspended"
    assert data(served.call("GET", "/client?status=suspend"))[0]["id"] == "c1"
    assert fault(served.call("GET", "/work?client=c1")) == "Client suspended"
    assert data(served.call("PUT", "/client/c1?resume")) == "client resumed"
    assert fault(served.call("PUT", "/client/c1?resume")) == "Client not suspended"
    assert data(served.call("PUT", "/client?suspendall")) == "1 clients suspended"
    assert data(served.call("PUT", "/client?resumeall")) == "1 suspended clients resumed"
    assert data(served.call("PUT", "/client/c1?subclients=3")) == "ok"
    assert data(served.call("GET", "/client/c1"))["subclients"] == 3
    assert fault(served.call("PUT", "/client/c1?subclients=x")).startswith("subclients must be")
    assert data(served.call("DELETE", "/client/c1")) == "client deleted"
    assert fault(served.call("PUT", "/client"), 501) == "Not Implemented"
    assert fault(served.call("DELETE", "/client"), 501) == "Not Implemented"


def test_a_worker_with_a_token_acts_for_its_own_group_alone(served: Served) -> None:
    profile = {"profile": b'{"id": "c1", "group": "g", "apps": ["*"]}'}
    text = "Clientgroup name in token does not match that in the client."
    assert (
        fault(served.call("POST", "/client", profile, user="group h")) == f"Error in registering new client: {text}"
    )
    assert served.call("POST", "/client", profile, user="group g").status == 200
    job_id = served.submit(JOB)["id"]
    calls = [
        ("GET", "/work?client=c1"),
        ("GET", f"/work/{job_id}_0_0?datatoken&client=c1"),
        ("GET", f"/work/{job_id}_0_0?privateenv&client=c1"),
        ("PUT", f"/work/{job_id}_0_0?status=done&client=c1"),
        ("GET", "/client/c1?heartbeat"),
        ("PUT", "/client/c1?heartbeat"),
        ("DELETE", "/client/c1"),
    ]
    for method, path in calls:
        assert fault(served.call(method, path, user="group h")) == "Client not found"
        assert served.call(method, path, user="group g").status == 200


def test_nobody_takes_over_a_worker_of_a_group_that_is_not_theirs(served: Served) -> None:
    """Who registers under the id of a worker holds its work, and may ask for the secrets of that."""
    data(served.call("POST", "/cgroup/own", user="alice"))
    profile = {"profile": b'{"id": "c1", "group": "own", "apps": ["*"]}'}
    assert served.call("POST", "/client", profile, user="group own").status == 200
    elsewhere = {"profile": b'{"id": "c1", "group": "any", "apps": ["*"]}'}
    for stranger in ("", "bob", "group any"):
        assert served.call("POST", "/client", elsewhere, user=stranger).status in (400, 401)
    assert data(served.call("GET", "/client/c1", user="alice"))["group"] == "own"
    moved = data(served.call("POST", "/client", elsewhere, user="alice"))
    assert moved["group"] == "any"


def test_a_workers_token_is_for_a_workers_calls(served: Served) -> None:
    for path in ("/job", "/client", "/work", "/client/c1"):
        assert served.call("GET", path, user="group g").status == 401


def test_workunits_of_a_worker_are_named_to_readers_of_their_jobs(served: Served) -> None:
    served.register(id="c1", slots=2)
    jobs = {user: served.submit(JOB, user=user)["id"] for user in ("ann", "")}
    for _ in jobs:
        served.call("GET", "/work?client=c1")
    shown = {"ann": list(jobs.values()), "bob": [jobs[""]], "": [jobs[""]], "root": list(jobs.values())}
    for user, visible in shown.items():
        (listed,) = data(served.call("GET", "/client", user=user))
        assert listed == data(served.call("GET", "/client/c1", user=user))
        assert sorted(listed["current_work"].pop("data")) == sorted(listed["current_work"])
        assert sorted(listed["current_work"]) == sorted(f"{job_id}_0_0" for job_id in visible)
        assert (listed["busy"], listed["Status"]) == (True, "active-busy")
    for unit in (f"{jobs['ann']}_0_0", f"{jobs['']}_0_0"):
        served.call("PUT", f"/work/{unit}?status=fail&client=c1")
    assert data(served.call("GET", "/client/c1", user="bob"))["skip_work"] == [f"{jobs['']}_0_0"]
    assert len(data(served.call("GET", "/client/c1", user="ann"))["skip_work"]) == 2
