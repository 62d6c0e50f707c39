"""``/work``: what the API itself does, without the scheduler's rules."""

import base64
from typing import Any

import msgspec
import pytest
from twisted.internet.error import ConnectionDone
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from awed.model.attempts import Cause
from tests.unit.api.served import MAX_LOG, Served, data, fault
from tests.unit.web.wire import parse

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}
SECRET = {"tasks": [{"taskid": "0", "cmd": {"name": "x", "environ": {"private": {"K": "ä\n"}}}}]}


@pytest.fixture
def job_id(served: Served) -> str:
    return str(served.submit(JOB)["id"])


@pytest.fixture
def client(served: Served) -> str:
    return str(served.register(id="c1")["id"])


def checkout(served: Served, client: str) -> dict[str, Any]:
    found: dict[str, Any] = data(served.call("GET", f"/work?client={client}"))
    return found


def test_a_workunit_is_handed_out_once(served: Served, job_id: str, client: str) -> None:
    work = checkout(served, client)
    assert (work["wuid"], work["state"], work["client"], work["attempt"]) == (f"{job_id}_0_0", "reserved", client, 1)
    assert data(served.call("GET", f"/work/{job_id}_0_0"))["state"] == "checkout"
    other = served.register(id="c2")["id"]
    assert fault(served.call("GET", f"/work?client={other}")) == "Server queue is empty"


def test_refusals_that_workers_compare(served: Served, client: str) -> None:
    assert fault(served.call("GET", "/work?client=unknown")) == "Client not found"
    assert fault(served.call("GET", "/work?client=")) == "Client not found"
    assert fault(served.call("GET", f"/work?client={client}")) == "Server queue is empty"
    served.submit(JOB)
    served.submit(JOB)
    checkout(served, client)
    assert fault(served.call("GET", f"/work?client={client}")) == "Client busy"


def test_head_takes_no_work(served: Served, job_id: str, client: str) -> None:
    assert served.call("HEAD", f"/work?client={client}").status == 200
    assert checkout(served, client)["jobid"] == job_id


@pytest.mark.parametrize("more", ["available=x", "available=-1", "wait=x", "wait=nan", "walltime=x", "walltime=-1"])
def test_wrong_parameters_of_a_checkout(served: Served, client: str, more: str) -> None:
    assert more.partition("=")[0] in fault(served.call("GET", f"/work?client={client}&{more}"))


def test_a_client_that_leaves_soon_gets_no_long_work(served: Served, client: str) -> None:
    long = {"tasks": [{"taskid": "0", "cmd": {"name": "app"}, "walltime": 600}]}
    job_id = served.submit(long)["id"]
    assert fault(served.call("GET", f"/work?client={client}&walltime=599")) == "No eligible workunit found"
    work = data(served.call("GET", f"/work?client={client}&walltime=600"))
    assert (work["jobid"], work["walltime"]) == (job_id, 600)


def test_an_empty_available_says_nothing(served: Served, job_id: str, client: str) -> None:
    assert data(served.call("GET", f"/work?client={client}&available="))["jobid"] == job_id


def test_a_checkout_may_wait_for_work(served: Served, client: str) -> None:
    connection, transport = served.connect()
    connection.dataReceived(f"GET /work?client={client}&wait=5 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert transport.value() == b""
    job_id = served.submit(JOB)["id"]
    assert data(parse(transport.value()))["jobid"] == job_id


def test_a_checkout_that_waited_in_vain(served: Served, client: str) -> None:
    connection, transport = served.connect()
    connection.dataReceived(f"GET /work?client={client}&wait=5 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    served.clock.advance(5)
    assert fault(parse(transport.value())) == "Server queue is empty"


def test_who_went_away_while_waiting_gets_no_work(served: Served, client: str) -> None:
    connection, _ = served.connect()
    connection.dataReceived(f"GET /work?client={client}&wait=5 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    connection.connectionLost(Failure(ConnectionDone()))
    job_id = served.submit(JOB)["id"]
    assert data(served.call("GET", f"/work/{job_id}_0_0"))["state"] == "queued"


def test_ids_may_come_in_base64(served: Served, job_id: str) -> None:
    wrapped = base64.b64encode(f"{job_id}_0_0".encode()).decode()
    assert data(served.call("GET", f"/work/base64:{wrapped}"))["jobid"] == job_id


@pytest.mark.parametrize("work_id", ["x", "a_b", "a_b_c_d", "base64:???", "a_b_c"])
def test_what_is_no_workunits_id(served: Served, work_id: str) -> None:
    for method in ("GET", "PUT"):
        assert fault(served.call(method, f"/work/{work_id.replace('?', '%3F')}")) == f"invalid work id: {work_id}"


def test_an_unknown_workunit(served: Served) -> None:
    assert fault(served.call("GET", "/work/a_b_0")) == "no workunit found with id a_b_0"


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_report_ends_the_work(served: Served, job_id: str, client: str, method: str) -> None:
    work_id = checkout(served, client)["wuid"]
    files: dict[str, str | bytes] = {
        "stdout": "out",
        "stderr": b"\xff",
        "worknotes": "note",
        "perf": '{"runtime": 2}',
    }
    reply = served.call(method, f"/work/{work_id}?status=done&client={client}&computetime=3&report", files)
    assert data(reply) == "ok"
    job = data(served.call("GET", f"/job/{job_id}"))
    assert (job["state"], job["tasks"][0]["computetime"]) == ("completed", 3)
    assert data(served.call("GET", f"/work/{work_id}?report=stdout")) == "out"
    assert data(served.call("GET", f"/work/{work_id}?report=stderr")) == "\N{REPLACEMENT CHARACTER}"
    assert data(served.call("GET", f"/work/{work_id}?report=worknotes")) == "note"
    assert data(served.call("GET", f"/job/{job_id}?perf"))["work_stats"][work_id]["runtime"] == 2


def test_of_a_long_log_the_end_is_kept(served: Served, job_id: str, client: str) -> None:
    work_id = checkout(served, client)["wuid"]
    reply = served.call("PUT", f"/work/{work_id}?status=done&client={client}", {"stdout": "a" * MAX_LOG + "the end"})
    assert data(reply) == "ok"
    log = data(served.call("GET", f"/work/{work_id}?report=stdout"))
    assert (len(log), log[-8:]) == (MAX_LOG, "athe end")


def test_a_report_without_a_body(served: Served, job_id: str, client: str) -> None:
    work_id = checkout(served, client)["wuid"]
    assert data(served.call("PUT", f"/work/{work_id}?status=done&client={client}")) == "ok"
    assert data(served.call("GET", f"/job/{job_id}"))["state"] == "completed"


def test_notes_stand_in_for_worknotes(served: Served, job_id: str, client: str) -> None:
    work_id = checkout(served, client)["wuid"]
    served.call("PUT", f"/work/{work_id}?status=fail&client={client}", {"notes": "why"})
    assert data(served.call("GET", f"/work/{work_id}?report=worknotes")) == "why"


@pytest.mark.parametrize(
    "perf",
    ["{", "[]", "[" * 100000, b"\xff", '{"a": [1]}', '{"a": %s}' % ("9" * 30), '{"a": 1e400}', b'{"a": "\xff"}'],
)
def test_a_broken_perf_does_not_cost_the_result(served: Served, job_id: str, client: str, perf: str | bytes) -> None:
    work_id = checkout(served, client)["wuid"]
    with capturedLogs() as logs:
        reply = served.call("PUT", f"/work/{work_id}?status=done&client={client}", {"perf": perf, "stdout": "out"})
    assert data(reply) == "ok"
    assert [event["work"] for event in logs if "work" in event] == [work_id]
    assert data(served.call("GET", f"/work/{work_id}?report=stdout")) == "out"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("status=done", "This request type requires the client=clientid parameter."),
        (
            "client=c1",
            "This request type requires the status parameter: one of done, fail, failed-permanent, discarded.",
        ),
        (
            "client=c1&status=finished",
            "status must be one of done, fail, failed-permanent, discarded, found: finished",
        ),
        ("client=c1&status=done&computetime=x", "computetime must be a non-negative integer, found: x"),
        (
            "client=c1&status=done&computetime=1000000001",
            "computetime must be at most 1000000000, found: 1000000001",
        ),
        ("client=c1&status=done&attempt=x", "attempt must be a non-negative integer, found: x"),
        ("client=c1&status=done&exitstatus=x", "exitstatus must be an integer, found: x"),
        (
            "client=c1&status=fail&cause=rain",
            f"cause must be one of {', '.join(Cause)}, found: rain",
        ),
        ("client=who&status=done", "Client not found"),
    ],
)
def test_wrong_reports(served: Served, job_id: str, client: str, query: str, text: str) -> None:
    checkout(served, client)
    assert fault(served.call("PUT", f"/work/{job_id}_0_0?{query}")) == text


def test_a_late_report_has_no_effect(served: Served, job_id: str, client: str) -> None:
    other = served.register(id="c2")["id"]
    work_id = checkout(served, client)["wuid"]
    assert data(served.call("PUT", f"/work/{work_id}?status=done&client={other}")) == "ok"
    assert served.call("PUT", f"/work/{work_id}?status=done&client={other}&attempt=1").status == 409
    assert served.call("PUT", f"/work/{work_id}?status=done&client={client}&attempt=9").status == 409
    assert data(served.call("GET", f"/job/{job_id}"))["state"] == "in-progress"


def test_secrets_go_to_the_holder_alone(served: Served, client: str) -> None:
    job = data(served.call("POST", "/job", {"upload": msgspec.json.encode(SECRET)}, headers={"Datatoken": "tok"}))
    work_id = f"{job['id']}_0_0"
    for name in ("datatoken", "privateenv"):
        path = f"/work/{work_id}?{name}&client={client}"
        assert served.call("GET", path).status == 401
        assert not {"Datatoken", "Nodetoken", "Privateenv"} & served.call("GET", path).headers.keys()
    checkout(served, client)
    token = served.call("GET", f"/work/{work_id}?datatoken&client={client}")
    assert (token.headers["Datatoken"], token.json["data"]) == ("tok", None)
    assert token.headers["Nodehost"] == "http://awe.example:8001"
    assert token.headers["Nodetoken"] == f"token of {job['id']}"
    private = served.call("GET", f"/work/{work_id}?privateenv&client={client}")
    assert private.headers["Privateenv"] == '{"K":"ä\\n"}'
    served.register(id="other")
    assert served.call("GET", f"/work/{work_id}?datatoken&client=other").status == 401
    assert fault(served.call("GET", f"/work/{work_id}?datatoken")) == (
        "This request type requires the client=clientid parameter."
    )


def test_logs_that_there_are_none_of(served: Served, job_id: str) -> None:
    assert fault(served.call("GET", f"/work/{job_id}_0_0?report=bogus")) == "log type 'bogus' not found"
    assert fault(served.call("GET", f"/work/{job_id}_0_0?report")) == "log type '' not found"
    assert fault(served.call("GET", f"/work/{job_id}_0_0?report=stdout")) == "log type 'stdout' not found"
    for unknown in (f"{job_id}_0_1", f"{job_id}_1_0"):
        text = fault(served.call("GET", f"/work/{unknown}?report=stdout"))
        assert text == f"no workunit found with id {unknown}"


def test_lists(served: Served, client: str) -> None:
    assert served.call("GET", "/work").body == b'{"status":200,"data":[],"error":null}'
    low = served.submit({**JOB, "info": {"priority": 1}})["id"]
    high = served.submit({**JOB, "info": {"priority": 9}})["id"]
    secret = served.submit(JOB, user="ann")["id"]

    def found(query: str, user: str = "") -> list[str]:
        return [work["jobid"] for work in data(served.call("GET", f"/work?{query}", user=user))]

    assert found("") == [low, high]
    assert set(found("", "ann")) == {low, high, secret}
    assert found(f"jobid={low}") == [low]
    assert found("query&order=info.priority") == [high, low]
    assert found("query&order=info.priority&direction=asc&limit=1&offset=1") == [high]
    checkout(served, client)
    assert found("state=checkout") == [high]
    assert found("state=queued") == [low]
    reply = served.call("GET", "/work?query&limit=1")
    assert (reply.json["limit"], reply.json["offset"], reply.json["total_count"]) == (1, 0, 2)
    for state in ("init", "failed-permanent", "x"):
        assert found(f"state={state}") == []
        reply = served.call("GET", f"/work?query&state={state}")
        assert (data(reply), reply.json["total_count"]) == ([], 0)
    assert "order must be one of" in fault(served.call("GET", "/work?query&order=x"))


def test_one_workunit_is_shown_to_readers_alone(served: Served, client: str) -> None:
    job_id = served.submit(JOB, user="ann")["id"]
    path = f"/work/{job_id}_0_0"
    assert served.call("GET", path, user="ann").status == 200
    assert fault(served.call("GET", path, user="bob")) == f"no workunit found with id {job_id}_0_0"
    served.call("PUT", f"{path}?status=done&client={checkout(served, client)['client']}", {"stdout": "out"})
    assert fault(served.call("GET", f"{path}?report=stdout", user="bob"), 404) == f"job not found: {job_id}"
    assert data(served.call("GET", f"{path}?report=stdout", user="ann")) == "out"


@pytest.mark.parametrize(("method", "path"), [("POST", "/work"), ("DELETE", "/work"), ("DELETE", "/work/a_b_0")])
def test_what_work_does_not_have(served: Served, method: str, path: str) -> None:
    assert fault(served.call(method, path), 501) == "Not Implemented"
